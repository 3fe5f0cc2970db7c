"""Aggregated figures about customers; MongoDB adds doubles with compensation, so rounded sums of cents are exact."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from pymongo import DESCENDING
from pymongo.database import Database

from kinso.models.money import read_stored_amount
from kinso.models.statistics import AmountBin
from kinso.repository.documents import to_stored

_COUNT_AND_SUM = {"count": {"$sum": 1}, "sum": {"$sum": "$purchaseAmount"}}
_COUNT_BY_MEMBERSHIP = {
    "members": {"$sum": {"$cond": [{"$eq": ["$membershipStatus", True]}, 1, 0]}},
    "nonMembers": {"$sum": {"$cond": [{"$eq": ["$membershipStatus", True]}, 0, 1]}},
}


class FigureRepository:
    """Counts and sums over all customers."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._customers = database["customers"]

    def totals(self) -> dict[bool, tuple[int, Decimal]]:
        """Number of customers and sum of their purchase amounts, for members (True) and non-members (False)."""
        group = {"_id": {"$eq": ["$membershipStatus", True]}, **_COUNT_AND_SUM}
        found = {
            row["_id"]: (row["count"], read_stored_amount(row["sum"])) for row in self._aggregate({"$group": group})
        }
        nobody = (0, Decimal("0.00"))
        return {True: found.get(True, nobody), False: found.get(False, nobody)}

    def eligible(self, threshold: Decimal) -> tuple[int, Decimal]:
        """Number of non-members at or above `threshold` and the sum of their purchase amounts."""
        match = {"membershipStatus": False, "purchaseAmount": to_stored({"$gte": threshold})}
        rows = self._aggregate({"$match": match}, {"$group": {"_id": None, **_COUNT_AND_SUM}})
        return (rows[0]["count"], read_stored_amount(rows[0]["sum"])) if rows else (0, Decimal("0.00"))

    def created_since(self, moment: datetime) -> int:
        """Customers registered at or after `moment`."""
        return self._customers.count_documents({"createdAt": {"$gte": moment}})

    def created_between(self, boundaries: Sequence[datetime]) -> list[tuple[int, int]]:
        """Members and non-members registered from each boundary to the next; one pair less than boundaries."""
        match = {"$match": {"createdAt": {"$gte": boundaries[0], "$lt": boundaries[-1]}}}
        bucket = {"groupBy": "$createdAt", "boundaries": list(boundaries), "output": _COUNT_BY_MEMBERSHIP}
        found = {row["_id"]: (row["members"], row["nonMembers"]) for row in self._aggregate(match, {"$bucket": bucket})}
        return [found.get(boundary, (0, 0)) for boundary in boundaries[:-1]]

    def distribution(self, boundaries: Sequence[Decimal]) -> list[AmountBin]:
        """Members and non-members by purchase amount from each boundary to the next."""
        edges = [float(boundary) for boundary in boundaries]
        match = {"$match": {"purchaseAmount": {"$gte": edges[0], "$lt": edges[-1]}}}
        bucket = {"groupBy": "$purchaseAmount", "boundaries": edges, "output": _COUNT_BY_MEMBERSHIP}
        found = {row["_id"]: row for row in self._aggregate(match, {"$bucket": bucket})}
        return [
            AmountBin(
                lower=lower,
                upper=upper,
                members=found.get(float(lower), {}).get("members", 0),
                non_members=found.get(float(lower), {}).get("nonMembers", 0),
            )
            for lower, upper in pairwise(boundaries)
        ]

    def amount_with_above(self, number: int) -> Decimal:
        """The purchase amount that at most `number` customers exceed; 0 when there are no more customers than that."""
        found = self._customers.find({}, {"purchaseAmount": True}).sort("purchaseAmount", DESCENDING)
        rows = list(found.skip(number).limit(1))
        return read_stored_amount(rows[0].get("purchaseAmount")) if rows else Decimal("0.00")

    def _aggregate(self, *stages: dict[str, Any]) -> list[dict[str, Any]]:
        return list(self._customers.aggregate(list(stages)))
