"""Figures about all customers and all purchases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
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


@dataclass
class PurchaseTotals:
    """`weekdays` are the sales on each day of the week, Mondays first; `revenue` is sales less refunds."""

    weekdays: list[int] = field(default_factory=lambda: [0] * _WEEKDAYS)
    refunds: int = 0
    revenue: Decimal = Decimal("0.00")

    def add(self, day: int, sales: int, refunds: int, revenue: Decimal) -> None:
        """Count in what there was on one day of the week, which is 1 on Mondays."""
        self.weekdays[day - 1] += sales
        self.refunds += refunds
        self.revenue += revenue


class SalesFigureRepository:
    """Counts and sums over the purchases in the ledger, also those of deleted customers."""

    def __init__(self, mirror: FollowingMirror) -> None:
        self._mirror = mirror

    def totals_between(self, boundaries: Sequence[datetime]) -> list[PurchaseTotals]:
        """What counts from each boundary to the next; days are those of the zone of the first."""
        local = _local_time("counts_at", boundaries[0], boundaries[-1])
        sql = f"""
            SELECT {_place("counts_at", boundaries)} AS place, isodow({local}) AS day,
                count(*) FILTER (kind = 'sale'), count(*) FILTER (kind = 'refund'), sum(cents)
            FROM entries WHERE {_PURCHASES} AND {_between("counts_at", boundaries)} GROUP BY place, day"""
        totals = [PurchaseTotals() for _ in boundaries[1:]]
        for number, day, sales, refunds, cents in self._mirror.rows(sql):
            totals[number].add(day, sales, refunds, amount_of(cents))
        return totals

    def buyers_between(self, boundaries: Sequence[datetime]) -> list[tuple[int, int]]:
        """How many different customers bought something from each boundary to the next, and for the first time ever.

        There are fewer than 64 boundaries.
        """
        bought = f"bit_or(CASE WHEN {_between('counts_at', boundaries)} THEN 1::BIGINT << place ELSE 0 END)"
        each = f"""SELECT min(sold_at) AS first, {bought} AS places
            FROM (SELECT customer, sold_at, counts_at, {_place("counts_at", boundaries)} AS place
                FROM entries WHERE {_SALES}) GROUP BY customer"""
        sql = f"SELECT places, {_place('first', boundaries)} AS first_place, count(*) FROM ({each}) GROUP BY ALL"
        buyers, first_ones = ([0] * (len(boundaries) - 1) for _ in range(2))
        for places, first_place, count in self._mirror.rows(sql):
            if first_place is not None:
                first_ones[first_place] += count
            for number in range(len(buyers)):
                buyers[number] += count * (places >> number & 1)
        return list(zip(buyers, first_ones, strict=True))


def _between(column: str, boundaries: Sequence[datetime]) -> str:
    first, last = (f"TIMESTAMP '{utc(each).isoformat(sep=' ')}'" for each in (boundaries[0], boundaries[-1]))
    return f"({column} >= {first} AND {column} < {last})"


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
