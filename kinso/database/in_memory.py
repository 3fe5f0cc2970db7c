"""A database in this process, for a look without any server; it tells which documents were written."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from threading import Lock
from typing import Any

from pymongo import MongoClient

from kinso.database.commits import MIRRORED

Document = dict[str, Any]


class Written:
    """The documents of the mirrored collections that were written since somebody asked, by collection."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._ids: defaultdict[str, set[Any]] = defaultdict(set)

    def note(self, collection: str, id: Any) -> None:
        """A document was, or may have been, written or removed."""
        if collection in MIRRORED:
            with self._lock:
                self._ids[collection].add(id)

    def take(self) -> dict[str, set[Any]]:
        """Their `_id`s; they are not told again."""
        with self._lock:
            taken, self._ids = dict(self._ids), defaultdict(set)
        return taken


def open_in_memory() -> tuple[MongoClient[Document], Written]:
    """A client of an empty database of its own, and what is written there."""
    written = Written()
    client: Any = _mongomock().MongoClient(tz_aware=True)
    client.written = written
    return client, written


@cache
def _mongomock() -> Any:
    """Slow to import, and only needed without a server; the driver hands over a `sort` that it does not know."""
    import mongomock
    from mongomock import collection, database

    class BulkOperations(collection.BulkOperationBuilder):
        def add_update(self, *args: Any, sort: Any = None, **kwargs: Any) -> None:
            super().add_update(*args, **kwargs)  # type: ignore[no-untyped-call]

    class Collection(collection.Collection):
        """Both are called for every document that is written or removed."""

        def _ensure_uniques(self, new_data: Document) -> None:
            super()._ensure_uniques(new_data)  # type: ignore[no-untyped-call]
            self._note(new_data)

        def _delete(self, filter: Any, *args: Any, **kwargs: Any) -> Any:
            found = list(self.find(filter))  # type: ignore[no-untyped-call]
            outcome = super()._delete(filter, *args, **kwargs)  # type: ignore[no-untyped-call]
            for document in found:
                self._note(document)
            return outcome

        def _note(self, document: Document) -> None:
            self.database.client.written.note(self.name, document["_id"])

    collection.BulkOperationBuilder = BulkOperations  # type: ignore[misc]
    database.Collection = Collection  # type: ignore[attr-defined]
    return mongomock
