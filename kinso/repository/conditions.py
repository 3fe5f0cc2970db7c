"""What somebody looks for, as conditions on the customers in the mirror."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from kinso.database.search import names_in_any_order, number_keys, words_of
from kinso.models.phones import looks_like_a_number, parts_of_number
from kinso.models.text import fold, id_key

WHOLE_ID, SOMEWHERE = 0, 5


class Conditions:
    """What is asked for, as one condition on customers, and the parameters in it."""

    def __init__(self) -> None:
        self.parameters: dict[str, Any] = {}
        self._parts: list[str] = []

    def __str__(self) -> str:
        return _all(self._parts)

    def add(self, part: str) -> None:
        """Ask for one more thing."""
        self._parts.append(part)

    def given(self, value: Any) -> str:
        """A value as it stands in a condition."""
        name = f"p{len(self.parameters)}"
        self.parameters[name] = value
        return f"${name}"


def searched_for(asked: Conditions, text: str, country: str) -> str:
    """Of whom a searched field contains `text`, or all of its words in any order, each at the beginning of a word.

    A phone number, or a part of one, is found in whatever notation it was typed or is stored.
    """

    def written(part: str) -> str:
        if looks_like_a_number(part):
            return " OR ".join(_with_number(asked, part, country, also=[fold(part)]))
        return f"contains(searched, {asked.given(fold(part))})"

    if looks_like_a_number(text):
        return written(text)
    words = words_of(text)
    numbers = [written(word) for word in words if looks_like_a_number(word)]
    return _in_any_order(asked, "searched", written(text), [w for w in words if not looks_like_a_number(w)], numbers)


def named(asked: Conditions, text: str) -> str:
    """Whose name contains `text`, or all of its words in any order."""
    return _in_any_order(asked, "name_key", f"contains(name_key, {asked.given(fold(text))})", words_of(text), [])


def fit_of(asked: Conditions, text: str, country: str) -> str:
    """How well somebody fits: `WHOLE_ID` at best, then by a number, then by how ID, name or contact begins."""
    begins = [f"starts_with(name_key, {asked.given(name)})" for name in names_in_any_order(text)]
    numbers = _with_number(asked, text, country) if looks_like_a_number(text) else []
    ways = [
        f"id_key = {asked.given(id_key(text))}",
        " OR ".join(numbers),
        f"starts_with(id_key, {asked.given(id_key(text))})",
        " OR ".join(begins),
        f"starts_with(contact_key, {asked.given(fold(text))})",
    ]
    # The last place is that of whoever only has the text somewhere.
    cases = " ".join(f"WHEN {way} THEN {place}" for place, way in enumerate(ways) if way)
    return f"CASE {cases} ELSE {SOMEWHERE} END"


def _with_number(asked: Conditions, text: str, country: str, *, also: Iterable[str] = ()) -> list[str]:
    parts = {*also, *(part for part in parts_of_number(text, country) if part != fold(text))}
    # Whoever has one that contains another one has that one, too.
    shortest = sorted(part for part in parts if not any(other in part for other in parts - {part}))
    ways = [f"contains(searched, {asked.given(part)})" for part in shortest]
    if keys := number_keys(text, country):
        hashes = ", ".join(f"hash({asked.given(key)}::VARCHAR)" for key in keys)
        ways.append(f"key IN (SELECT customer FROM customer_keys WHERE hash IN ({hashes}))")
    return ways


def _in_any_order(asked: Conditions, column: str, literally: str, words: list[str], numbers: list[str]) -> str:
    """Who has the text literally, or all of its words and numbers; every word rules out almost everybody quickly."""
    if len(words) + len(numbers) < 2:
        return " OR ".join([literally, *numbers])
    needed = [f"contains({column}, {asked.given(word)})" for word in words]
    begun = [f"regexp_matches({column}, {asked.given(_beginning(word))})" for word in words]
    return _all([*needed, *numbers, f"({literally}) OR ({_all(begun)})"])


def _all(conditions: Iterable[str]) -> str:
    return " AND ".join(f"({condition})" for condition in conditions) or "true"


def _beginning(word: str) -> str:
    """A pattern for a word that begins like this, perhaps after a quote or a bracket."""
    return rf"(?:^|[\s'(\[]){re.escape(word)}"
