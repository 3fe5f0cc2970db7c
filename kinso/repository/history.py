"""What happened to each customer, and the bulk changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId
from pymongo import ASCENDING, DESCENDING, UpdateOne
from pymongo.database import Database

from kinso.database.checksums import OF_CHANGE, OF_RUN, with_checksum
from kinso.database.country import country_of
from kinso.database.search import holds_one_of, names_one_of
from kinso.models.fields import ERASED, erased, identifying_fields, read
from kinso.models.fields import to_stored as values_to_stored
from kinso.models.filters import without_texts
from kinso.models.history import Change, HistoryQuery, Run, RunException, RunStatus
from kinso.models.money import read_stored_amount
from kinso.models.text import id_key
from kinso.repository.documents import Document, at_once, canonical_id, now, object_id, with_text_id, without_decimals

SIDES = ("before", "after")
_STORED_NAMES = {name: str(field.alias) for name, field in Change.model_fields.items()}
"""What a change calls its parts, and what they are stored as; a run makes very many of them."""


_COUNTED_EXACTLY = 100_000
"""Changes; of more the database knows how many there are, except after a power cut, when it may be wrong by a few."""
_STILL_COMMITTED = timedelta(minutes=2)
"""So long after its moment a change may appear; no transaction lasts longer, and clocks differ by seconds."""


class ChangeRepository:
    """Appends changes, in the transaction of the change itself, and reads them."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._changes = database["changes"]
        self._names: set[str] = set()
        self._named_until: datetime | None = None

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
        found = map(_to_change, at_once(self._changes.find({"_id": {"$in": keys}}))) if keys else ()
        return {change.id: change for change in found}

    def find(self, query: HistoryQuery, *, page: int, limit: int) -> list[Change]:
        """One page of the result, newest first; `page` counts from 1."""
        return [_to_change(document) for document in self._newest_first(query).skip((page - 1) * limit).limit(limit)]

    def iterate(self, query: HistoryQuery) -> Iterator[Change]:
        """The whole result, newest first."""
        return map(_to_change, self._newest_first(query).batch_size(1000))

    def count(self, query: HistoryQuery) -> int:
        """How many changes the query has on all its pages."""
        match = _filter(query)
        if not match and (count := self._changes.estimated_document_count()) > _COUNTED_EXACTLY:
            return count
        return self._changes.count_documents(match)

    def names_of_people(self) -> list[str]:
        """Everyone who ever changed a customer, in alphabetical order."""
        begun = now()
        # It takes a second to look through a million changes, so those of before are remembered. An `_id` tells when a
        # change was written, also of one that is dated earlier.
        since = ObjectId.from_datetime(self._named_until - _STILL_COMMITTED) if self._named_until else None
        self._names = self._names | set(self._changes.distinct("byName", {"_id": {"$gt": since}} if since else {}))
        self._named_until = begun
        return sorted(self._names)

    def texts_about(self, customer: str) -> set[str]:
        """Every text of `identifying_fields` that their changes tell of."""
        fields = [field.name for field in identifying_fields()]
        shown = {"_id": False, "customerId": True, **{f"{side}.{name}": True for side in SIDES for name in fields}}
        found = list(self._changes.find({"customer": customer}, shown))
        sides = [*found, *(document.get(side) or {} for document in found for side in SIDES)]
        return {str(side[name]) for side in sides for name in fields if side.get(name)}

    def erase(self, customer: str, alias: str) -> None:
        """Replace what tells who somebody is in all of their changes."""
        about_them = self._changes.find({"customer": customer}, dict.fromkeys(SIDES, True))
        writes = []
        for document in about_them:
            sides = {side: erased(document[side], alias) for side in SIDES if document.get(side) is not None}
            fields = {**sides, "customerId": alias, "idKey": id_key(alias)}
            writes.append(UpdateOne({"_id": document["_id"]}, {"$set": fields}))
        if writes:
            self._changes.bulk_write(writes, ordered=False)

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
        found = map(_to_change, at_once(self._changes.find(match)))
        return _latest_first(change for change in found if _place(change) > (versions[change.customer], False))

    def undone_among(self, changes: Sequence[Change]) -> set[str]:
        """The ids of those of `changes` that some change undid."""
        match = {
            "customer": {"$in": [change.customer for change in changes]},
            "undoes": {"$in": [change.id for change in changes]},
        }
        return {document["undoes"] for document in at_once(self._changes.find(match, {"undoes": True}))}

    def undoing(self, changes: Sequence[Change]) -> list[Change]:
        """What undid changes of the same customers since the first of these was made, the latest first."""
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
        match = {"customer": {"$in": list(customers)}, "after": None}
        found = map(_to_change, at_once(self._changes.find(match)))
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
        return {document["customer"] for document in at_once(self._changes.find(match, {"customer": True}))}

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
    if customer and query.also:
        return _filter(query.model_copy(update={"customer": None, "also": ()})) | {
            "customer": {"$in": [customer, *query.also]}
        }
    exact = {"customer": customer, "byName": query.by_name, "kind": query.kind, "run": run}
    match: dict[str, Any] = {field: value for field, value in exact.items() if value}
    if query.customer_id.strip():
        match["idKey"] = id_key(query.customer_id)
    moments = {"$gte": query.since, "$lt": query.until}
    if at := {operator: moment for operator, moment in moments.items() if moment}:
        match["at"] = at
    return match


def _to_document(change: Change) -> dict[str, Any]:
    document = {stored: getattr(change, name) for name, stored in _STORED_NAMES.items()}
    for side in SIDES:
        if document[side] is not None:
            document[side] = values_to_stored(document[side])
    facts = {"_id": ObjectId(change.id), "amount": float(change.balance), "idKey": id_key(change.customer_id)}
    document |= facts
    return with_checksum(document, OF_CHANGE)


def _to_change(document: Document) -> Change:
    values = with_text_id(document)
    values["amount"] = read_stored_amount(values.get("amount"))
    for side in ("before", "after"):
        if values[side] is not None:
            values[side] = read(values[side])
    return Change.model_validate(values)


MOST_EXCEPTIONS = 1000
"""Kept with a run by name; beyond that they are only counted."""
_TEXT_FILTERS = ("search", "customerName", "customerId")


class RunRepository:
    """Records runs and how far they came."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._database = database
        self._runs = database["runs"]

    def insert(self, run: Run) -> None:
        """Record a run that begins."""
        document = run.model_dump(by_alias=True, exclude={"id"})
        stored = {"_id": ObjectId(run.id), **document, "parameters": without_decimals(run.parameters)}
        self._runs.insert_one(with_checksum(stored, OF_RUN))

    def get(self, id: str) -> Run | None:
        """The run, or None when there is none or `id` is malformed."""
        key = object_id(id)
        document = self._runs.find_one({"_id": key}) if key else None
        return Run.model_validate(with_text_id(document)) if document else None

    def recent(self, *, limit: int) -> list[Run]:
        """The latest runs, newest first."""
        found = self._runs.find().sort([("startedAt", DESCENDING), ("_id", DESCENDING)]).limit(limit)
        return [Run.model_validate(with_text_id(document)) for document in found]

    def find(self, *, page: int, limit: int) -> list[Run]:
        """One page of all runs, newest first, without their exceptions by name; `page` counts from 1."""
        order = [("startedAt", DESCENDING), ("_id", DESCENDING)]
        found = self._runs.find({}, {"exceptions": False}).sort(order).skip((page - 1) * limit).limit(limit)
        return [Run.model_validate(with_text_id(document)) for document in found]

    def count(self) -> int:
        """How many runs there are."""
        return self._runs.count_documents({})

    def advance(self, id: str, *, changed: int, at: datetime, exceptions: Sequence[RunException] = ()) -> bool:
        """Add a batch's count and exceptions; False when the run has ended, or is being undone."""
        update = _noting(exceptions, at)
        update["$inc"]["changed"] = changed
        return self._runs.update_one(_going_on(id), update).matched_count == 1

    def begin_reverting(self, id: str, at: datetime) -> bool:
        """From now on the run cannot advance or be done, whoever still works on it; False when it has ended."""
        marks = {"$set": {"takingBack": True, "heartbeatAt": at}}
        return self._runs.update_one({"_id": ObjectId(id), "status": "running"}, marks).matched_count == 1

    def note_reverted(self, id: str, at: datetime, exceptions: Sequence[RunException]) -> None:
        """Tell that undoing the run goes on, and of which customers nothing could be undone."""
        self._runs.update_one({"_id": ObjectId(id)}, _noting(exceptions, at))

    def claim(self, id: str, *, by: str) -> bool:
        """Note which run undoes this one; False when another one does or did."""
        query = {"_id": ObjectId(id), "undoneBy": None}
        return self._runs.update_one(query, {"$set": {"undoneBy": by}}).matched_count == 1

    def release(self, *, claimed_by: str) -> None:
        """Whatever this run undid is in force again."""
        self._runs.update_many({"undoneBy": claimed_by}, {"$set": {"undoneBy": None}})

    def finish(self, id: str, at: datetime) -> bool:
        """Mark the run as done; False when it has ended already, or is being undone."""
        ended = {"$set": {"status": "done", "finishedAt": at}}
        return self._runs.update_one(_going_on(id), ended).matched_count == 1

    def finish_reverting(self, id: str, at: datetime, *, status: RunStatus = "rolled-back") -> None:
        """Mark the run as rolled back, or as done with what it came to."""
        ended = {"$set": {"status": status, "finishedAt": at}, "$unset": {"takingBack": ""}}
        self._runs.update_one({"_id": ObjectId(id)}, ended)

    def erase(self, customer: str, alias: str, texts: Collection[str] = ()) -> None:
        """Replace the customer ID in all exceptions, and what was searched for or entered with one of their `texts`."""
        if texts:
            self._erase_searches(texts)
        for side in ("this", "other"):
            told = {f"parameters.{side}.customerId": alias, f"parameters.{side}.customerName": ERASED}
            self._runs.update_many({"kind": "merge", f"parameters.{side}.id": customer}, {"$set": told})
            self._erase_entered(texts)
        self._runs.update_many(
            {"exceptions.customer": customer},
            {"$set": {"exceptions.$[one].customerId": alias}},
            array_filters=[{"one.customer": customer}],
        )

    def _erase_searches(self, texts: Collection[str]) -> None:
        country = country_of(self._database)
        searched = [{f"parameters.filter.{field}": {"$type": "string"}} for field in _TEXT_FILTERS]
        asked = {"$or": [*searched, {"parameters.filter.filter": {"$type": "object"}}]}
        for document in self._runs.find(asked, {"parameters.filter": True}):
            filters = document["parameters"]["filter"]
            told = {
                field: ERASED for field in _TEXT_FILTERS if names_one_of(str(filters.get(field) or ""), texts, country)
            }
            blanked = without_texts(filters, lambda text: names_one_of(text, texts, country)) | told
            if blanked != filters:
                self._runs.update_one({"_id": document["_id"]}, {"$set": {"parameters.filter": blanked}})

    def _erase_entered(self, texts: Collection[str]) -> None:
        country = country_of(self._database)
        for document in self._runs.find({"kind": "bulk-edit"}, {"parameters.value": True}):
            value = document["parameters"].get("value")
            if any(isinstance(each, str) and holds_one_of(each, texts, country) for each in _listed(value)):
                blanked = [ERASED] if isinstance(value, list) else ERASED
                self._runs.update_one({"_id": document["_id"]}, {"$set": {"parameters.value": blanked}})


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _going_on(id: str) -> dict[str, Any]:
    return {"_id": ObjectId(id), "status": "running", "takingBack": None}


def _noting(exceptions: Sequence[RunException], at: datetime) -> dict[str, Any]:
    update: dict[str, Any] = {"$inc": {"exceptionCount": len(exceptions)}, "$set": {"heartbeatAt": at}}
    if exceptions:
        values = [exception.model_dump(by_alias=True) for exception in exceptions]
        update["$push"] = {"exceptions": {"$each": values, "$slice": MOST_EXCEPTIONS}}
    return update
