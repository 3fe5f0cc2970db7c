"""The database of a test process: one connection for all tests, emptied of what the test before has written."""

import threading
from contextlib import suppress
from typing import Any

from pymongo.errors import InvalidOperation
from pymongo.write_concern import WriteConcern

from kinso.config import Settings
from kinso.database.connection import Connection, connect
from kinso.database.preparation import prepare
from kinso.database.schema import INDEXES

_PRIMARY_ONLY = WriteConcern(w=1)


class OneDatabase:
    """A prepared database and the connection to it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._connection = connect(settings)
        self._threads: set[threading.Thread] = set()
        prepare(self._connection)

    def emptied(self) -> Connection:
        """The connection, to a database without documents."""
        try:
            self._empty()
        except InvalidOperation:
            # The test before has closed it.
            self._connection = connect(self._settings)
            self._empty()
        self._threads = set(threading.enumerate())
        return self._connection

    def release(self) -> None:
        """Close the connection if the test leaves threads behind, which would write into the next one's database."""
        left = set(threading.enumerate()) - self._threads
        if any(not thread.name.startswith(("pymongo", "kinso-mirror")) for thread in left):
            self._connection.close()

    def drop(self) -> None:
        """Remove the database."""
        with suppress(InvalidOperation):
            # The last test may have closed it.
            self._connection.close()
        connection = connect(self._settings)
        connection.client.drop_database(connection.database)
        connection.close()

    def _empty(self) -> None:
        written = self._written()
        for name in written:
            # Who waits for the last one has waited for all.
            concern = None if name == written[-1] else _PRIMARY_ONLY
            self._connection.database.get_collection(name, write_concern=concern).delete_many({})

    def _written(self) -> list[str]:
        """The collections that hold anything, whoever put it there; asked all at once."""
        database = self._connection.database
        first, *others = sorted({*INDEXES, *database.list_collection_names()})
        unions = [{"$unionWith": {"coll": name, "pipeline": _if_any(name)}} for name in others]
        return [found["name"] for found in database[first].aggregate([*_if_any(first), *unions])]


def _if_any(name: str) -> list[dict[str, Any]]:
    return [{"$limit": 1}, {"$project": {"_id": 0, "name": {"$literal": name}}}]
