"""Deleted customers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from bson import ObjectId
from pymongo import DESCENDING
from pymongo.collection import Collection as Stored
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from kinso.database.checksums import note_emptied
from kinso.database.country import country_of
from kinso.database.search import HELPERS, aliases_of, renewed_helpers
from kinso.errors import DuplicateCustomerId, DuplicateSaleId
from kinso.models.accounts import Actor
from kinso.models.customers import Customer
from kinso.models.history import TrashedCustomer
from kinso.models.stored import readable_moment, readable_text, readable_version
from kinso.models.text import id_key
from kinso.repository.documents import Document, at_once, erased_document, insert_all, object_id, to_customer


class TrashRepository:
    """Keeps the documents of deleted customers as they were."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._database = database
        self._customers = database["customers"]
        self._trash = database["trash"]
        self._entries = database["sales"]

    def throw_away(self, ids: Sequence[str], actor: Actor, at: datetime, *, unregistered: Collection[str] = ()) -> int:
        """Move these customers here; within a transaction that has read them. Returns how many there were.

        What they bought stays in the revenue, but for those who are `unregistered`: their registration is undone, and
        their purchases with it.
        """
        if not ids:
            return 0
        keys = sorted(_keys(ids))
        documents = list(at_once(self._customers.find({"_id": {"$in": keys}})))
        if documents:
            by = {"deletedAt": at, "byId": actor.user_id, "byName": actor.name}
            self._trash.insert_many({"_id": document["_id"], "customer": document, **by} for document in documents)
            self._customers.delete_many({"_id": {"$in": keys}})
            self._count_revenue_only([str(key) for key in keys], unregistered)
        return len(documents)

    def versions(self, ids: Sequence[str]) -> dict[str, int]:
        """The versions of those of `ids` that are here."""
        if not ids:
            return {}
        found = at_once(self._trash.find({"_id": {"$in": _keys(ids)}}, {"customer.version": True}))
        return {str(document["_id"]): readable_version(document["customer"].get("version")) for document in found}

    def bring_back(self, ids: Sequence[str], at: datetime) -> dict[str, Customer]:
        """Move these back among the customers, by id; within a transaction.

        Raises `DuplicateCustomerId`, and `DuplicateSaleId` when one of their purchases was recorded again meanwhile.
        """
        keys = _keys(ids)
        documents = [found["customer"] for found in at_once(self._trash.find({"_id": {"$in": keys}}))] if keys else []
        if not documents:
            return {}
        country = country_of(self._database)
        for document in documents:
            document.update(updatedAt=at, version=readable_version(document.get("version")) + 1)
            document[HELPERS] = renewed_helpers(document, country)
        _refuse_taken(self._customers, documents)
        insert_all(self._customers, documents)
        self._trash.delete_many({"_id": {"$in": keys}})
        self._count_purchases_again(list({str(document["_id"]) for document in documents}))
        return {str(document["_id"]): to_customer(document) for document in documents}

    def erase(self, id: str, alias: str, at: datetime) -> Customer | None:
        """Replace what tells who this is; returns the customer as it is now, None when there is none."""
        key = object_id(id)
        document = self._trash.find_one({"_id": key}) if key else None
        if document is None:
            return None
        erased = erased_document(document["customer"], alias, at)
        self._trash.update_one({"_id": key}, {"$set": {"customer": erased}})
        return to_customer(erased)

    def get(self, id: str) -> TrashedCustomer | None:
        """The deleted customer, or None when there is none or `id` is malformed."""
        key = object_id(id)
        document = self._trash.find_one({"_id": key}) if key else None
        return _to_trashed(document) if document else None

    def latest(self, *, limit: int) -> list[TrashedCustomer]:
        """Deleted customers, the last deleted first."""
        found = self._trash.find().sort([("deletedAt", DESCENDING), ("_id", DESCENDING)]).limit(limit)
        return [_to_trashed(document) for document in found]

    def holding_ids(self, customer_ids: Iterable[str]) -> set[str]:
        """The compared forms of those of these IDs that deleted customers have."""
        keys = [id_key(customer_id) for customer_id in customer_ids]
        ways = [{f"customer.{HELPERS}.{name}": {"$in": keys}} for name in ("id", "aliases")]
        shown = {f"customer.{HELPERS}.id": True, f"customer.{HELPERS}.aliases": True}
        helpers = [document["customer"][HELPERS] for document in self._trash.find({"$or": ways}, shown)]
        return {key for each in helpers for key in (each["id"], *each.get("aliases", ()))}

    def count(self) -> int:
        """How many deleted customers there are."""
        return self._trash.count_documents({})

    def deleted_before(self, moment: datetime) -> list[str]:
        """Who (by `_id`) was deleted before a moment."""
        return [str(each["_id"]) for each in self._trash.find({"deletedAt": {"$lt": moment}}, {"_id": True})]

    def empty(self, *, deleted_before: datetime) -> int:
        """Remove for good what was deleted before; returns how many."""
        old = {"deletedAt": {"$lt": deleted_before}}
        if self._trash.find_one(old, {"_id": True}) is None:
            return 0
        note_emptied(self._database, deleted_before)
        return self._trash.delete_many(old).deleted_count

    def _count_revenue_only(self, customers: Sequence[str], unregistered: Collection[str]) -> None:
        """Entries of deleted customers count for nothing but the revenue, as their purchase amounts do not."""
        for is_unregistered in (True, False):
            theirs = [customer for customer in customers if (customer in unregistered) is is_unregistered]
            fields = {"void": True, "trashed": True, "revenueOnly": not is_unregistered}
            if theirs:
                self._entries.update_many({"customer": {"$in": theirs}, "void": False}, {"$set": fields})

    def _count_purchases_again(self, customers: Sequence[str]) -> None:
        theirs = {"customer": {"$in": customers}, "trashed": True}
        try:
            self._entries.update_many(theirs, {"$set": {"void": False}, "$unset": {"trashed": "", "revenueOnly": ""}})
        except DuplicateKeyError as error:
            raise DuplicateSaleId((error.details or {})["keyValue"]["saleId"]) from error


def _keys(ids: Sequence[str]) -> list[ObjectId]:
    """Without those that are malformed: nobody has them."""
    return [key for id in ids if (key := object_id(id))]


def _to_trashed(document: Document) -> TrashedCustomer:
    return TrashedCustomer(
        id=str(document["_id"]),
        customer=to_customer(document["customer"]),
        # What was altered by hand is named by `check`; whoever is here can still be restored.
        deleted_at=readable_moment(document.get("deletedAt")) or document["_id"].generation_time,
        by_id=readable_text(document.get("byId")),
        by_name=readable_text(document.get("byName")),
    )


def _refuse_taken(customers: Stored[dict[str, Any]], documents: Sequence[Document]) -> None:
    """Raise `DuplicateCustomerId` when an ID of one of these, or of whom was merged into them, is another one's now."""
    ids = {str(document["customerId"]) for document in documents}
    aliases = {alias for document in documents for alias in aliases_of(document)}
    own = {id_key(id): id for id in ids}
    merged = {id_key(alias): alias for alias in aliases} if aliases else {}
    taken = [{"search.aliases": {"$in": [*own, *merged]}}, *([{"search.id": {"$in": list(merged)}}] if merged else ())]
    for document in customers.find({"$or": taken}, {"search.id": True, "search.aliases": True}):
        helpers = document[HELPERS]
        found = next(key for key in (*helpers.get("aliases", ()), helpers["id"]) if key in {**own, **merged})
        raise DuplicateCustomerId({**own, **merged}[found])
