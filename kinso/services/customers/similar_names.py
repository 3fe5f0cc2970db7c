"""Which of some names are spelled nearly like the one that was typed."""

from __future__ import annotations

from collections.abc import Iterable

from rapidfuzz import fuzz

from kinso.models.text import fold
from kinso.repository.similar_names import Named

_LIKE_ENOUGH = 72
"""Of 100 in RapidFuzz's ratio, for every word: of five letters, one may be another one."""


def most_similar(typed: str, candidates: Iterable[Named]) -> list[Named]:
    """Those of whose names every typed word is in, nearly as it was typed, the likeliest first."""
    words = fold(typed).replace(",", " ").split()
    scored = ((each, _likeness(words, each.name.split())) for each in candidates)
    return [each for each, _ in sorted(((e, s) for e, s in scored if s), key=lambda pair: -pair[1])]


def _likeness(words: list[str], name: list[str]) -> float:
    """From 0 to 100; 0 where a word is not there at all."""
    best = [max((fuzz.ratio(word, other, score_cutoff=_LIKE_ENOUGH) for other in name), default=0) for word in words]
    return sum(best) / len(best) if best and all(best) else 0
