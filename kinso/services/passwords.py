"""Which passwords are good enough, and their hashes: argon2id with the parameters of RFC 9106, a unique salt each."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from threading import Lock

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from kinso.errors import FieldError, InvalidInput
from kinso.models.user import LONGEST_PASSWORD

_FEWEST_GUESSES = 1_000_000
_LONGEST_ESTIMATED = 72
_GUESSABLE = "Password is too easy to guess; take a longer one, or a few words that have nothing to do with each other."
_CONTEXT = ("kinso", "customer", "member", "password")

_hasher = PasswordHasher()
_estimating = Lock()
"""The estimator keeps the words of one estimate in a place that all share."""


def refuse_guessable(password: str, *about: str) -> None:
    """Raise `InvalidInput` for the field `password` when someone who tries likely ones first is soon there.

    That is so for the 11,000 most common ones, with or without small changes, and for those made of names, dates, keys
    that lie side by side or the words in `about`: names and addresses of the person and the shop.
    """
    if is_guessable(password, *about):
        raise InvalidInput([FieldError("password", _GUESSABLE)])


def is_guessable(password: str, *about: str) -> bool:
    """Whether `refuse_guessable` would refuse it."""
    parts = [word for text in about for word in re.findall(r"\w+", text) if len(word) > 2]
    words = [*_CONTEXT, *parts, *about, *(re.sub(r"\W", "", text) for text in about)]
    with _estimating:
        estimate = zxcvbn(unicodedata.normalize("NFKC", password)[:_LONGEST_ESTIMATED], user_inputs=words)
    return bool(estimate["guesses"] < _FEWEST_GUESSES)


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
