"""Which passwords are good enough, and their hashes: argon2id with the parameters of RFC 9106, each with a salt."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from threading import Lock

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from kinso.errors import FieldError, InvalidInput
from kinso.models.accounts import LONGEST_PASSWORD

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


_OF_KINSO = ("kinso", "customer", "member", "password")
_OF_THE_CALENDAR = (
    *("spring", "summer", "autumn", "winter", "season"),
    *(
        "january",
        "february",
        "march",
        "april",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ),
    *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "today", "year"),
)
_ELSEWHERE = (
    "passwort kennwort kunde mitglied frühling sommer herbst januar februar märz juni juli oktober dezember"
    " montag dienstag mittwoch donnerstag freitag samstag sonntag",
    "motdepasse client membre printemps automne hiver janvier février mars avril juin juillet août septembre"
    " octobre novembre décembre lundi mardi mercredi jeudi vendredi samedi dimanche",
    "contraseña cliente miembro primavera verano otoño invierno enero febrero marzo abril mayo junio julio agosto"
    " septiembre octubre noviembre diciembre lunes martes miércoles jueves viernes sábado domingo",
    "senha membro outono inverno estate autunno",
)
"""The same in German, French and Spanish, and the seasons in Portuguese and Italian."""
_SHORTEST = 3
_LOOKALIKES = str.maketrans("@$!034578", "asioeastb")
_ONE = {ord("1"): "i"}, {ord("1"): "l"}
_YEAR = re.compile(r"(?:19|20)\d\d")


def words_of_context(about: Iterable[str]) -> list[str]:
    """The words of the person and the shop that `about` tells of, and those of every shop."""
    texts = list(about)
    parts = [word for text in texts for word in re.findall(r"[^\W_]+", text) if len(word) >= _SHORTEST]
    joined = [re.sub(r"[\W_]", "", text) for text in texts]
    return list(dict.fromkeys([*_OF_KINSO, *parts, *texts, *joined]))


def without_words(password: str, words: Iterable[str]) -> str | None:
    """What is left without these words, those of the calendar, years and decoration; None when it holds no such word.

    Letter case, accents and figures that stand for letters make no difference, nor does the direction.
    """
    bare = _bare(password)
    readings = [bare, *(bare.translate(_LOOKALIKES).translate(one) for one in _ONE)]
    looked_for = {
        _bare(word) for word in (*words, *_OF_THE_CALENDAR, *" ".join(_ELSEWHERE).split()) if len(word) >= _SHORTEST
    }
    taken = {
        place
        for reading in readings
        for word in looked_for
        for each in (word, word[::-1])
        for start in _places(reading, each)
        for place in range(start, start + len(word))
    }
    if not taken:
        return None
    left = "".join(character for place, character in enumerate(bare) if place not in taken)
    return "".join(filter(str.isalnum, _YEAR.sub("", left)))


def _places(text: str, word: str) -> Iterable[int]:
    return (found.start() for found in re.finditer(f"(?={re.escape(word)})", text))


def _bare(text: str) -> str:
    """Small letters without accents, one for each character."""
    return "".join(unicodedata.normalize("NFKD", character)[0].lower()[0] for character in text)
