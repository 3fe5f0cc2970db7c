"""How the backups are going, and whether an import is under way: one at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from kinso.database.processes import has_ended, this_process
from kinso.models.history import Run
from kinso.models.transfer.plans import BackupState
from kinso.repository.documents import with_text_id

_KEY = "backups"
_SILENT = timedelta(minutes=2)
"""After so long without a sign, what makes a backup on another machine is taken to have ended."""


class BackupRepository:
    """Two documents: one about the daily backups, and one while a backup is being made."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._backups = database["backups"]

    def state(self, moment: datetime) -> BackupState:
        """How the daily backups are going, which begin now if they have not yet."""
        found = self._backups.find_one({"_id": _KEY})
        if found is None:
            self._backups.update_one({"_id": _KEY}, {"$setOnInsert": {"since": moment}}, upsert=True)
            found = self._backups.find_one({"_id": _KEY})
        return BackupState.model_validate(found)

    def begin(self, moment: datetime) -> bool:
        """Note that this process makes a backup; False while another one is being made."""
        under_way = self._backups.find_one({"_id": "running"})
        if under_way and (has_ended(under_way["worker"]) or under_way["seenAt"] < moment - _SILENT):
            self._backups.delete_one(under_way)
        try:
            self._backups.insert_one({"_id": "running", "worker": this_process(), "seenAt": moment})
        except DuplicateKeyError:
            return False
        return True

    def go_on(self, moment: datetime) -> None:
        """Give a sign that the backup is still being made."""
        self._backups.update_one({"_id": "running", "worker": this_process()}, {"$set": {"seenAt": moment}})

    def end(self) -> None:
        """Note that this process does not make a backup any more."""
        self._backups.delete_one({"_id": "running", "worker": this_process()})

    def note_made(self, made_at: datetime) -> None:
        """Note that there is a daily backup."""
        facts = {"madeAt": made_at, "failedAt": None, "problem": ""}
        self._backups.update_one({"_id": _KEY}, {"$set": facts, "$setOnInsert": {"since": made_at}}, upsert=True)

    def note_problem(self, failed_at: datetime, problem: str) -> None:
        """Note why there is none."""
        facts = {"failedAt": failed_at, "problem": problem}
        self._backups.update_one({"_id": _KEY}, {"$set": facts, "$setOnInsert": {"since": failed_at}}, upsert=True)


IMPORTS = ["import", "purchases"]
"""The kinds of runs that are imports."""
_LOCK_KEY = "imports"
_BY_CUSTOMER = [("customer", 1)]
"""An import has many changes, a customer few."""


class ImportLockRepository:
    """Numbers the imports, so that one can tell whether another one began since it looked around."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._settings = database["settings"]
        self._runs = database["runs"]
        self._changes = database["changes"]

    def running(self) -> list[Run]:
        """Runs that say they are running, the first one first."""
        found = sorted(self._runs.find({"status": "running"}), key=lambda document: str(document["_id"]))
        return [Run.model_validate(with_text_id(document)) for document in found]

    def unfinished_imports(self) -> list[str]:
        """Imports that may still be undone, and what undoes an import and has not ended."""
        kinds = {"$or": [{"kind": {"$in": IMPORTS}}, {"kind": "undo", "parameters.kind": {"$in": IMPORTS}}]}
        found = self._runs.find({"status": "running", **kinds}, {"_id": True})
        return [str(document["_id"]) for document in found]

    def written_by(self, runs: Sequence[str], customers: Sequence[str]) -> dict[str, str]:
        """Those of these customers whom one of these runs has changed, with the customer IDs that it knew them by."""
        match = {"run": {"$in": list(runs)}, "customer": {"$in": list(customers)}}
        found = self._changes.find(match, {"customer": True, "customerId": True}).hint(_BY_CUSTOMER)
        return {document["customer"]: document["customerId"] for document in found}

    def number(self) -> int:
        """How many imports have begun."""
        return int((self._settings.find_one({"_id": _LOCK_KEY}) or {}).get("number", 0))

    def take(self, number: int) -> bool:
        """Begin the next import, within its transaction; False when `number` is not how many had begun before."""
        before = self._settings.find_one_and_update({"_id": _LOCK_KEY}, {"$inc": {"number": 1}}, upsert=True)
        return int((before or {}).get("number", 0)) == number
