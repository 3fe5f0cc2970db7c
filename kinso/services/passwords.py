"""Which passwords are good enough, and their hashes: argon2id with the parameters of RFC 9106, a unique salt each."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache
from threading import Lock

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from kinso.errors import FieldError, InvalidInput
from kinso.models.accounts import LONGEST_PASSWORD
from kinso.services.password_words import without_words, words_of_context

_FEWEST_GUESSES = 10_000_000
_FEWEST_LETTERS, _FEWEST_WITHOUT_WORDS = 3, 100_000
"""What is left besides the words of the context holds another word, or is worth something by itself."""
_LONGEST_ESTIMATED = 72
_ADVICE = "take a longer one, or a few words that have nothing to do with each other."
_COMMON = f"Password is too easy to guess; {_ADVICE}"
_OF_CONTEXT = (
    f"Password is too easy to guess: it is little but names of yours or the shop's, seasons or years; {_ADVICE}"
)

_hasher = PasswordHasher()
_estimating = Lock()
"""The estimator keeps the words of one estimate in a place that all share."""


def refuse_guessable(password: str, *about: str) -> None:
    """Raise `InvalidInput` for the field `password` when someone who tries likely ones first is soon there.

    That is so for the 11,000 most common ones, with or without small changes, for two common words in a row, for those
    made of names, dates or keys that lie side by side, and for those that consist of little else than the words in
    `about` (names and addresses of the person and the shop), months, seasons and years.
    """
    if sentence := _weakness(password, about):
        raise InvalidInput([FieldError("password", sentence)])


def is_guessable(password: str, *about: str) -> bool:
    """Whether `refuse_guessable` would refuse it."""
    return bool(_weakness(password, about))


def _weakness(password: str, about: Sequence[str]) -> str:
    typed, words = unicodedata.normalize("NFKC", password), words_of_context(about)
    left = without_words(typed, words)
    is_little = left is not None and sum(map(str.isalpha, left)) < _FEWEST_LETTERS
    if is_little and (not left or _guesses(left, []) < _FEWEST_WITHOUT_WORDS):
        return _OF_CONTEXT
    return _COMMON if _guesses(typed, words) < _FEWEST_GUESSES else ""


def _guesses(password: str, words: Sequence[str]) -> float:
    with _estimating:
        return float(zxcvbn(password[:_LONGEST_ESTIMATED], user_inputs=list(words))["guesses"])


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
