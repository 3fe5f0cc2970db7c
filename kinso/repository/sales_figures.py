"""Figures about purchases, from indexes that hold everything they need."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from pymongo.database import Database

from kinso.models.money import read_stored_amount
from kinso.models.sale import PURCHASES

_WEEKDAYS = 7


class SalesFigureRepository:
    """Counts and sums over the purchases in the ledger that count."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._sales = database["sales"]

    def total_between(self, start: datetime, end: datetime) -> tuple[int, Decimal]:
        """How many sales and refunds count from `start` up to but not including `end`, and the revenue of them."""
        total = {"$group": {"_id": None, "count": {"$sum": 1}, "sum": {"$sum": "$amount"}}}
        rows = list(self._sales.aggregate([{"$match": _between(start, end)}, total]))
        return (rows[0]["count"], read_stored_amount(rows[0]["sum"])) if rows else (0, Decimal("0.00"))

    def weekdays_between(self, start: datetime, end: datetime) -> list[int]:
        """How many sales there were on each day of the week, Mondays first; days begin when one does at `start`."""
        counts = [0] * _WEEKDAYS
        # Counted by day, because MongoDB does not know every time zone that Python knows.
        while start < end:
            next_day = start + timedelta(days=1)
            match = {**_between(start, min(next_day, end)), "kind": "sale"}
            counts[start.weekday()] += self._sales.count_documents(match)
            start = next_day
        return counts

    def buyers_between(self, start: datetime, end: datetime) -> int:
        """How many different customers bought something."""
        match = {**_between(start, end), "kind": "sale"}
        # Adding something up keeps MongoDB from skipping through all customers there are in another index.
        per_customer = {"$group": {"_id": "$customer", "sales": {"$sum": 1}}}
        rows = list(self._sales.aggregate([{"$match": match}, per_customer, {"$count": "count"}]))
        return int(rows[0]["count"]) if rows else 0

    def first_buyers_between(self, boundaries: Sequence[datetime]) -> list[int]:
        """How many customers bought for the first time ever from each boundary to the next; one less than those."""
        # Sorted like an index, whose entries are skipped from one customer to the next.
        stages: list[dict[str, Any]] = [
            {"$match": {"void": False, "kind": "sale"}},
            {"$sort": {"customer": 1, "soldAt": 1}},
            {"$group": {"_id": "$customer", "first": {"$first": "$soldAt"}}},
            {"$match": {"first": {"$gte": boundaries[0], "$lt": boundaries[-1]}}},
            {"$bucket": {"groupBy": "$first", "boundaries": list(boundaries), "output": {"count": {"$sum": 1}}}},
        ]
        found = {row["_id"]: row["count"] for row in self._sales.aggregate(stages, allowDiskUse=True)}
        return [found.get(start, 0) for start, _ in pairwise(boundaries)]


def _between(start: datetime, end: datetime) -> dict[str, Any]:
    return {"void": False, "kind": {"$in": list(PURCHASES)}, "countsAt": {"$gte": start, "$lt": end}}
