"""Proposing the ID of the next customer, in the shop's own pattern."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median_low

from kinso.models.accounts import Actor, Permission
from kinso.models.folding import id_key
from kinso.repository.store import Store
from kinso.services.permissions import use_case

_NUMBERED = re.compile(r"(.*?)(\d{1,18})(\D*)")
_RECENT = 200
_LONGEST_ID = 64
_FAR = 1000
_TIMES_AS_FAR = 50
"""A number that is further above all others than that many usual gaps, and than `_FAR`, was made up."""
_LARGEST_GAP = 100_000
"""Numbers that usually lie further apart count nobody: telephone numbers, for example."""
_TRIES = (20, 200, 2000)


@dataclass(frozen=True)
class _Pattern:
    """Everything of an ID but its number; `width` is that of numbers with leading zeros."""

    start: str
    end: str
    width: int

    def filled(self, number: int) -> str:
        return f"{self.start}{number:0{self.width}d}{self.end}"


_FIRST = _Pattern("C-", "", 4)


@use_case(Permission.CREATE)
def propose_customer_id(store: Store, actor: Actor) -> str:
    """A free ID after the highest in the pattern that most of the recent ones have; C-0001 in an empty shop."""
    return next_customer_id(store)


def next_customer_id(store: Store) -> str:
    """The same for a use case that demanded its permission already; within a transaction, free until its end."""
    pattern, numbers = _pattern_of(store.customers.recent_ids(limit=_RECENT))
    far = max(_FAR, _TIMES_AS_FAR * _usual_gap(numbers))
    near = [number for below, number in pairwise(numbers) if number - below <= far]
    highest = near[-1] if near else numbers[-1]
    stored = store.customers.highest_number_like(pattern.filled(highest))
    if highest < stored <= highest + far:
        highest = stored
    return _first_free(store, pattern, highest) or _first_free(store, _FIRST, 0) or ""


def _pattern_of(recent: Iterable[str]) -> tuple[_Pattern, Sequence[int]]:
    """The pattern that most have, and the numbers in it in their order."""
    numbered = [match.groups() for each in recent if (match := _NUMBERED.fullmatch(each))]
    ways = Counter((id_key(start), id_key(end)) for start, _, end in numbered)
    for way, _count in ways.most_common(1):
        alike = [(start, digits, end) for start, digits, end in numbered if (id_key(start), id_key(end)) == way]
        numbers = sorted({int(digits) for _, digits, _ in alike})
        if _usual_gap(numbers) <= _LARGEST_GAP:
            start, _, end = alike[0]
            padded = [len(digits) for _, digits, _ in alike if digits.startswith("0")]
            return _Pattern(start, end, max(padded, default=1)), numbers
    return _FIRST, [0]


def _usual_gap(numbers: Sequence[int]) -> int:
    """How far two that follow each other lie apart, in the middle of all."""
    return median_low(above - below for below, above in pairwise(numbers)) if len(numbers) > 1 else 0


def _first_free(store: Store, pattern: _Pattern, after: int) -> str | None:
    for count in _TRIES:
        following = [pattern.filled(after + step) for step in range(1, count + 1)]
        taken = store.customers.get_by_customer_ids(following)
        in_trash = store.trash.holding_ids(following)
        for each in following:
            if len(each) <= _LONGEST_ID and each not in taken and id_key(each) not in in_trash:
                return each
        after += count
    return None
