"""Figures about what the shop took, from indexes that hold everything they need.

What deleted customers bought stays in them, so each figure adds up what counts and what counts for the revenue only:
the two are of different customers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from pymongo.database import Database

from kinso.models.money import read_stored_amount
from kinso.models.purchases import PURCHASES
from kinso.repository.documents import Document

_WEEKDAYS = 7
_COUNTED: Document = {"void": False}
_OF_THE_DELETED: Document = {"trashed": True, "revenueOnly": True}
_BOTH = (_COUNTED, _OF_THE_DELETED)


class SalesFigureRepository:
    """Counts and sums over the purchases in the ledger, also those of deleted customers."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._sales = database["sales"]

    def total_between(self, start: datetime, end: datetime) -> tuple[int, Decimal]:
        """How many sales and refunds count from `start` up to but not including `end`, and the revenue of them."""
        total = {"$group": {"_id": None, "count": {"$sum": 1}, "sum": {"$sum": "$amount"}}}
        rows = [row for part in _BOTH for row in self._sales.aggregate([{"$match": _between(part, start, end)}, total])]
        return sum(row["count"] for row in rows), sum((read_stored_amount(row["sum"]) for row in rows), Decimal("0.00"))

    def weekdays_between(self, start: datetime, end: datetime) -> list[int]:
        """How many sales there were on each day of the week, Mondays first; days begin when one does at `start`."""
        counts = [0] * _WEEKDAYS
        for sale in self._sales.find(_sold(_OF_THE_DELETED, start, end), {"_id": False, "countsAt": True}):
            counts[sale["countsAt"].astimezone(start.tzinfo).weekday()] += 1
        # Counted by day, because MongoDB does not know every time zone that Python knows.
        while start < end:
            next_day = start + timedelta(days=1)
            counts[start.weekday()] += self._sales.count_documents(_sold(_COUNTED, start, min(next_day, end)))
            start = next_day
        return counts

    def buyers_between(self, start: datetime, end: datetime) -> int:
        """How many different customers bought something."""
        # Adding something up keeps MongoDB from skipping through all customers there are in another index.
        per_customer = {"$group": {"_id": "$customer", "sales": {"$sum": 1}}}
        stages: list[dict[str, Any]] = [per_customer, {"$count": "count"}]
        found = (self._sales.aggregate([{"$match": _sold(part, start, end)}, *stages]) for part in _BOTH)
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
            for row in self._sales.aggregate([match, *stages], allowDiskUse=True):
                counts[row["_id"]] += row["count"]
        return [counts[start] for start, _ in pairwise(boundaries)]


def _between(part: Document, start: datetime, end: datetime) -> dict[str, Any]:
    return {**part, "kind": {"$in": list(PURCHASES)}, "countsAt": {"$gte": start, "$lt": end}}


def _sold(part: Document, start: datetime, end: datetime) -> dict[str, Any]:
    return {**_between(part, start, end), "kind": "sale"}
