"""Candidates for a name that nobody has as it was typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from kinso.models.text import fold
from kinso.repository.conditions import Conditions
from kinso.repository.mirror import FollowingMirror

MOST = 60
"""Candidates; these are compared more exactly."""
_MOST_WORDS = 3
_SHORTEST_WORD, _LONGEST_WORD = 3, 30
_BEGINNING = 2
_LONG = 7
"""Letters; the end of a shorter word is its last three, of a longer one its last four."""


class Named(NamedTuple):
    """Somebody with the folded name."""

    key: int
    odd_id: str | None
    name: str


class SimilarNames:
    """Finds names with nearly the words that were typed."""

    def __init__(self, mirror: FollowingMirror) -> None:
        self._mirror = mirror

    def candidates(self, words: Sequence[str]) -> list[Named]:
        """Those whose names have words that begin or end like each of these, the likeliest of them."""
        if not words:
            return []
        asked = Conditions()
        scores = []
        for word in words:
            asked.add(_begins_or_ends_like(asked, word))
            scores.append(_likeness_to(asked.given(word)))
        sql = f"""
            SELECT key, odd_id, name_key FROM customers WHERE {asked}
            ORDER BY {" + ".join(scores)} DESC, name_key, key LIMIT {MOST}"""
        return [Named(*row) for row in self._mirror.rows(sql, **asked.parameters)]


def name_words(text: str) -> list[str]:
    """The words of a name in question, the longest first, folded; none where the text is no name."""
    words = fold(text).replace(",", " ").split()
    if any(not _may_be_in_a_name(word) for word in words):
        return []
    telling = [word for word in dict.fromkeys(words) if _SHORTEST_WORD <= len(word) <= _LONGEST_WORD]
    return sorted(telling, key=len, reverse=True)[:_MOST_WORDS]


def _may_be_in_a_name(word: str) -> bool:
    return not any(character.isdigit() or character in "@/\\+" for character in word)


def _begins_or_ends_like(asked: Conditions, word: str) -> str:
    """Hardly anybody errs at both ends of a word."""
    end = word[-4:] if len(word) >= _LONG else word[-3:]
    beginning, after_a_space = asked.given(word[:_BEGINNING]), asked.given(f" {word[:_BEGINNING]}")
    ways = (
        f"contains(name_key, {asked.given(end)})",
        f"starts_with(name_key, {beginning})",
        f"contains(name_key, {after_a_space})",
    )
    return " OR ".join(ways)


def _likeness_to(word: str) -> str:
    """That of the likeliest word of a name."""
    return f"list_max([jaro_winkler_similarity(w, {word}) for w in string_split(name_key, ' ')])"
