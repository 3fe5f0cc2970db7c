"""What happened to each customer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from bson import ObjectId
from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database

from kinso.database.checksums import OF_CHANGE, with_checksum
from kinso.models.folding import id_key
from kinso.models.history import Change, HistoryQuery
from kinso.models.money import read_stored_amount
from kinso.repository.customers import TEXT_FIELDS
from kinso.repository.documents import ERASED, Document, canonical_id, object_id, to_stored, with_text_id


class ChangeRepository:
    """Appends changes, in the transaction of the change itself, and reads them."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._changes = database["changes"]

    def record(self, changes: Iterable[Change]) -> None:
        """Append all of `changes`."""
        documents = [_to_document(change) for change in changes]
        if documents:
            self._changes.insert_many(documents)

    def get(self, id: str) -> Change | None:
        """The change, or None when there is none or `id` is malformed."""
        key = object_id(id)
        document = self._changes.find_one({"_id": key}) if key else None
        return _to_change(document) if document else None

    def get_many(self, ids: Iterable[str]) -> dict[str, Change]:
        """Those of `ids` that exist, by id."""
        keys = [key for id in ids if (key := object_id(id))]
        found = map(_to_change, self._changes.find({"_id": {"$in": keys}})) if keys else ()
        return {change.id: change for change in found}

    def find(self, query: HistoryQuery, *, page: int, limit: int) -> list[Change]:
        """One page of the result, newest first; `page` counts from 1."""
        return [_to_change(document) for document in self._newest_first(query).skip((page - 1) * limit).limit(limit)]

    def iterate(self, query: HistoryQuery) -> Iterator[Change]:
        """The whole result, newest first."""
        return map(_to_change, self._newest_first(query).batch_size(1000))

    def count(self, query: HistoryQuery) -> int:
        """How many changes the query has on all its pages."""
        return self._changes.count_documents(_filter(query))

    def names_of_people(self) -> list[str]:
        """Everyone who ever changed a customer, in alphabetical order."""
        return sorted(self._changes.distinct("byName"))

    def texts_about(self, customer: str) -> set[str]:
        """Every ID, name and contact that their changes tell of."""
        fields = [(side, field) for side in ("before", "after") for field in sorted(TEXT_FIELDS)]
        shown = {"_id": False, "customerId": True, **{f"{side}.{field}": True for side, field in fields}}
        found = list(self._changes.find({"customer": customer}, shown))
        sides = [*found, *(document.get(side) or {} for document in found for side in ("before", "after"))]
        return {str(side[field]) for side in sides for field in TEXT_FIELDS if side.get(field)}

    def erase(self, customer: str, alias: str) -> None:
        """Replace what tells who somebody is in all of their changes."""
        for side in ("before", "after"):
            for field, erased in (("customerId", alias), ("customerName", ERASED), ("contactInfo", ERASED)):
                match = {"customer": customer, f"{side}.{field}": {"$exists": True}}
                self._changes.update_many(match, {"$set": {f"{side}.{field}": erased}})
        self._changes.update_many({"customer": customer}, {"$set": {"customerId": alias, "idKey": id_key(alias)}})

    def of_customer(self, customer: str, *, limit: int) -> list[Change]:
        """The latest changes of one customer, newest first."""
        # By version and not by time first: a clock may have been wrong. A deletion has the version of what it deleted.
        order = [("version", DESCENDING), ("at", DESCENDING), ("_id", DESCENDING)]
        found = self._changes.find({"customer": canonical_id(customer)}).sort(order).limit(limit)
        return [_to_change(document) for document in found]

    def of_run(self, run: str, *, newest_first: bool = False) -> Iterator[Change]:
        """Everything one run changed."""
        direction = DESCENDING if newest_first else ASCENDING
        for document in self._changes.find({"run": run}).sort("_id", direction).batch_size(1000):
            yield _to_change(document)

    def after_versions(self, versions: Mapping[str, int]) -> list[Change]:
        """All changes of these customers after the version that each is given with, the latest first.

        A deletion makes no version: that of the version itself is among them.
        """
        if not versions:
            return []
        match = {"customer": {"$in": list(versions)}, "version": {"$gte": min(versions.values())}}
        found = map(_to_change, self._changes.find(match))
        return _latest_first(change for change in found if _place(change) > (versions[change.customer], False))

    def undone_among(self, changes: Sequence[Change]) -> set[str]:
        """The ids of those of `changes` that some change took back."""
        match = {
            "customer": {"$in": [change.customer for change in changes]},
            "undoes": {"$in": [change.id for change in changes]},
        }
        return {document["undoes"] for document in self._changes.find(match, {"undoes": True})}

    def undoing(self, changes: Sequence[Change]) -> list[Change]:
        """What took changes of the same customers back since the first of these was made, the latest first."""
        if not changes:
            return []
        match = {
            "customer": {"$in": list({change.customer for change in changes})},
            "at": {"$gte": min(change.at for change in changes)},
            "undoes": {"$ne": None},
        }
        return _latest_first(map(_to_change, self._changes.find(match)))

    def last_deletions(self, customers: Iterable[str]) -> dict[str, Change]:
        """The latest deletion of each of these customers who was ever deleted."""
        found = map(_to_change, self._changes.find({"customer": {"$in": list(customers)}, "after": None}))
        return {change.customer: change for change in reversed(_latest_first(found))}

    def customers_of_run(self, run: str, *, limit: int) -> Sequence[str]:
        """Customer IDs that one run changed, in the order it did; it may have changed one several times."""
        ids: dict[str, str] = {}
        for document in self._changes.find({"run": run}, {"customer": True, "customerId": True}).sort("_id", ASCENDING):
            ids.setdefault(document["customer"], document["customerId"])
            if len(ids) == limit:
                break
        return list(ids.values())

    def customers_among(self, run: str, changes: Sequence[Change]) -> set[str]:
        """The customers of these changes whom the run has changed before."""
        match = {"run": run, "customer": {"$in": [change.customer for change in changes]}}
        return {document["customer"] for document in self._changes.find(match, {"customer": True})}

    def known_customers(self, customers: Collection[str]) -> set[str]:
        """Those of these customers (by `_id`) of whom there ever was a change."""
        if not customers:
            return set()
        return set(self._changes.distinct("customer", {"customer": {"$in": list(customers)}}))

    def last_called(self, customer_ids: Iterable[str]) -> dict[str, str]:
        """Who had each of these customer IDs last, by its compared form, as far as there was a change."""
        keys = [id_key(customer_id) for customer_id in customer_ids]
        if not keys:
            return {}
        found = self._changes.find({"idKey": {"$in": keys}}, {"idKey": True, "customer": True})
        return {
            document["idKey"]: document["customer"] for document in found.sort([("idKey", 1), ("at", 1), ("_id", 1)])
        }

    def _newest_first(self, query: HistoryQuery) -> Any:
        return self._changes.find(_filter(query)).sort([("at", DESCENDING), ("_id", DESCENDING)])


def _latest_first(changes: Iterable[Change]) -> list[Change]:
    return sorted(changes, key=_place, reverse=True)


def _place(change: Change) -> tuple[int, bool]:
    """Where a change belongs among those of its customer: a deletion makes no version."""
    return change.version, change.after is None


def _filter(query: HistoryQuery) -> dict[str, Any]:
    customer, run = (canonical_id(id) if id else None for id in (query.customer, query.run))
    exact = {"customer": customer, "byName": query.by_name, "kind": query.kind, "run": run}
    match: dict[str, Any] = {field: value for field, value in exact.items() if value}
    if query.customer_id.strip():
        match["idKey"] = id_key(query.customer_id)
    moments = {"$gte": query.since, "$lt": query.until}
    if at := {operator: moment for operator, moment in moments.items() if moment}:
        match["at"] = at
    return match


def _to_document(change: Change) -> dict[str, Any]:
    document = change.model_dump(by_alias=True, exclude={"id"})
    for side in ("before", "after"):
        if document[side] is not None:
            document[side] = to_stored(document[side])
    stored = {"_id": ObjectId(change.id), **to_stored(document), "idKey": id_key(change.customer_id)}
    return with_checksum(stored, OF_CHANGE)


def _to_change(document: Document) -> Change:
    values = with_text_id(document)
    values["amount"] = read_stored_amount(values.get("amount"))
    for side in ("before", "after"):
        if values[side] is not None and "purchaseAmount" in values[side]:
            values[side] = {**values[side], "purchaseAmount": read_stored_amount(values[side]["purchaseAmount"])}
    return Change.model_validate(values)
