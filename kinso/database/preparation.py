"""The preparation of a database at every start.

Migrations run once in the life of a database (`kinso.database.migrations`). The steps here are looked at by every
start, because other applications and people can change a database at any time: customers and ledger entries that Kinso
did not store are adopted, collections, validators and indexes that a hand removed are put back, and what customers are
found by follows the country of the shop.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError, OperationFailure

from kinso.database.adoption import Adoption, adopt
from kinso.database.checksums import marks_of, note_shape
from kinso.database.connection import Connection, translated_errors
from kinso.database.country import set_guessed_country
from kinso.database.ledger import complete_counts_at
from kinso.database.migrations import demand_known_version, migrate, record_version
from kinso.database.refolding import refold
from kinso.database.schema import (
    INDEXES,
    UNIQUE_ID,
    create_collections,
    create_indexes,
    fingerprint,
    flaws,
)
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
    if connection.in_memory:
        return _prepare_in_memory(connection.database)
    with translated_errors(), _explained_refusals(connection.database.name):
        _demand_transactions(connection.database)
        demand_known_version(connection.database)
        return _prepare(connection)


def missing_since_last_start(database: Database[Document]) -> list[str]:
    """The flaws of a database that this edition of Kinso has prepared already: somebody has removed them since."""
    return list(flaws(database)) if marks_of(database).shape == _SHAPE else []


def _prepare(connection: Connection) -> Adoption:
    database = connection.database
    missing = missing_since_last_start(database)
    create_collections(database)
    set_guessed_country(database)
    migrate(connection)
    adoption = _adopt(connection, is_intact=not missing and marks_of(database).shape == _SHAPE)
    for name, indexes in INDEXES.items():
        create_indexes(database[name], indexes)
    refold(connection, most=_LOOKED_THROUGH_AT_START)
    note_shape(database, _SHAPE)
    adoption.put_back = missing
    return adoption


def _prepare_in_memory(database: Database[Document]) -> Adoption:
    """It is new, so there is nothing to migrate or adopt."""
    for name, indexes in INDEXES.items():
        if indexes:
            database[name].create_indexes(indexes)
    record_version(database)
    return Adoption()


def _adopt(connection: Connection, *, is_intact: bool) -> Adoption:
    """Take over what other applications, or an earlier Kinso, have stored since the last start.

    As long as the database `is_intact`, its validators have refused ledger entries that an earlier Kinso made.
    """
    database = connection.database
    # What keeps two processes from recording the same membership or balance twice has to be there before.
    for name in ("memberships", "sales"):
        create_indexes(database[name], INDEXES[name])
    if not is_intact:
        complete_counts_at(database)
    return _adopt_customers(connection, thorough=marks_of(database).shape != _SHAPE)


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
        # Case duplicates that somebody stored since they were looked for have to be separated first.
        with suppress(DuplicateKeyError):
            customers.create_indexes([index for index in INDEXES["customers"] if index.document["name"] == UNIQUE_ID])
    raise StartupError(
        "Customer IDs that differ in letter case, spaces or the like only keep being added to the database: stop the"
        " other application that writes to it, and start Kinso again."
    )
