"""Bulk changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bson import ObjectId
from pymongo import DESCENDING
from pymongo.database import Database

from kinso.models.run import Run, RunException, RunStatus
from kinso.repository.documents import object_id, to_stored, with_text_id

MOST_EXCEPTIONS = 1000
"""Kept with a run by name; beyond that they are only counted."""


class RunRepository:
    """Records runs and how far they came."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._runs = database["runs"]

    def insert(self, run: Run) -> None:
        """Record a run that begins."""
        document = run.model_dump(by_alias=True, exclude={"id"})
        self._runs.insert_one({"_id": ObjectId(run.id), **document, "parameters": to_stored(run.parameters)})

    def get(self, id: str) -> Run | None:
        """The run, or None when there is none or `id` is malformed."""
        key = object_id(id)
        document = self._runs.find_one({"_id": key}) if key else None
        return Run.model_validate(with_text_id(document)) if document else None

    def recent(self, *, limit: int) -> list[Run]:
        """The latest runs, newest first."""
        found = self._runs.find().sort([("startedAt", DESCENDING), ("_id", DESCENDING)]).limit(limit)
        return [Run.model_validate(with_text_id(document)) for document in found]

    def advance(self, id: str, *, changed: int, at: datetime, exceptions: Sequence[RunException] = ()) -> bool:
        """Add a batch's count and exceptions; False when the run is not running any more."""
        update: dict[str, Any] = {
            "$inc": {"changed": changed, "exceptionCount": len(exceptions)},
            "$set": {"heartbeatAt": at},
        }
        if exceptions:
            values = [exception.model_dump(by_alias=True) for exception in exceptions]
            update["$push"] = {"exceptions": {"$each": values, "$slice": MOST_EXCEPTIONS}}
        return self._runs.update_one({"_id": ObjectId(id), "status": "running"}, update).matched_count == 1

    def mark_undone(self, id: str, *, by: str | None) -> None:
        """Note which run took this one back; None when that was taken back itself."""
        self._runs.update_one({"_id": ObjectId(id)}, {"$set": {"undoneBy": by}})

    def finish(self, id: str, status: RunStatus, at: datetime) -> None:
        """Mark the run as ended."""
        self._runs.update_one({"_id": ObjectId(id)}, {"$set": {"status": status, "finishedAt": at}})

    def erase(self, customer: str, alias: str) -> None:
        """Replace the customer ID in all exceptions."""
        self._runs.update_many(
            {"exceptions.customer": customer},
            {"$set": {"exceptions.$[one].customerId": alias}},
            array_filters=[{"one.customer": customer}],
        )

    def interrupted(self, *, silent_since: datetime) -> list[Run]:
        """Runs that say they are running but have not moved since then."""
        found = self._runs.find({"status": "running", "heartbeatAt": {"$lt": silent_since}})
        return [Run.model_validate(with_text_id(document)) for document in found]
