"""Aggregated figures about customers and purchases."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate, pairwise
from typing import Any

from pymongo import DESCENDING
from pymongo.database import Database

from kinso.models.insights import AmountBin
from kinso.models.money import read_stored_amount
from kinso.models.purchases import PURCHASE_KINDS
from kinso.repository.documents import Document

_COUNT_AND_SUM = {"count": {"$sum": 1}, "sum": {"$sum": "$purchaseAmount"}}


class FigureRepository:
    """Counts and sums over all customers."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._customers = database["customers"]

    def totals(self) -> dict[bool, tuple[int, Decimal]]:
        """Number of customers and sum of their purchase amounts, for members (True) and non-members (False)."""
        totals = {True: (0, Decimal("0.00")), False: (0, Decimal("0.00"))}
        for row in self._aggregate({"$group": {"_id": "$membershipStatus", **_COUNT_AND_SUM}}):
            # Another application that writes meanwhile may leave the status out.
            count, total = totals[row["_id"] is True]
            totals[row["_id"] is True] = (count + row["count"], total + read_stored_amount(row["sum"]))
        return totals

    def created_since(self, moment: datetime) -> int:
        """Customers registered at or after `moment`."""
        return self._customers.count_documents({"createdAt": {"$gte": moment}})

    def created_between(self, boundaries: Sequence[datetime]) -> list[tuple[int, int]]:
        """Members and non-members registered from each boundary to the next; one pair less than boundaries."""
        return [self._count_between("createdAt", start, end) for start, end in pairwise(boundaries)]

    def distribution(self, boundaries: Sequence[Decimal]) -> list[AmountBin]:
        """Members and non-members by purchase amount from each boundary to the next."""
        bins = []
        for lower, upper in pairwise(boundaries):
            members, non_members = self._count_between("purchaseAmount", float(lower), float(upper))
            bins.append(AmountBin(lower=lower, upper=upper, members=members, non_members=non_members))
        return bins

    def amount_with_above(self, number: int) -> Decimal:
        """The purchase amount that at most `number` customers exceed; 0 when there are no more customers than that."""
        found = self._customers.find({}, {"purchaseAmount": True}).sort("purchaseAmount", DESCENDING)
        rows = list(found.skip(number).limit(1))
        return read_stored_amount(rows[0].get("purchaseAmount")) if rows else Decimal("0.00")

    def _count_between(self, field: str, start: Any, end: Any) -> tuple[int, int]:
        # Counting an index range is several times quicker than sorting every customer into buckets.
        matches = ({"membershipStatus": status, field: {"$gte": start, "$lt": end}} for status in (True, False))
        members, non_members = (self._customers.count_documents(match) for match in matches)
        return members, non_members

    def _aggregate(self, *stages: dict[str, Any]) -> list[dict[str, Any]]:
        return list(self._customers.aggregate(list(stages)))


_WEEKDAYS = 7
_COUNTED: Document = {"void": False}
_OF_THE_DELETED: Document = {"trashed": True, "revenueOnly": True}
_BOTH = (_COUNTED, _OF_THE_DELETED)


class SalesFigureRepository:
    """Counts and sums over the purchases in the ledger, also those of deleted customers."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._entries = database["sales"]

    def total_between(self, start: datetime, end: datetime) -> tuple[int, Decimal]:
        """How many sales and refunds count from `start` up to but not including `end`, and the revenue of them."""
        total = {"$group": {"_id": None, "count": {"$sum": 1}, "sum": {"$sum": "$amount"}}}
        rows = [
            row for part in _BOTH for row in self._entries.aggregate([{"$match": _between(part, start, end)}, total])
        ]
        return sum(row["count"] for row in rows), sum((read_stored_amount(row["sum"]) for row in rows), Decimal("0.00"))

    def weekdays_between(self, start: datetime, end: datetime) -> list[int]:
        """How many sales there were on each day of the week, Mondays first; days begin when one does at `start`."""
        counts = [0] * _WEEKDAYS
        for sale in self._entries.find(_sold(_OF_THE_DELETED, start, end), {"_id": False, "countsAt": True}):
            counts[sale["countsAt"].astimezone(start.tzinfo).weekday()] += 1
        # Counted by day, because MongoDB does not know every time zone that Python knows.
        while start < end:
            next_day = start + timedelta(days=1)
            counts[start.weekday()] += self._entries.count_documents(_sold(_COUNTED, start, min(next_day, end)))
            start = next_day
        return counts

    def buyers_between(self, start: datetime, end: datetime) -> int:
        """How many different customers bought something."""
        # Adding something up keeps MongoDB from skipping through all customers there are in another index.
        per_customer = {"$group": {"_id": "$customer", "sales": {"$sum": 1}}}
        stages: list[dict[str, Any]] = [per_customer, {"$count": "count"}]
        found = (self._entries.aggregate([{"$match": _sold(part, start, end)}, *stages]) for part in _BOTH)
        return sum(int(row["count"]) for rows in found for row in rows)

    def first_buyers_between(self, boundaries: Sequence[datetime]) -> list[int]:
        """How many customers bought for the first time ever from each boundary to the next; one less than those."""
        # Sorted like an index, whose entries are skipped from one customer to the next.
        stages: list[dict[str, Any]] = [
            {"$sort": {"customer": 1, "soldAt": 1}},
            {"$group": {"_id": "$customer", "first": {"$first": "$soldAt"}}},
            {"$match": {"first": {"$gte": boundaries[0], "$lt": boundaries[-1]}}},
            {"$bucket": {"groupBy": "$first", "boundaries": list(boundaries), "output": {"count": {"$sum": 1}}}},
        ]
        counts: Counter[datetime] = Counter()
        for part in _BOTH:
            match = {"$match": {**part, "kind": "sale"}}
            for row in self._entries.aggregate([match, *stages], allowDiskUse=True):
                counts[row["_id"]] += row["count"]
        return [counts[start] for start, _ in pairwise(boundaries)]


def _between(part: Document, start: datetime, end: datetime) -> dict[str, Any]:
    return {**part, "kind": {"$in": list(PURCHASE_KINDS)}, "countsAt": {"$gte": start, "$lt": end}}


def _sold(part: Document, start: datetime, end: datetime) -> dict[str, Any]:
    return {**_between(part, start, end), "kind": "sale"}


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
