"""Changes and deletions of customers in the order of their moments."""

from __future__ import annotations

from heapq import merge
from itertools import islice
from typing import Any

from bson import ObjectId
from pymongo import ASCENDING
from pymongo.database import Database

from kinso.models.customers_sync import Changed, Deletion, News, Place
from kinso.repository.customer_documents import VISIBLE, to_customer
from kinso.repository.documents import Document

_SHOWN = {"customer": True, "customerId": True, "at": True}


class SyncRepository:
    """Reads what was changed after a place."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._customers = database["customers"]
        self._changes = database["changes"]

    def after(self, place: Place, *, limit: int) -> list[News]:
        """The earliest changes and deletions after this place."""
        found = self._changes.find(deleted_after(place), _SHOWN).sort([("at", ASCENDING), ("_id", ASCENDING)])
        deletions: list[News] = [_deletion(document) for document in found.limit(limit)]
        found = self._customers.find(changed_after(place), VISIBLE)
        found = found.sort([("updatedAt", ASCENDING), ("_id", ASCENDING)])
        changed: list[News] = [Changed(to_customer(document)) for document in found.limit(limit)]
        return list(islice(merge(changed, deletions, key=lambda each: each.place), limit))

    def count_after(self, place: Place) -> int:
        """How many changes and deletions there are after this place."""
        # Not in one question: a plain range is counted from the index alone.
        later = self._customers.count_documents({"updatedAt": {"$gt": place.at}})
        same = 0 if place.is_deletion else self._customers.count_documents(_at_the_same_moment(place))
        return later + same + self._changes.count_documents(deleted_after(place))


def changed_after(place: Place) -> Document:
    """Filter for the customers who come after this place, but for those whom another application gave an odd `_id`.

    Nobody can ask for these one by one either.
    """
    later = {"updatedAt": {"$gt": place.at}, "_id": {"$type": "objectId"}}
    if place.is_deletion:
        return later
    return {"$or": [_at_the_same_moment(place), later]}


def _at_the_same_moment(place: Place) -> Document:
    return {"updatedAt": place.at, "_id": {"$gt": ObjectId(place.id)}}


def deleted_after(place: Place) -> Document:
    """Filter for the changes that are deletions and come after this place."""
    if not place.is_deletion:
        return {"kind": "delete", "at": {"$gte": place.at}}
    same = {"kind": "delete", "at": place.at, "_id": {"$gt": ObjectId(place.id)}}
    return {"$or": [same, {"kind": "delete", "at": {"$gt": place.at}}]}


def _deletion(document: Document) -> Deletion:
    return Deletion(str(document["_id"]), document["customer"], document["customerId"], document["at"])
