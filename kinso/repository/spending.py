"""What customers bought from a moment on: sales less what was refunded of them.

MongoDB adds doubles with compensation, so a rounded sum of cents is exact, and half a cent is a safe distance to tell
which sums reach an amount.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from threading import Lock
from typing import Any

from pymongo.database import Database

from kinso.models.membership import SpenderGroup
from kinso.models.money import read_stored_amount
from kinso.models.purchases import PURCHASES
from kinso.repository.ranking import Ranking

_PER_CUSTOMER = {"$group": {"_id": "$customer", "amount": {"$sum": "$amount"}}}
_HALF_A_CENT = 0.005
_KEPT_FOR = 60.0
"""Seconds; for so long a purchase may still count in the rankings that has become too old meanwhile."""

Rankings = dict[SpenderGroup, Ranking]


class SpendingRepository:
    """Sums over the purchases in the ledger that count."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._sales = database["sales"]
        self._changes = database["changes"]
        self._customers = database["customers"]
        self._lock = Lock()
        self._kept: tuple[tuple[int, int], datetime, float, Rankings] | None = None

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

    def rankings(self, since: datetime) -> Rankings:
        """Everyone who bought something, by what they spent, in three groups.

        They take a second to make, so they are kept until something in the ledger or about a customer changes, which
        never happens without a record; but not for longer than `_KEPT_FOR`. Not for use within a transaction.
        """
        with self._lock:
            state = (self._sales.estimated_document_count(), self._changes.estimated_document_count())
            if self._kept is not None:
                kept_state, kept_since, made_at, rankings = self._kept
                is_fresh = abs((since - kept_since).total_seconds()) < _KEPT_FOR
                if kept_state == state and is_fresh and time.monotonic() - made_at < _KEPT_FOR:
                    return rankings
            rankings = self._rank(since)
            self._kept = (state, since, time.monotonic(), rankings)
            return rankings

    def _rank(self, since: datetime) -> Rankings:
        spent = dict(self.of_everyone(since))
        rows: dict[SpenderGroup, list[tuple[Decimal, str]]] = {"eligible": [], "held": [], "members": []}
        # Both flags and the id are in one index, which is several times quicker than reading customers.
        everyone = {"membershipStatus": {"$in": [True, False]}}
        wanted = {"membershipStatus": True, "membershipHeld": True}
        for document in self._customers.find(everyone, wanted).batch_size(20_000):
            id = str(document["_id"])
            amount = spent.get(id)
            if amount is not None:
                held: SpenderGroup = "held" if document.get("membershipHeld") else "eligible"
                rows["members" if document["membershipStatus"] else held].append((amount, id))
        return {group: Ranking(of_group) for group, of_group in rows.items()}


def _purchases(since: datetime) -> dict[str, Any]:
    return {"void": False, "kind": {"$in": list(PURCHASES)}, "countsAt": {"$gte": since}}
