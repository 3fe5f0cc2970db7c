"""The start-up step: collections, validators and indexes, and the adoption of customers that Kinso did not store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError, OperationFailure

from kinso.database.adoption import Adoption, adopt, mark_twins
from kinso.database.checksums import begin_marks, marks_of
from kinso.database.connection import Connection, translated_errors
from kinso.database.country import set_guessed_country
from kinso.database.ledger import complete_counts_at, open_ledger
from kinso.database.refolding import refold, rekey_ids
from kinso.database.schema import (
    COUNTED,
    INDEXES,
    REPLACED,
    UNIQUE_ID,
    create_collections,
    create_indexes,
    drop_indexes,
    fingerprint,
    flaws,
    is_present,
)
from kinso.database.search import HELPERS
from kinso.errors import ConfigurationError, StartupError

Document = dict[str, Any]

_NOT_SIGNED_IN = frozenset({18, 8000})
_NOT_PERMITTED = 13
_MOST_COLLISIONS = 5
_LOOKED_THROUGH_AT_START = 20_000
"""Customers who are brought up to date before Kinso opens, which takes about two seconds; the others are afterwards."""
_SHAPE = fingerprint()


def prepare(connection: Connection) -> Adoption:
    """Bring the database into the shape that Kinso relies on; safe to repeat and to run in two processes at once.

    Raises `DatabaseUnavailable`, and `StartupError` when what is there stands in the way.
    """
    database = connection.database
    if connection.in_memory:
        for name, indexes in INDEXES.items():
            if indexes:
                database[name].create_indexes(indexes)
        return Adoption()
    with translated_errors(), _explained_refusals(database.name):
        _demand_transactions(database)
        missing = missing_since_last_start(database)
        create_collections(database)
        # What keeps two processes from recording the same membership or balance twice has to be there when they adopt.
        complete_counts_at(database, indexed=is_present(database["sales"], COUNTED))
        for name in ("memberships", "sales"):
            create_indexes(database[name], INDEXES[name])
        set_guessed_country(database)
        adoption = _adopt_customers(connection, thorough=marks_of(database).shape != _SHAPE)
        if f"{HELPERS}.twin_1" not in database["customers"].index_information():
            mark_twins(database["customers"])
        for name, indexes in INDEXES.items():
            create_indexes(database[name], indexes)
        for name, indexes in REPLACED.items():
            if name != "users" or not _has_foreign_accounts(database):
                drop_indexes(database[name], indexes)
        open_ledger(connection)
        rekey_ids(database)
        refold(connection, most=_LOOKED_THROUGH_AT_START)
        begin_marks(database, _SHAPE)
        adoption.put_back = missing
        return adoption


def missing_since_last_start(database: Database[Document]) -> list[str]:
    """The same, of a database that this edition of Kinso has prepared already: somebody has removed them since."""
    return list(flaws(database)) if marks_of(database).shape == _SHAPE else []


@contextmanager
def _explained_refusals(name: str) -> Iterator[None]:
    try:
        yield
    except OperationFailure as error:
        if error.code in _NOT_SIGNED_IN:
            raise ConfigurationError(
                "The database refuses the user name or the password in KINSO_MONGODB_URI: correct them there."
            ) from error
        if error.code == _NOT_PERMITTED:
            raise ConfigurationError(
                f"The user in KINSO_MONGODB_URI may not prepare the database: give it the role dbOwner on {name}."
            ) from error
        raise


def _has_foreign_accounts(database: Database[Document]) -> bool:
    """Whether the index that stands there may be another application's."""
    return database["users"].find_one({"active": {"$not": {"$type": "bool"}}}, {"_id": True}) is not None


def _demand_transactions(database: Database[Document]) -> None:
    hello = database.client.admin.command("hello")
    if "setName" not in hello and hello.get("msg") != "isdbgrid" and not hello.get("isreplicaset"):
        raise StartupError(
            "The server of KINSO_MONGODB_URI is a standalone one, and Kinso needs a replica set for its transactions:"
            " restart it with --replSet rs0 and run rs.initiate() in mongosh once (one node is enough), or unset"
            " KINSO_MONGODB_URI to use the embedded server."
        )


def _adopt_customers(connection: Connection, *, thorough: bool) -> Adoption:
    customers = connection.database["customers"]
    total = Adoption()
    for _attempt in range(_MOST_COLLISIONS):
        unique = UNIQUE_ID in customers.index_information()
        total.add(adopt(connection, unique=unique, thorough=thorough))
        if unique:
            return total
        # Twins that somebody stored since they were looked for have to be separated first.
        with suppress(DuplicateKeyError):
            customers.create_indexes([index for index in INDEXES["customers"] if index.document["name"] == UNIQUE_ID])
    raise StartupError(
        "Customer IDs that differ in letter case, spaces or the like only keep being added to the database: stop the"
        " other application that writes to it, and start Kinso again."
    )
