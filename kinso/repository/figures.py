"""Aggregated figures about customers; MongoDB adds doubles with compensation, so rounded sums of cents are exact."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from pymongo import DESCENDING
from pymongo.database import Database

from kinso.models.insights import AmountBin
from kinso.models.money import read_stored_amount

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
