"""What is under way, and whose turn it is to import: one import at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pymongo.database import Database

from kinso.models.run import Run
from kinso.repository.documents import with_text_id

_KEY = "imports"


class TurnRepository:
    """Numbers the imports, so that one can tell whether another one began since it looked around."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._settings = database["settings"]
        self._runs = database["runs"]
        self._changes = database["changes"]

    def running(self) -> list[Run]:
        """Runs that say they are running, the first one first."""
        found = sorted(self._runs.find({"status": "running"}), key=lambda document: str(document["_id"]))
        return [Run.model_validate(with_text_id(document)) for document in found]

    def wrote_to(self, runs: Sequence[str], customers: Sequence[str]) -> bool:
        """Whether one of these runs changed one of these customers."""
        return self._changes.find_one({"run": {"$in": runs}, "customer": {"$in": customers}}) is not None

    def number(self) -> int:
        """How many imports have begun."""
        return int((self._settings.find_one({"_id": _KEY}) or {}).get("number", 0))

    def take(self, number: int) -> bool:
        """Begin the next import, within its transaction; False when `number` is not how many had begun before."""
        before = self._settings.find_one_and_update({"_id": _KEY}, {"$inc": {"number": 1}}, upsert=True)
        return int((before or {}).get("number", 0)) == number
