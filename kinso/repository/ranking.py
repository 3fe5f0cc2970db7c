"""Customers in the order of what they spent, kept in memory."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import accumulate


class Ranking:
    """Answers how many spent how much, and who, without asking the database."""

    def __init__(self, rows: Iterable[tuple[Decimal, str]]) -> None:
        """`rows` are amounts with the `_id`s of customers, in any order."""
        ordered = sorted((int(amount * 100), id) for amount, id in rows)
        self._cents = [cents for cents, _ in ordered]
        self._ids = [id for _, id in ordered]
        self._sums = [0, *accumulate(self._cents)]

    def __len__(self) -> int:
        return len(self._ids)

    def totals(self, *, at_or_above: Decimal | None = None, below: Decimal | None = None) -> tuple[int, Decimal]:
        """How many spent an amount within these bounds, and how much together."""
        start, end = self._bounds(at_or_above, below)
        return end - start, Decimal(self._sums[end] - self._sums[start]) / 100

    def largest(
        self, *, at_or_above: Decimal | None = None, below: Decimal | None = None, limit: int | None = None
    ) -> Sequence[tuple[str, Decimal]]:
        """Who spent an amount within these bounds, the largest spenders first; without `limit` all of them."""
        start, end = self._bounds(at_or_above, below)
        first = start if limit is None else max(start, end - limit)
        places = range(end - 1, first - 1, -1)
        return [(self._ids[place], Decimal(self._cents[place]) / 100) for place in places]

    def amount_with_above(self, number: int) -> Decimal:
        """The amount that at most `number` customers exceed; 0 when there are no more customers than that."""
        return Decimal(self._cents[-1 - number]) / 100 if number < len(self._cents) else Decimal("0.00")

    def _bounds(self, at_or_above: Decimal | None, below: Decimal | None) -> tuple[int, int]:
        start = 0 if at_or_above is None else bisect_left(self._cents, int(at_or_above * 100))
        end = len(self._cents) if below is None else bisect_left(self._cents, int(below * 100))
        return start, max(start, end)
