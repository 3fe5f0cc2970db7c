"""One customer's account in the ledger: sums up to an entry, by kind and by time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from bson import ObjectId
from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database

from kinso.models.money import read_stored_amount
from kinso.models.purchases import PURCHASES, Sale
from kinso.repository.documents import canonical_id
from kinso.repository.sales import to_sale

NOTHING = Decimal("0.00")


@dataclass(frozen=True)
class KindTotals:
    """The entries of one kind: how many, what they add up to, where the first one counts, and the date of the last."""

    count: int
    amount: Decimal
    first: datetime
    last: datetime


class AccountRepository:
    """Figures over the entries of one customer (by `_id`) that count."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._sales = database["sales"]

    def totals(self, customer: str) -> dict[str, KindTotals]:
        """Per kind of entry; a kind without entries is left out."""
        group = {
            "_id": "$kind",
            "count": {"$sum": 1},
            "amount": {"$sum": "$amount"},
            "first": {"$min": "$countsAt"},
            "last": {"$max": "$soldAt"},
        }
        rows = self._sales.aggregate([{"$match": _of(customer)}, {"$group": group}])
        return {
            row["_id"]: KindTotals(row["count"], read_stored_amount(row["amount"]), row["first"], row["last"])
            for row in rows
        }

    def spent_between(self, customer: str, boundaries: Sequence[datetime]) -> list[Decimal]:
        """Purchases less refunds from each boundary to the next; one amount less than boundaries."""
        match = {
            **_of(customer),
            "kind": {"$in": list(PURCHASES)},
            "countsAt": {"$gte": boundaries[0], "$lt": boundaries[-1]},
        }
        bucket = {"groupBy": "$countsAt", "boundaries": list(boundaries), "output": {"amount": {"$sum": "$amount"}}}
        rows = {row["_id"]: row["amount"] for row in self._sales.aggregate([{"$match": match}, {"$bucket": bucket}])}
        return [read_stored_amount(rows.get(start, 0)) for start in boundaries[:-1]]

    def sum_up_to(self, entry: Sale) -> Decimal:
        """The sum of everything that is not newer than `entry`, itself included."""
        older = [{"soldAt": {"$lt": entry.sold_at}}, {"soldAt": entry.sold_at, "_id": {"$lte": ObjectId(entry.id)}}]
        match = {**_of(entry.customer), "$or": older}
        group = {"_id": None, "amount": {"$sum": "$amount"}}
        rows = list(self._sales.aggregate([{"$match": match}, {"$group": group}]))
        return read_stored_amount(rows[0]["amount"]) if rows else NOTHING

    def latest_sales(self, customer: str, *, limit: int) -> list[Sale]:
        """Sales of more than 0, the latest first."""
        match = {**_of(customer), "kind": "sale", "amount": {"$gt": 0}}
        found = self._sales.find(match).sort([("soldAt", DESCENDING), ("_id", DESCENDING)]).limit(limit)
        return [to_sale(document) for document in found]

    def oldest_first(self, customer: str) -> Iterator[Sale]:
        """All entries, read in batches."""
        found = self._sales.find(_of(customer)).sort([("soldAt", ASCENDING), ("_id", ASCENDING)])
        return map(to_sale, found.batch_size(1000))


def _of(customer: str) -> dict[str, Any]:
    return {"customer": canonical_id(customer), "void": False}
