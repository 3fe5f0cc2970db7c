"""Whether a database holds anything of a shop, and making it empty again: for what fills a whole one."""

from __future__ import annotations

from typing import Any

from pymongo.database import Database

from kinso.database.presence import NOTES
from kinso.database.schema import INDEXES

PASSING = frozenset({"sessions", "requests", "attempts", "drafts", "backups"})
"""What belongs to the people and processes at work at the moment, not to the shop."""

_OF_A_START = PASSING | {"health", "setup", NOTES}
_SETTINGS_OF_A_START = ["ledger", "search", "checks"]
"""What a start of Kinso writes into an empty database."""


def first_filled(database: Database[Any]) -> str | None:
    """The name of a collection that holds more than a start of Kinso leaves there; None when there is no such."""
    for name in sorted(database.list_collection_names()):
        wanted = {"_id": {"$nin": _SETTINGS_OF_A_START}} if name == "settings" else {}
        if name not in _OF_A_START and database[name].find_one(wanted, {"_id": True}) is not None:
            return name
    return None


def clear(database: Database[Any]) -> None:
    """Drop every collection of Kinso."""
    for name in INDEXES:
        database.drop_collection(name)
