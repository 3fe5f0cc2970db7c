"""One client for the whole process: transactions that calls join by themselves, and the driver's failures as ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar

import pymongo
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import ConfigurationError as DriverConfigurationError
from pymongo.errors import ConnectionFailure, CursorNotFound, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import ReadPreference
from pymongo.write_concern import WriteConcern

from kinso.config import Settings
from kinso.database.adoption_progress import AdoptionProgress, NotAdopted
from kinso.database.commits import Commits
from kinso.database.in_memory import Written, open_in_memory
from kinso.database.processes import application_name
from kinso.database.transactions import (
    ALLOWANCE,
    end_abandoned_transactions,
    is_closed,
    run_in_transaction,
    settled_until,
)
from kinso.errors import ConfigurationError, DatabaseUnavailable, WriteCollision

Item = TypeVar("Item")
Result = TypeVar("Result")
Document = dict[str, Any]

BATCH = 1000
_MOST_ADOPTIONS = 20
_SCHEMES = ("mongodb://", "mongodb+srv://")
_PATIENCE = 3.0
"""Seconds in which a server that is well answers a ping; one that hangs keeps its connections open."""

_GOING_AWAY = frozenset({6, 7, 64, 89, 91, 100, 189, 9001, 10107, 11600, 11602, 13435, 13436})
"""Codes of a server that shuts down, steps down, has no majority or lost its own connections."""

_open_transaction: ContextVar[MongoClient[Document] | None] = ContextVar("open_transaction", default=None)


@dataclass(frozen=True, eq=False)
class Connection:
    """A database and the client it is reached by; safe to use from any thread.

    `commits` knows when this process last wrote what is mirrored, `written` what it wrote to a database in memory.
    What is in `on_close` is called before the connection is closed. `adoption` tells of customers of another
    application who are taken over in the background.
    """

    client: MongoClient[Document]
    database: Database[Document]
    commits: Commits | None = None
    written: Written | None = None
    on_close: list[Callable[[], object]] = field(default_factory=list)
    adoption: AdoptionProgress = field(default_factory=AdoptionProgress)

    @property
    def in_memory(self) -> bool:
        """Whether it is one of mongomock."""
        return self.written is not None

    def transact(self, work: Callable[[], Result]) -> Result:
        """Run `work` with all of its reads and writes in one transaction, which a nested call joins.

        `work` runs again when it collides with another transaction, so it must not have effects outside of the
        database. In memory there are no transactions: `work` just runs. Raises `DatabaseUnavailable` and
        `WriteCollision`.
        """
        if self.in_memory or self._is_in_transaction():
            return work()
        for _attempt in range(_MOST_ADOPTIONS):
            try:
                return self._transact(work)
            except NotAdopted as error:
                self.complete(error.ids)
        raise WriteCollision

    def complete(self, ids: Sequence[Any]) -> None:
        """Adopt those customers (by `_id`) now who are still to be adopted.

        Within a transaction, which could not see it, raises `NotAdopted`.
        """
        if self._is_in_transaction():
            raise NotAdopted(ids)
        self.adoption.complete(ids)

    def _is_in_transaction(self) -> bool:
        return _open_transaction.get() is self.client

    def _transact(self, work: Callable[[], Result]) -> Result:
        token = _open_transaction.set(self.client)
        try:
            with (
                translated_errors(),
                self.client.start_session() as session,
                session.bind(end_session=False),
            ):
                return run_in_transaction(session, work, on_collision=lambda: end_abandoned_transactions(self.client))
        finally:
            _open_transaction.reset(token)

    def end_abandoned(self) -> None:
        """End the transactions of Kinso's processes that are gone."""
        if not self.in_memory:
            end_abandoned_transactions(self.client)

    def settled_until(self) -> datetime:
        """The moment up to which nothing new can appear any more, and everything can be seen by who reads now.

        Raises `DatabaseUnavailable`.
        """
        if self.in_memory:
            return datetime.now(UTC) - ALLOWANCE
        with translated_errors():
            return settled_until(self.client)

    def ping(self) -> None:
        """Raise `DatabaseUnavailable` unless the server answers and takes writes."""
        with translated_errors(), pymongo.timeout(_PATIENCE):
            if self.in_memory:
                return
            if not self.client.admin.command("hello", read_preference=ReadPreference.PRIMARY).get("isWritablePrimary"):
                # It has just started, and does not know yet that it may write.
                raise DatabaseUnavailable
            # A server that cannot reach the majority says that it is primary for a while, and still answers reads.
            health = self.database.get_collection("health", write_concern=WriteConcern("majority"))
            health.update_one({"_id": "ping"}, {"$inc": {"count": 1}}, upsert=True)

    def close(self) -> None:
        """Give the sockets back; the connection cannot be used afterwards."""
        for call in self.on_close:
            call()
        self.client.close()


def connect(settings: Settings, uri: str | None = None) -> Connection:
    """A connection to `uri`, or else to the one in the settings; nothing is sent before its first use.

    Raises `ConfigurationError` for an address or a database name that cannot be one.
    """
    if settings.in_memory and uri is None:
        return _connect_in_memory(settings)
    address = uri or settings.mongodb_uri
    if address is None:
        raise ConfigurationError("There is no database address: set KINSO_MONGODB_URI, or use the embedded server.")
    name = _checked(settings.database)
    commits = Commits(name)
    try:
        if not address.startswith(_SCHEMES):
            raise ValueError
        client: MongoClient[Document] = MongoClient(
            address,
            connect=False,
            tz_aware=True,
            retryReads=True,
            retryWrites=True,
            serverSelectionTimeoutMS=3000,
            connectTimeoutMS=5000,
            waitQueueTimeoutMS=10_000,
            appname=application_name(),
            event_listeners=[commits],
            # Whatever another application stored can be read.
            datetime_conversion="DATETIME_CLAMP",
            unicode_decode_error_handler="replace",
        )
    except (PyMongoError, ValueError, TypeError):
        # The driver's message may repeat the password.
        raise ConfigurationError(
            "KINSO_MONGODB_URI is not a usable MongoDB address; write it like"
            " mongodb://user:password@host:27017/?replicaSet=rs0, with : / ? # [ ] @ % in the user name and the"
            " password escaped as %3A and so on."
        ) from None
    return Connection(client, _plain(client.get_database(name)), commits=commits)


def _connect_in_memory(settings: Settings) -> Connection:
    client, written = open_in_memory()
    return Connection(client, client[_checked(settings.database)], written=written)


def _checked(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,63}", name) or name in {"admin", "config", "local"}:
        raise ConfigurationError(
            f"KINSO_DATABASE “{name}” cannot be used; choose up to 63 letters, digits, hyphens and underscores,"
            " and not admin, config or local."
        )
    return name


def _plain(database: Database[Document]) -> Database[Document]:
    """The database without concerns of its own, whatever the URI asks for.

    A call that joins a transaction through the session's binding would repeat them, which the server refuses. Single
    writes are acknowledged by the majority all the same: that is what servers do by default since MongoDB 5.
    """
    return database.with_options(
        read_preference=ReadPreference.PRIMARY, write_concern=WriteConcern(), read_concern=ReadConcern()
    )


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Give up what takes longer, as `DatabaseUnavailable`: a server that hangs keeps its connections open."""
    with translated_errors(), pymongo.timeout(seconds):
        yield


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn failures to reach the database, or to hear from it in time, into `DatabaseUnavailable`."""
    try:
        yield
    except PyMongoError as error:
        # A long reading whose server restarted meanwhile has lost its cursor.
        lost = isinstance(error, ConnectionFailure | DriverConfigurationError | CursorNotFound)
        if lost or error.timeout or is_closed(error) or _codes_of(error) & _GOING_AWAY:
            raise DatabaseUnavailable from error
        raise


def _codes_of(error: PyMongoError) -> set[Any]:
    """The error's own code, and those that say why a write is not known to be with the majority."""
    details = getattr(error, "details", None) or {}
    concerns = [*details.get("writeConcernErrors", ()), details.get("writeConcernError") or {}, details]
    return {getattr(error, "code", None), *(concern.get("code") for concern in concerns)}


def in_batches(items: Iterable[Item], size: int = BATCH) -> Iterator[list[Item]]:
    """The items in their order, by default as many at once as one bulk write should hold."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
