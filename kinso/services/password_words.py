"""What is left of a password without the words that anybody would think of here."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

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
