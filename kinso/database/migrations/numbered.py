"""The numbered migrations in their order; how to add one is told in the docstring of the package."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pymongo.database import Database

from kinso.database.adoption import mark_case_duplicates
from kinso.database.checksums import begin_checksums
from kinso.database.connection import Connection
from kinso.database.ledger import complete_counts_at, open_ledger
from kinso.database.refolding import rekey_ids
from kinso.database.schema import INDEXES, REPLACED, create_indexes, drop_indexes
from kinso.database.search import HELPERS

_CASE_DUPLICATE_INDEX = f"{HELPERS}.twin_1"


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


def _has_foreign_accounts(database: Database[dict[str, object]]) -> bool:
    """Whether the index that stands there may be another application's."""
    return database["users"].find_one({"active": {"$not": {"$type": "bool"}}}, {"_id": True}) is not None


def _rekey_ids(connection: Connection) -> None:
    rekey_ids(connection.database)


def _begin_checksums(connection: Connection) -> None:
    begin_checksums(connection.database)


MIGRATIONS = (
    Migration(1, "ledger entries get the moment at which they count", _date_entries),
    Migration(2, "IDs that differ in letter case only are marked", _mark_case_duplicates),
    Migration(3, "every purchase amount is explained by the ledger", _open_ledger),
    Migration(4, "indexes that nothing reads any more are dropped", _drop_replaced_indexes),
    Migration(5, "IDs get the compared form of edition 3", _rekey_ids),
    Migration(6, "records carry checksums from now on", _begin_checksums),
)
"""After another edition of `kinso.models.folding.FOLDING`, a further one does what 5 did."""
