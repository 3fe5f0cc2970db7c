"""Customers by what counts for membership: as it is stored with them, or as the ledger tells it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from kinso.mirror.mirror import Answer, Row
from kinso.models.insights import AmountBin
from kinso.models.membership import DecidedBy, Rule, Spender, SpenderGroup, ThresholdPoint
from kinso.repository.customers_search import CustomerLists
from kinso.repository.mirror import FollowingMirror
from kinso.repository.mirrored import bucket, id_of, key_of
from kinso.repository.rule_amounts import ELIGIBLE, amounts, everyone, measured_or_not, units

GROUPS: Mapping[SpenderGroup, str] = {
    "eligible": ELIGIBLE,
    "excluded": "NOT membership_status AND excluded",
    "members": "membership_status",
}
_UNDER_THE_RULE = "(membership_status OR NOT excluded)"


@dataclass(frozen=True)
class BelowTotals:
    """How many members are below a threshold, and what they spent together."""

    count: int
    total: Decimal


class SpenderRepository:
    """Customers by what counts for a rule; every method takes and gives amounts of its basis."""

    def __init__(self, mirror: FollowingMirror, customers: CustomerLists, rule: Rule) -> None:
        self._mirror = mirror
        self._customers = customers
        self._rule = rule
        self._unit = rule.basis.unit
        self._answer: Answer | None = None
        self._amounts = amounts(rule)
        self._everyone = everyone(rule)

    @contextmanager
    def at_once(self) -> Iterator[SpenderRepository]:
        """The same for several questions about one moment, for all of which the ledger is added up once."""
        with self._mirror.together() as answer:
            spenders = SpenderRepository(self._mirror, self._customers, self._rule)
            spenders._answer = answer
            if self._rule.basis.measure is not None:
                answer(f"CREATE TEMP TABLE spenders AS {measured_or_not(self._rule)}", {})
                spenders._amounts = "SELECT * FROM spenders WHERE amount IS NOT NULL"
                spenders._everyone = "SELECT * REPLACE (coalesce(amount, 0) AS amount) FROM spenders"
            yield spenders

    def totals(
        self, group: SpenderGroup, *, at_or_above: Decimal | None = None, below: Decimal | None = None
    ) -> tuple[int, Decimal]:
        """How many of a group spent an amount within these bounds, and how much together."""
        where = self._within(group, at_or_above, below)
        [(count, total)] = self._rows(f"SELECT count(*), sum(amount) FROM ({self._amounts}) WHERE {where}")
        return count, self._amount(total)

    def largest(
        self, group: SpenderGroup, *, at_or_above: Decimal | None = None, below: Decimal | None = None, limit: int
    ) -> list[Spender]:
        """The largest spenders of a group within these bounds, the largest first."""
        where = self._within(group, at_or_above, below)
        sql = f"""
            SELECT key, odd_id, amount FROM ({self._amounts})
            WHERE {where} ORDER BY amount DESC, key DESC LIMIT {limit}"""
        return [Spender(customer, self._amount(amount)) for customer, amount in self._with_customers(self._rows(sql))]

    def versions(self, group: SpenderGroup, *, at_or_above: Decimal) -> dict[str, int]:
        """Those of a group who are at or above an amount, the largest first, with their versions."""
        where = self._within(group, at_or_above, None)
        rows = self._rows(
            f"SELECT key, odd_id, version FROM ({self._amounts}) WHERE {where} ORDER BY amount DESC, key DESC"
        )
        return {id_of(key, odd_id): version for key, odd_id, version in rows}

    def count_members_below(self, threshold: Decimal) -> int:
        """How many members are below a threshold, also those who spent nothing."""
        sql = f"SELECT count(*) FROM ({self._everyone}) WHERE membership_status AND amount < {self._units(threshold)}"
        [(count,)] = self._rows(sql)
        return int(count)

    def members_below(self, threshold: Decimal) -> dict[DecidedBy | None, BelowTotals]:
        """The same with what they spent, by who or what made them members; None where that is not known."""
        rows = self._rows(f"SELECT begun_by, count(*), sum(amount) FROM ({self._below(threshold)}) GROUP BY ALL")
        return {begun_by: BelowTotals(count, self._amount(total)) for begun_by, count, total in rows}

    def smallest_members(self, threshold: Decimal, begun_by: Collection[DecidedBy], *, limit: int) -> list[Spender]:
        """The smallest spenders of those members below a threshold whom one of these made so, the smallest first."""
        sql = f"""
            SELECT key, odd_id, amount, begun_by FROM ({self._below(threshold)})
            WHERE begun_by IN $begun_by ORDER BY amount, key LIMIT {limit}"""
        found = self._with_customers(self._rows(sql, begun_by=list(begun_by)))
        return [Spender(customer, self._amount(amount), by) for customer, amount, by in found]

    def versions_of_members_below(self, threshold: Decimal, begun_by: Collection[DecidedBy]) -> dict[str, int]:
        """All of these members, the smallest spenders first, with their versions."""
        sql = f"""
            SELECT key, odd_id, version FROM ({self._below(threshold)})
            WHERE begun_by IN $begun_by ORDER BY amount, key"""
        return {id_of(key, odd): version for key, odd, version in self._rows(sql, begun_by=list(begun_by))}

    def curve(self, width: Decimal, points: int) -> list[ThresholdPoint]:
        """What the first multiples of `width` would mean as the threshold; who is excluded is left out."""
        step = self._units(width)
        sql = f"""
            SELECT least(amount // {step}, {points}) AS place, count(*), sum(amount) FROM ({self._amounts})
            WHERE {_UNDER_THE_RULE} AND amount >= {step} GROUP BY place"""
        counts, totals = [0] * (points + 1), [0] * (points + 1)
        for place, count, total in self._rows(sql):
            counts[place], totals[place] = count, total
        return [
            ThresholdPoint(width * place, sum(counts[place:]), self._amount(sum(totals[place:])))
            for place in range(1, points + 1)
        ]

    def distribution(self, boundaries: Sequence[Decimal]) -> list[AmountBin]:
        """Members and non-members by what they spent, from each boundary to the next.

        Only damaged data adds up to less than nothing; whoever has that is among those who spent nothing.
        """
        place = bucket("greatest(amount, 0)", list(map(self._units, boundaries)))
        sql = f"SELECT {place} AS place, membership_status, count(*) FROM ({self._everyone}) GROUP BY ALL"
        counts = {(number, status): count for number, status, count in self._rows(sql)}
        return [
            AmountBin(
                lower=lower,
                upper=upper,
                members=counts.get((number, True), 0),
                non_members=counts.get((number, False), 0),
            )
            for number, (lower, upper) in enumerate(pairwise(boundaries))
        ]

    def amount_with_above(self, number: int) -> Decimal:
        """The amount that at most `number` customers exceed; 0 when there are no more customers than that."""
        sql = f"SELECT amount FROM ({self._amounts}) ORDER BY amount DESC LIMIT 1 OFFSET $number"
        rows = self._rows(sql, number=number)
        return self._amount(rows[0][0] if rows else 0)

    def _rows(self, sql: str, **parameters: Any) -> list[Row]:
        return self._answer(sql, parameters) if self._answer else self._mirror.rows(sql, **parameters)

    def _with_customers(self, rows: Sequence[Row]) -> Iterator[tuple[Any, ...]]:
        """Rows that begin with a key and an odd id, with the customer instead of these; who is gone is left out."""
        found = {key_of(each.id): each for each in self._customers.by_keys([(key, odd) for key, odd, *_ in rows])}
        return ((found[key], *others) for key, _, *others in rows if key in found)

    def _below(self, threshold: Decimal) -> str:
        return f"""
            SELECT everyone.*, memberships.begun_by FROM ({self._everyone}) AS everyone
            LEFT JOIN memberships ON memberships.customer = everyone.key AND memberships.until IS NULL
            WHERE membership_status AND amount < {self._units(threshold)}"""

    def _within(self, group: SpenderGroup, at_or_above: Decimal | None, below: Decimal | None) -> str:
        bounds = [
            f"amount {sign} {self._units(each)}"
            for sign, each in ((">=", at_or_above), ("<", below))
            if each is not None
        ]
        return " AND ".join([GROUPS[group], *bounds])

    def _units(self, amount: Decimal) -> int:
        return units(self._rule.basis, amount)

    def _amount(self, units: Any) -> Decimal:
        return int(units or 0) * self._unit.smallest
