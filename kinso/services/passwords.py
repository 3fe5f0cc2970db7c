"""Password hashes: argon2id with the parameters of RFC 9106, a unique salt each."""

from __future__ import annotations

import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from kinso.models.user import LONGEST_PASSWORD

_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """The encoded hash to store."""
    return _hasher.hash(_as_bytes(password))


def matches(password_hash: str | None, password: str) -> bool:
    """Whether the password belongs to the hash.

    It takes as long when there is no hash or the password is absurdly long, so that timing does not tell which accounts
    exist.
    """
    decoy = _decoy()
    possible = password_hash is not None and len(password) <= LONGEST_PASSWORD
    try:
        return _hasher.verify(password_hash or decoy, _as_bytes(password[:LONGEST_PASSWORD])) and possible
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than those in use now."""
    return _hasher.check_needs_rehash(password_hash)


@cache
def _decoy() -> str:
    return _hasher.hash(b"the password of nobody")


def _as_bytes(password: str) -> bytes:
    # The same characters can be typed composed or decomposed, depending on the keyboard; a lone surrogate in JSON is no
    # reason to fail.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
