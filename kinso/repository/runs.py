"""Bulk changes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from bson import ObjectId
from pymongo import DESCENDING
from pymongo.database import Database

from kinso.database.checksums import OF_RUN, with_checksum
from kinso.database.country import country_of
from kinso.database.search import names_one_of
from kinso.models.history import Run, RunException
from kinso.repository.documents import ERASED, object_id, to_stored, with_text_id

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
        stored = {"_id": ObjectId(run.id), **document, "parameters": to_stored(run.parameters)}
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
        """Add a batch's count and exceptions; False when the run has ended, or is being taken back."""
        update = _noting(exceptions, at)
        update["$inc"]["changed"] = changed
        return self._runs.update_one(_going_on(id), update).matched_count == 1

    def begin_taking_back(self, id: str, at: datetime) -> bool:
        """From now on the run cannot advance or be done, whoever still works on it; False when it has ended."""
        marks = {"$set": {"takingBack": True, "heartbeatAt": at}}
        return self._runs.update_one({"_id": ObjectId(id), "status": "running"}, marks).matched_count == 1

    def note_taken_back(self, id: str, at: datetime, exceptions: Sequence[RunException]) -> None:
        """Tell that taking the run back goes on, and of which customers nothing could be taken back."""
        self._runs.update_one({"_id": ObjectId(id)}, _noting(exceptions, at))

    def claim(self, id: str, *, by: str) -> bool:
        """Note which run takes this one back; False when another one does or did."""
        query = {"_id": ObjectId(id), "undoneBy": None}
        return self._runs.update_one(query, {"$set": {"undoneBy": by}}).matched_count == 1

    def release(self, *, claimed_by: str) -> None:
        """Whatever this run took back is in force again."""
        self._runs.update_many({"undoneBy": claimed_by}, {"$set": {"undoneBy": None}})

    def finish(self, id: str, at: datetime) -> bool:
        """Mark the run as done; False when it has ended already, or is being taken back."""
        ended = {"$set": {"status": "done", "finishedAt": at}}
        return self._runs.update_one(_going_on(id), ended).matched_count == 1

    def finish_taking_back(self, id: str, at: datetime) -> None:
        """Mark the run as rolled back."""
        ended = {"$set": {"status": "rolled-back", "finishedAt": at}, "$unset": {"takingBack": ""}}
        self._runs.update_one({"_id": ObjectId(id)}, ended)

    def erase(self, customer: str, alias: str, texts: Collection[str] = ()) -> None:
        """Replace the customer ID in all exceptions, and what was searched for with one of their `texts`."""
        if texts:
            self._erase_searches(texts)
        self._runs.update_many(
            {"exceptions.customer": customer},
            {"$set": {"exceptions.$[one].customerId": alias}},
            array_filters=[{"one.customer": customer}],
        )

    def _erase_searches(self, texts: Collection[str]) -> None:
        country = country_of(self._database)
        searched = {f"parameters.filter.{field}": True for field in _TEXT_FILTERS}
        for document in self._runs.find({"$or": [{field: {"$type": "string"}} for field in searched]}, searched):
            filters = document["parameters"]["filter"]
            told = [field for field in _TEXT_FILTERS if names_one_of(str(filters.get(field) or ""), texts, country)]
            if told:
                blanked = {f"parameters.filter.{field}": ERASED for field in told}
                self._runs.update_one({"_id": document["_id"]}, {"$set": blanked})


def _going_on(id: str) -> dict[str, Any]:
    return {"_id": ObjectId(id), "status": "running", "takingBack": None}


def _noting(exceptions: Sequence[RunException], at: datetime) -> dict[str, Any]:
    update: dict[str, Any] = {"$inc": {"exceptionCount": len(exceptions)}, "$set": {"heartbeatAt": at}}
    if exceptions:
        values = [exception.model_dump(by_alias=True) for exception in exceptions]
        update["$push"] = {"exceptions": {"$each": values, "$slice": MOST_EXCEPTIONS}}
    return update
