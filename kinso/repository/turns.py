"""What is under way, and whose turn it is to import: one import at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pymongo.database import Database

from kinso.models.history import Run
from kinso.repository.documents import with_text_id

IMPORTS = ["import", "purchases"]
"""The kinds of runs that are imports."""
_KEY = "imports"
_BY_CUSTOMER = [("customer", 1), ("at", 1), ("_id", 1)]
"""An import has many changes, a customer few."""


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

    def unfinished_imports(self) -> list[str]:
        """Imports that may still be taken back, and what takes an import back and has not ended."""
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
        return int((self._settings.find_one({"_id": _KEY}) or {}).get("number", 0))

    def take(self, number: int) -> bool:
        """Begin the next import, within its transaction; False when `number` is not how many had begun before."""
        before = self._settings.find_one_and_update({"_id": _KEY}, {"$inc": {"number": 1}}, upsert=True)
        return int((before or {}).get("number", 0)) == number
