"""Runs the migrations that a database has not had yet: each once, in one process at a time."""

from __future__ import annotations

import logging
import os
import platform
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError, PyMongoError

from kinso import __version__
from kinso.database.connection import Connection
from kinso.database.migrations.numbered import MIGRATIONS, Migration
from kinso.database.processes import described, has_ended, this_process
from kinso.errors import StartupError

Document = dict[str, Any]

LOCK = "migrating"
"""The collection of the lock. It is in no backup, for what is restored or copied is held by nobody."""
STATE = "migrations"
"""The `_id` of the version among the settings."""
NEWEST = MIGRATIONS[-1].number

_PATIENCE = 600.0
_STEP = 0.1
_RENEWED_AFTER = 5.0
_SILENT = 30.0
"""Seconds after which who holds the lock without a sign is taken to be gone."""

_log = logging.getLogger(__name__)


def version_of(database: Database[Document]) -> int:
    """The number of the last migration that this database has had; 0 for one from before there were any."""
    return int((database["settings"].find_one({"_id": STATE}) or {}).get("version", 0))


def demand_known_version(database: Database[Document], newest: int = NEWEST) -> None:
    """Raise `StartupError` for a database that a newer Kinso has changed."""
    state = database["settings"].find_one({"_id": STATE}) or {}
    if state.get("version", 0) > newest:
        raise StartupError(
            f"The data in the database {database.name} have version {state['version']}, which a newer Kinso"
            f" ({state.get('kinso', '')}) gave them, and this one ({__version__}) reads versions up to {newest}: start"
            " the newer Kinso, or name another database in KINSO_DATABASE."
        )


def migrate(connection: Connection, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Run what is missing, or wait until another process has done so.

    Raises `StartupError` when that one is not done within ten minutes, and for what stands in the way.
    """
    database = connection.database
    if version_of(database) >= migrations[-1].number:
        return
    with _alone(database[LOCK]) as working_on:
        for migration in migrations:
            if migration.number > version_of(database):
                working_on.append(migration.title)
                migration.work(connection)
                record_version(database, migration.number)


def record_version(database: Database[Document], number: int = NEWEST) -> None:
    """Remember that the database has had all migrations up to this one."""
    state = {"$max": {"version": number}, "$set": {"kinso": __version__}}
    database["settings"].update_one({"_id": STATE}, state, upsert=True)


@contextmanager
def _alone(locks: Collection[Document]) -> Iterator[list[str]]:
    """Hold the lock; of the list that is yielded, the last one is what is being done."""
    mine = {"_id": STATE, "token": uuid.uuid4().hex}
    titles: list[str] = []
    done = threading.Event()
    signs = threading.Thread(target=_give_signs, args=(locks, mine, titles, done), daemon=True)
    _wait_for(locks, mine)
    signs.start()
    try:
        yield titles
    finally:
        done.set()
        signs.join()
        # Where the database is away, the lock ends by itself.
        with suppress(PyMongoError):
            locks.delete_one(mine)


def _give_signs(locks: Collection[Document], mine: Document, titles: Sequence[str], done: threading.Event) -> None:
    while not done.wait(_RENEWED_AFTER):
        _log.warning("Bringing the database up to date: %s.", "".join(titles[-1:]))
        with suppress(PyMongoError):
            locks.update_one(mine, {"$currentDate": {"at": True}})


def _wait_for(locks: Collection[Document], mine: Document) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not _take(locks, mine):
        if time.monotonic() > deadline:
            holder = described(locks.find_one({"_id": STATE}) or mine)
            raise StartupError(
                f"Another process of Kinso ({holder}) is still bringing the database up to date: wait until it is done,"
                " or end it, and start Kinso again."
            )
        time.sleep(_STEP)


def _take(locks: Collection[Document], mine: Document) -> bool:
    """Take the lock if nobody has it, or whoever had it is gone."""
    if (held := locks.find_one({"_id": STATE})) and has_ended(held["by"]):
        locks.delete_one({"_id": STATE, "token": held["token"]})
    silent = {"$lt": ["$at", {"$subtract": ["$$NOW", _SILENT * 1000]}]}
    locks.delete_one({"_id": STATE, "$expr": silent})
    facts = {"by": this_process(), "number": os.getpid(), "host": platform.node(), "since": datetime.now(UTC)}
    try:
        locks.update_one(mine, {"$set": facts, "$currentDate": {"at": True}}, upsert=True)
    except DuplicateKeyError:
        return False
    return True
