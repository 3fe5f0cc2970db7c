"""Whether the mirror holds what the database says, document by document."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any

from pymongo.database import Database

from kinso.database.connection import in_batches
from kinso.mirror.tables import CUSTOMER_KEYS
from kinso.repository.documents import Document
from kinso.repository.mirror import FollowingMirror
from kinso.repository.mirrored import CUSTOMER_SOURCE, SOURCES, Source, key_of, key_rows

_AT_ONCE = 5000
_ATTEMPTS = 5
_PAUSE = 0.2
"""Seconds; what another process writes arrives well within them."""


class MirrorCheckRepository:
    """Compares the mirror of this process with the documents, while people go on working."""

    def __init__(self, database: Database[dict[str, Any]], mirror: FollowingMirror) -> None:
        self._database = database
        self._mirror = mirror

    def differing(self) -> Iterator[tuple[str, str]]:
        """Collection and `_id` of each document that the mirror has otherwise, or not at all."""
        for source in SOURCES.values():
            for documents in in_batches(self._database[source.collection].find({}, source.projection), _AT_ONCE):
                yield from ((source.collection, str(id)) for id in self._unlike(source, documents))

    def surplus(self) -> dict[str, int]:
        """By collection, how many more rows the mirror has than there are documents; less than 0 for fewer."""
        return {name: surplus for name, source in SOURCES.items() if (surplus := self._surplus(source))}

    def _unlike(self, source: Source, documents: Iterable[Document]) -> list[Any]:
        """The `_id`s of documents that stay unlike; what was changed meanwhile is read again."""
        present = list(documents)
        for attempt in range(_ATTEMPTS):
            unlike = {*self._mirror.up_to_date().unlike(source.table, source.rows(present))}
            if source is CUSTOMER_SOURCE:
                keys = [key_of(document["_id"]) for document in present]
                unlike |= {*self._mirror.up_to_date().unlike_parts(CUSTOMER_KEYS, key_rows(present), keys)}
            if not unlike:
                return []
            ids = [document["_id"] for document in present if key_of(document["_id"]) in unlike]
            time.sleep(_PAUSE if attempt else 0)
            present = list(self._database[source.collection].find({"_id": {"$in": ids}}, source.projection))
        return [document["_id"] for document in present]

    def _surplus(self, source: Source) -> int:
        surplus = 0
        for _attempt in range(_ATTEMPTS):
            before = self._rows(source)
            stored = self._database[source.collection].count_documents({})
            after = self._rows(source)
            # Counting documents takes a while, in which people go on selling.
            if min(before, after) <= stored <= max(before, after):
                return 0
            surplus = after - stored
            time.sleep(_PAUSE)
        return surplus

    def _rows(self, source: Source) -> int:
        [(rows,)] = self._mirror.rows(f"SELECT count(*) FROM {source.table.name}")
        return int(rows)

    def reload(self) -> None:
        """Have the mirror loaded anew."""
        self._mirror.reload()
