"""Backups: the whole database as it was at one moment, into a file and from it into an empty database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO, Any

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import OperationFailure

from kinso.database.backup_file import BackupReader, BackupWriter
from kinso.database.connection import Connection, in_batches, translated_errors
from kinso.database.migrations import LOCK, STATE
from kinso.database.preparation import prepare
from kinso.database.processes import NOTES, demand_nobody_else
from kinso.database.schema import INDEXES
from kinso.errors import BackupDamaged, ConfigurationError, Conflict, DatabaseUnavailable, StartupError

Progress = Callable[[int, int], None]
Counts = dict[str, int]

RESTORE_AGAIN = "restore again"
"""What to do once nobody else has the database open."""

_AT_ONCE = 1_000
_SNAPSHOT_TOO_OLD = 239
_SNAPSHOT_UNAVAILABLE = 246
_WINDOW = "minSnapshotHistoryWindowInSeconds"
_USUAL = 300
_LONG_ENOUGH = 6 * 3600
PASSING = frozenset({"sessions", "requests", "attempts", "drafts", "recent_customers", "backups", "segment_notes"})
"""What belongs to the people and processes at work at the moment, not to the shop."""
_LAST = ("users", "runs")
"""Nobody signs in, and nothing unfinished is undone, before everything else is there."""
_KEPT = [name for name in INDEXES if name not in PASSING and name not in _LAST] + list(_LAST)
_AS_IT_IS: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)

_OF_A_START = PASSING | {"health", "setup", NOTES, LOCK}
_SETTINGS_OF_A_START = ["ledger", "search", "checks", "mirror", STATE]
"""What a start of Kinso writes into an empty database."""


def write_backup(
    connection: Connection, file: IO[bytes], on_progress: Progress, *, our_server: bool = False
) -> tuple[datetime, Counts]:
    """Write all that lasts, as it is at this moment, while others go on working; returns the moment and the counts.

    `our_server` is one whose settings may be changed for the time of it. `on_progress` gets the documents written and
    about how many there are. Raises `Conflict` when it takes longer than the server remembers the moment.
    """
    if connection.in_memory:
        raise ConfigurationError(
            "What is in memory only cannot be backed up: set KINSO_MONGODB_URI to a MongoDB server, or unset it."
        )
    with translated_errors(), _remembering(connection, our_server), _snapshot(connection) as session:
        return _write(connection.database, session, file, on_progress)


def read_backup(reader: BackupReader, on_progress: Progress) -> Counts:
    """Read all of a backup without any database; returns how many documents of each. Raises `BackupDamaged`."""
    reader.verify()
    counts: Counts = {}
    done = 0
    for name, documents in reader.collections():
        counts[name] = sum(1 for _ in documents)
        done += counts[name]
        on_progress(done, done)
    return counts


def restore_backup(connection: Connection, reader: BackupReader, on_progress: Progress) -> Counts:
    """Fill the empty database from a backup; returns how many documents of each collection.

    Raises `BackupDamaged` before anything is written, `StartupError` when the database is not empty, and `Conflict`
    while Kinso is running on it. When something goes wrong later, the database is empty again.
    """
    reader.verify()
    with translated_errors():
        _demand_empty(connection)
        demand_nobody_else(connection, RESTORE_AGAIN)
        prepare(connection)
        try:
            clear(connection.database)
            counts = _fill(connection.database, reader, on_progress)
            prepare(connection)
            return counts
        except BaseException:
            clear(connection.database)
            raise


def _write(
    database: Database[Any], session: ClientSession, file: IO[bytes], on_progress: Progress
) -> tuple[datetime, Counts]:
    total = sum(database[name].estimated_document_count() for name in _KEPT)
    counts: Counts = {}
    made_at = datetime.now(UTC)
    with BackupWriter(file, made_at) as writer:
        for name in _KEPT:
            collection = database.get_collection(name, codec_options=_AS_IT_IS)
            found = collection.find(session=session, batch_size=_AT_ONCE)
            before, counts[name] = sum(counts.values()), 0
            for number in writer.add(name, (document.raw for document in found)):
                counts[name] = number
                on_progress(before + number, max(total, before + number))
    return made_at, counts


@contextmanager
def _snapshot(connection: Connection) -> Iterator[ClientSession]:
    """A session in which all reading sees the moment of the first one."""
    try:
        with connection.client.start_session(snapshot=True) as session:
            connection.database["settings"].find_one({}, session=session)
            yield session
    except OperationFailure as error:
        if error.code not in {_SNAPSHOT_TOO_OLD, _SNAPSHOT_UNAVAILABLE}:
            raise
        raise Conflict(
            "The server forgot the moment of the backup before it was done: make it when less is going on, or set"
            f" {_WINDOW} of the server to more seconds than it takes."
        ) from error


@contextmanager
def _remembering(connection: Connection, our_server: bool) -> Iterator[None]:
    """Have our own server remember the moment for as long as a backup of any size takes."""
    if not our_server:
        yield
        return
    admin = connection.client.admin
    admin.command({"setParameter": 1, _WINDOW: _LONG_ENOUGH})
    try:
        yield
    finally:
        admin.command({"setParameter": 1, _WINDOW: _USUAL})


def _demand_empty(connection: Connection) -> None:
    try:
        connection.ping()
    except DatabaseUnavailable as error:
        raise StartupError("The database to restore into does not answer: check whether it runs.") from error
    if name := first_filled(connection.database):
        raise StartupError(
            f"The database {connection.database.name} is not empty, {name} has documents: set KINSO_DATA_DIR to an"
            " empty folder, or KINSO_DATABASE to another name, and restore there."
        )


def _fill(database: Database[Any], reader: BackupReader, on_progress: Progress) -> Counts:
    counts: Counts = {}
    done = 0
    for name, documents in reader.collections():
        if name not in INDEXES:
            raise BackupDamaged
        counts[name] = 0
        for batch in in_batches(map(RawBSONDocument, documents), _AT_ONCE):
            database.get_collection(name, codec_options=_AS_IT_IS).insert_many(batch, ordered=False)
            counts[name] += len(batch)
            done += len(batch)
            on_progress(done, done)
    return counts


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
