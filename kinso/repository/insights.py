"""Figures about all customers and all purchases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from kinso.models.insights import AmountBin
from kinso.models.times import offsets_between
from kinso.repository.mirror import FollowingMirror
from kinso.repository.mirrored import amount_of, bucket, cents_of, utc


class FigureRepository:
    """Counts and sums over all customers."""

    def __init__(self, mirror: FollowingMirror) -> None:
        self._mirror = mirror

    def count(self) -> int:
        """How many customers there are."""
        [(count,)] = self._mirror.rows("SELECT count(*) FROM customers")
        return int(count)

    def totals(self) -> dict[bool, tuple[int, Decimal]]:
        """Number of customers and sum of their purchase amounts, for members (True) and non-members (False)."""
        rows = self._mirror.rows("SELECT membership_status, count(*), sum(purchase_amount) FROM customers GROUP BY ALL")
        nobody = dict.fromkeys((True, False), (0, Decimal("0.00")))
        return {**nobody, **{status: (count, amount_of(cents)) for status, count, cents in rows}}

    def created_since(self, moment: datetime) -> int:
        """Customers registered at or after `moment`."""
        [(count,)] = self._mirror.rows("SELECT count(*) FROM customers WHERE created_at >= $moment", moment=utc(moment))
        return int(count)

    def created_between(self, boundaries: Sequence[datetime]) -> list[tuple[int, int]]:
        """Members and non-members registered from each boundary to the next; one pair less than boundaries."""
        return self._count_between("created_at", list(map(utc, boundaries)))

    def distribution(self, boundaries: Sequence[Decimal]) -> list[AmountBin]:
        """Members and non-members by purchase amount from each boundary to the next."""
        counts = self._count_between("purchase_amount", list(map(cents_of, boundaries)))
        return [
            AmountBin(lower=lower, upper=upper, members=members, non_members=non_members)
            for lower, upper, (members, non_members) in zip(boundaries[:-1], boundaries[1:], counts, strict=True)
        ]

    def amount_with_above(self, number: int) -> Decimal:
        """The purchase amount that at most `number` customers exceed; 0 when there are no more customers than that."""
        ranked = "SELECT purchase_amount FROM customers ORDER BY purchase_amount DESC LIMIT 1 OFFSET $number"
        rows = self._mirror.rows(ranked, number=number)
        return amount_of(rows[0][0]) if rows else Decimal("0.00")

    def _count_between(self, column: str, boundaries: Sequence[datetime] | Sequence[int]) -> list[tuple[int, int]]:
        place = bucket(column, boundaries)
        sql = f"SELECT {place}, membership_status, count(*) FROM customers WHERE {place} IS NOT NULL GROUP BY ALL"
        counts = {(number, status): count for number, status, count in self._mirror.rows(sql)}
        places = range(len(boundaries) - 1)
        return [(counts.get((number, True), 0), counts.get((number, False), 0)) for number in places]


_WEEKDAYS = 7
_COUNTED = "(counts OR (trashed AND revenue_only))"
"""Also what deleted customers bought, as far as it stays in the revenue."""
_PURCHASES = f"kind IN ('sale', 'refund') AND {_COUNTED}"
_SALES = f"kind = 'sale' AND {_COUNTED}"


class SalesFigureRepository:
    """Counts and sums over the purchases in the ledger, also those of deleted customers."""

    def __init__(self, mirror: FollowingMirror) -> None:
        self._mirror = mirror

    def totals_between(self, boundaries: Sequence[datetime]) -> list[tuple[int, Decimal]]:
        """How many sales and refunds count from each boundary to the next, and the revenue of them."""
        place = _place("counts_at", boundaries)
        sql = f"SELECT {place} AS place, count(*), sum(cents) FROM entries WHERE {_PURCHASES} GROUP BY place"
        found = {number: (count, amount_of(cents)) for number, count, cents in self._mirror.rows(sql)}
        return [found.get(number, (0, Decimal("0.00"))) for number in range(len(boundaries) - 1)]

    def weekdays_between(self, boundaries: Sequence[datetime]) -> list[list[int]]:
        """How many sales there were on each day of the week, Mondays first; days are those of the zone of the first."""
        start, end = boundaries[0], boundaries[-1]
        place, local = _place("counts_at", boundaries), _local_time("counts_at", start, end)
        sql = f"""SELECT {place} AS place, isodow({local}) AS day, count(*) FROM entries
            WHERE {_SALES} AND place IS NOT NULL GROUP BY place, day"""
        counts = [[0] * _WEEKDAYS for _ in boundaries[1:]]
        for number, day, count in self._mirror.rows(sql):
            counts[number][day - 1] = count
        return counts

    def buyers_between(self, boundaries: Sequence[datetime]) -> list[int]:
        """How many different customers bought something from each boundary to the next."""
        place = _place("counts_at", boundaries)
        sql = f"SELECT {place} AS place, count(DISTINCT customer) FROM entries WHERE {_SALES} GROUP BY place"
        return self._counts(sql, boundaries)

    def first_buyers_between(self, boundaries: Sequence[datetime]) -> list[int]:
        """How many customers bought for the first time ever from each boundary to the next."""
        first = f"SELECT min(sold_at) AS first FROM entries WHERE {_SALES} GROUP BY customer"
        sql = f"SELECT {_place('first', boundaries)} AS place, count(*) FROM ({first}) GROUP BY place"
        return self._counts(sql, boundaries)

    def _counts(self, sql: str, boundaries: Sequence[datetime]) -> list[int]:
        found: dict[int | None, int] = dict(self._mirror.rows(sql))
        return [found.get(number, 0) for number in range(len(boundaries) - 1)]


def _place(column: str, boundaries: Sequence[datetime]) -> str:
    return bucket(column, list(map(utc, boundaries)))


def _local_time(column: str, start: datetime, end: datetime) -> str:
    """A moment by the clock of the zone of `start`. DuckDB does not know every time zone that Python knows."""
    (_, first), *others = offsets_between(start, end)
    shifts = "".join(
        f" WHEN {column} >= TIMESTAMP '{utc(moment).isoformat(sep=' ')}' THEN to_seconds({offset})"
        for moment, offset in reversed(others)
    )
    return f"{column} + {f'CASE{shifts} ELSE to_seconds({first}) END' if shifts else f'to_seconds({first})'}"
