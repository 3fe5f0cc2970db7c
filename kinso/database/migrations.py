"""Changes of what is stored, each made once in the life of a database, and known by its number.

The database stores the number of the last one it has had (`settings`, `_id` “migrations”). A start runs what is missing
in the order of the numbers, one process at a time, and refuses a database that a newer Kinso has changed. Backups and
copies carry the number with them.

To add one:

1. Write a function of a `Connection` below, or beside what it is about, and append it to `MIGRATIONS`
   with the next number and a title that reads on after “Bringing the database up to date:”. Never change the number or
   the meaning of one that was released.
2. Have it be harmless when repeated: a process may be killed in the middle, and then it is run again from its
   beginning. People may work meanwhile in processes that run already, so let each write name what it read, and work in
   batches.
3. It finds the collections and validators of today, which are declared in `kinso.database.schema` and need no migration
   of their own; but perhaps not yet an index that is new, nor customers whom another application stored. Indexes are
   created and customers adopted after it, so set here what every stored customer would lack of a new field:
   that takes seconds, and the adoption of each takes minutes. What needs an index creates it by `create_indexes`.
4. Test it in `tests/integration/database/test_migrations.py`: what an earlier Kinso stored, and what it has become.

What has to be done at every start, because other programs and people can change a database at any time, is no
migration: it belongs in `kinso.database.preparation`.
"""

from __future__ import annotations

import logging
import os
import platform
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError, PyMongoError

from kinso import __version__
from kinso.database.adoption import mark_case_duplicates
from kinso.database.checksums import begin_checksums
from kinso.database.connection import Connection
from kinso.database.ledger import complete_counts_at, open_ledger
from kinso.database.processes import described, has_ended, this_process
from kinso.database.refolding import rekey_ids
from kinso.database.schema import INDEXES, OF_LISTS, REPLACED, create_indexes, drop_indexes
from kinso.database.search import HELPERS
from kinso.errors import StartupError

Document = dict[str, Any]
LOCK = "migrating"
"""The collection of the lock. It is in no backup, for what is restored or copied is held by nobody."""
STATE = "migrations"
"""The `_id` of the version among the settings."""
_CASE_DUPLICATE_INDEX = f"{HELPERS}.twin_1"
_PATIENCE = 600.0
_STEP = 0.1
_RENEWED_AFTER = 5.0
_SILENT = 30.0
"""Seconds after which who holds the lock without a sign is taken to be gone."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Migration:
    """`work` brings what is stored from the version before to version `number`; harmless when repeated."""

    number: int
    title: str
    work: Callable[[Connection], None]


def _date_entries(connection: Connection) -> None:
    complete_counts_at(connection.database)


def _mark_case_duplicates(connection: Connection) -> None:
    customers = connection.database["customers"]
    # Whoever created the index has marked them before.
    if _CASE_DUPLICATE_INDEX not in customers.index_information():
        mark_case_duplicates(customers)


def _open_ledger(connection: Connection) -> None:
    # They find the entries of a customer, and keep a balance from being recorded twice.
    create_indexes(connection.database["sales"], INDEXES["sales"])
    open_ledger(connection)


def _drop_replaced_indexes(connection: Connection) -> None:
    database = connection.database
    for name, indexes in REPLACED.items():
        create_indexes(database[name], INDEXES[name])
        if name != "users" or not _has_foreign_accounts(database):
            drop_indexes(database[name], indexes)


def _drop_indexes_of_lists(connection: Connection) -> None:
    for name, indexes in OF_LISTS.items():
        drop_indexes(connection.database[name], indexes)


def _has_foreign_accounts(database: Database[Document]) -> bool:
    """Whether the index that stands there may be another application's."""
    return database["users"].find_one({"active": {"$not": {"$type": "bool"}}}, {"_id": True}) is not None


def _rekey_ids(connection: Connection) -> None:
    rekey_ids(connection.database)


def _begin_checksums(connection: Connection) -> None:
    begin_checksums(connection.database)


def _tell_registrations(connection: Connection) -> None:
    """Out of the history, within the server; what mongomock holds has no past."""
    if connection.in_memory:
        return
    database = connection.database
    files = [run["_id"] for run in database["runs"].find({"kind": {"$in": ["import", "purchases"]}}, {"_id": True})]
    runs = [each for id in files for each in (id, str(id))]
    is_from_file = {"$and": [{"$in": ["$run", runs]}, {"$ne": ["$source", "api"]}]}
    source = {"$cond": [is_from_file, "import", "$source"]}
    database["changes"].aggregate(
        [
            {"$match": {"kind": "create"}},
            {
                "$project": {
                    "_id": {"$convert": {"input": "$customer", "to": "objectId", "onError": "$customer"}},
                    "registration": {"byId": "$byId", "byName": "$byName", "source": source},
                }
            },
            {"$merge": {"into": "customers", "on": "_id", "whenMatched": "merge", "whenNotMatched": "discard"}},
        ],
        allowDiskUse=True,
    )


MIGRATIONS = (
    Migration(1, "ledger entries get the moment at which they count", _date_entries),
    Migration(2, "IDs that differ in letter case only are marked", _mark_case_duplicates),
    Migration(3, "every purchase amount is explained by the ledger", _open_ledger),
    Migration(4, "indexes that nothing reads any more are dropped", _drop_replaced_indexes),
    Migration(5, "IDs get the compared form of edition 3", _rekey_ids),
    Migration(6, "records carry checksums from now on", _begin_checksums),
    Migration(7, "indexes that only lists and figures read are dropped", _drop_indexes_of_lists),
    Migration(8, "indexes of the history take less room", _drop_replaced_indexes),
    Migration(9, "customers tell who registered them", _tell_registrations),
    Migration(10, "phone numbers get the compared form of edition 4", _rekey_ids),
)
"""After another edition of `kinso.models.text.FOLDING`, a further one does what 5 did."""
NEWEST = MIGRATIONS[-1].number


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
