"""What the database says of the mirrors of it, so that it reaches every process, and goes back with the data."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from pymongo.database import Database

_KEY = {"_id": "mirror"}
_MOST = 300
"""Snapshots; many processes may write one every ten minutes, and only the last ones are ever looked for."""


class MirrorMarks:
    """Marks of snapshots that were written, and of the last time when somebody asked to load everything anew.

    Data that were put back to an earlier time, files and all, do not have the marks of snapshots of a later one.
    """

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._settings = database["settings"]

    def add(self) -> str:
        """A new mark for a snapshot of what is there now."""
        mark = uuid4().hex
        self._settings.update_one(_KEY, {"$push": {"snapshots": {"$each": [mark], "$slice": -_MOST}}}, upsert=True)
        return mark

    def has(self, mark: str) -> bool:
        """Whether what is there now came after a snapshot with this mark."""
        return self._settings.find_one({**_KEY, "snapshots": mark}, {"_id": True}) is not None

    def ask_for_loading(self) -> None:
        """Have every process load everything anew, and use no snapshot of before."""
        self._settings.update_one(_KEY, {"$set": {"loadedSince": uuid4().hex}}, upsert=True)

    def loaded_since(self) -> str:
        """Another text after somebody asked for that."""
        found = self._settings.find_one(_KEY, {"loadedSince": True}) or {}
        return str(found.get("loadedSince", ""))
