"""How the backups are going, and whether one is being made."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from kinso.database.processes import has_ended, this_process
from kinso.models.transfer.backups import BackupState

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
