"""A database that is forgotten when the process ends."""

from __future__ import annotations

from typing import Any

import mongomock
from mongomock import collection
from pymongo import MongoClient


class _BulkOperations(collection.BulkOperationBuilder):
    """mongomock's, but for the `sort` that the driver hands over since pymongo 4.11."""

    def add_update(self, *args: Any, sort: Any = None, **kwargs: Any) -> None:
        super().add_update(*args, **kwargs)  # type: ignore[no-untyped-call]


def open_in_memory() -> MongoClient[dict[str, Any]]:
    """A client of an empty database of its own."""
    collection.BulkOperationBuilder = _BulkOperations  # type: ignore[misc]
    client: MongoClient[dict[str, Any]] = mongomock.MongoClient(tz_aware=True)
    return client
