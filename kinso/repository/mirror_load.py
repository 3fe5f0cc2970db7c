"""The first load of the mirror: everything that the database has, from its documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

from pymongo.database import Database

from kinso.database.connection import in_batches
from kinso.database.raw_documents import raw_batches
from kinso.mirror.mirror import Mirror
from kinso.mirror.tables import CUSTOMER_KEYS, Columns, Table
from kinso.repository.mirrored import CUSTOMER_SOURCE, SOURCES, Source, key_rows
from kinso.repository.raw_columns import columns_of

_DECODED_AT_ONCE = 10_000
_AT_THE_SAME_TIME = 2
"""Collections; one is inserted while another is read."""

Rows = Iterable[tuple[Table, Columns]]


class Load:
    """Reads what there was at the position `after`; `loaded` of about `expected` documents have been read."""

    def __init__(
        self, database: Database[dict[str, Any]], *, after: int, in_memory: bool, should_stop: Callable[[], bool]
    ) -> None:
        self._database = database
        self._after = after
        self._in_memory = in_memory
        self._should_stop = should_stop
        self._lock = Lock()
        self.loaded = 0
        self.expected = 0

    def into(self, mirror: Mirror) -> None:
        """Fill empty tables, until all is there or somebody says to stop."""
        self.expected = sum(self._database[name].estimated_document_count() for name in SOURCES)
        with ThreadPoolExecutor(1 if self._in_memory else _AT_THE_SAME_TIME, "kinso-mirror-load") as pool:
            for done in [pool.submit(self._collection_into, mirror, source) for source in SOURCES.values()]:
                done.result()
        mirror.sort(CUSTOMER_KEYS, "hash")

    def _collection_into(self, mirror: Mirror, source: Source) -> None:
        for count, rows in self._decoded(source) if self._in_memory else self._raw(source):
            for table, columns in rows:
                mirror.append(table, columns)
            mirror.compact(is_quiet=True)
            with self._lock:
                self.loaded += count
            if self._should_stop():
                break

    def _raw(self, source: Source) -> Iterator[tuple[int, Rows]]:
        collection = self._database[source.collection]
        for batch in raw_batches(collection, source.projection, after=self._after):
            yield len(batch.starts), columns_of(source, batch, collection.codec_options)

    def _decoded(self, source: Source) -> Iterator[tuple[int, Rows]]:
        found = self._database[source.collection].find({}, source.projection)
        for documents in in_batches(found, _DECODED_AT_ONCE):
            keys = [(CUSTOMER_KEYS, key_rows(documents))] if source is CUSTOMER_SOURCE else []
            yield len(documents), [(source.table, source.rows(documents)), *keys]
