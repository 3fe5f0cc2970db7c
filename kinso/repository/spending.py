"""What customers bought from a moment on: sales less refunds.

MongoDB adds doubles with compensation, so a rounded sum of cents is exact, and half a cent is a safe distance to tell
which sums reach an amount.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from pymongo.database import Database

from kinso.models.money import read_stored_amount
from kinso.models.sale import PURCHASES

_PER_CUSTOMER = {"$group": {"_id": "$customer", "amount": {"$sum": "$amount"}}}
_HALF_A_CENT = 0.005


class SpendingRepository:
    """Sums over the purchases in the ledger that count."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._sales = database["sales"]

    def of_customers(self, customers: Sequence[str], since: datetime) -> dict[str, Decimal]:
        """What each of these customers (by `_id`) spent; who bought nothing is left out."""
        match = {"customer": {"$in": list(customers)}, **_purchases(since)}
        rows = self._sales.aggregate([{"$match": match}, _PER_CUSTOMER])
        return {row["_id"]: read_stored_amount(row["amount"]) for row in rows}

    def of_everyone(self, since: datetime, *, at_or_above: Decimal | None = None) -> Iterator[tuple[str, Decimal]]:
        """Everyone's `_id` and what they spent; who bought nothing, or less than `at_or_above`, is left out."""
        stages: list[dict[str, Any]] = [{"$match": _purchases(since)}, _PER_CUSTOMER]
        if at_or_above is not None:
            stages.append({"$match": {"amount": {"$gte": float(at_or_above) - _HALF_A_CENT}}})
        for row in self._sales.aggregate(stages, allowDiskUse=True, batchSize=10_000):
            yield row["_id"], read_stored_amount(row["amount"])


def _purchases(since: datetime) -> dict[str, Any]:
    return {"void": False, "kind": {"$in": list(PURCHASES)}, "soldAt": {"$gte": since}}
