"""The preparation of a database at every start.

Migrations run once in the life of a database (`kinso.database.migrations`). The steps here are looked at by every
start, because other applications and people can change a database at any time: customers and ledger entries that Kinso
did not store are adopted, collections, validators and indexes that a hand removed are put back, and what customers are
found by follows the country of the shop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError, OperationFailure

from kinso.database.adoption import (
    Adoption,
    adopt_all,
    adopt_bypassing,
    adopt_these,
    separate_case_duplicates,
)
from kinso.database.checksums import marks_of, note_shape
from kinso.database.connection import Connection, translated_errors
from kinso.database.country import set_guessed_country
from kinso.database.ledger import complete_counts_at
from kinso.database.migrations import demand_known_version, migrate, record_version
from kinso.database.refolding import note_current_edition, refold
from kinso.database.schema import (
    CASE_DUPLICATES,
    INDEXES,
    UNIQUE_ID,
    UNIQUE_ID_FOR_NOW,
    create_collections,
    create_indexes,
    drop_index,
    fingerprint,
    flaws,
)
from kinso.errors import ConfigurationError, StartupError

Document = dict[str, Any]

_NOT_SIGNED_IN = frozenset({18, 8000})
_NOT_PERMITTED = 13
_MOST_COLLISIONS = 5
_COMPLETED_AT_START = 20_000
"""Customers who are brought up to date before Kinso opens, which takes a few seconds; the others are afterwards."""
_COLLIDING = (
    "Customer IDs that differ in letter case, spaces or the like only keep being added to the database: stop the other"
    " application that writes to it, and start Kinso again."
)
_SHAPE = fingerprint()


def prepare(connection: Connection, *, in_background: bool = False) -> Adoption:
    """Bring the database into the shape that Kinso relies on; safe to repeat and to run in two processes at once.

    Many customers of another application are left to `finish_adoption` if that may happen `in_background`; until then
    `connection.adoption` is under way. Raises `DatabaseUnavailable`, and `StartupError` when what is there stands in
    the way.
    """
    if connection.in_memory:
        return _prepare_in_memory(connection.database)
    with translated_errors(), _explained_refusals(connection.database.name):
        _demand_transactions(connection.database)
        demand_known_version(connection.database)
        return _prepare(connection, in_background=in_background)


def finish_adoption(connection: Connection, adoption: Adoption, should_stop: Callable[[], bool]) -> bool:
    """Adopt everybody who is left, and put `connection.adoption` to its end; returns False if it was stopped before.

    Safe to repeat, and to run in two processes at once. Raises `DatabaseUnavailable` and `StartupError`.
    """
    connection.adoption.begin_again()
    with translated_errors(), _explained_refusals(connection.database.name):
        _adopt_all(connection, adoption, should_stop)
        if should_stop():
            return False
        _complete_preparation(connection)
        connection.adoption.end()
        return True


def missing_since_last_start(database: Database[Document]) -> list[str]:
    """The flaws of a database that this edition of Kinso has prepared already: somebody has removed them since."""
    return list(flaws(database)) if marks_of(database).shape == _SHAPE else []


def _prepare(connection: Connection, *, in_background: bool) -> Adoption:
    database, adoption = connection.database, Adoption()
    adoption.put_back = missing_since_last_start(database)
    create_collections(database)
    set_guessed_country(database)
    migrate(connection)
    is_as_left = not adoption.put_back and marks_of(database).shape == _SHAPE
    # What keeps two processes from recording the same membership or balance twice has to be there before.
    for name, indexes in INDEXES.items():
        if name != "customers":
            create_indexes(database[name], indexes)
    # As long as everything is as it was left, the validators have refused ledger entries that an earlier Kinso made.
    if not is_as_left:
        complete_counts_at(database)
    if UNIQUE_ID in database["customers"].index_information():
        (adopt_bypassing if marks_of(database).shape == _SHAPE else adopt_all)(connection, adoption)
    else:
        _guard_ids(database["customers"], adoption)
        if connection.adoption.is_under_way:
            return adoption
        if in_background and (count := database["customers"].estimated_document_count()) > _COMPLETED_AT_START:
            connection.adoption.begin(count, partial(adopt_these, connection, adoption))
            return adoption
        _adopt_all(connection, adoption)
    _complete_preparation(connection)
    return adoption


def _complete_preparation(connection: Connection) -> None:
    """What is done when all customers are complete."""
    create_indexes(connection.database["customers"], INDEXES["customers"])
    refold(connection, most=_COMPLETED_AT_START)
    note_shape(connection.database, _SHAPE)


def _prepare_in_memory(database: Database[Document]) -> Adoption:
    """It is new, so there is nothing to migrate or adopt."""
    for name, indexes in INDEXES.items():
        if indexes:
            database[name].create_indexes(indexes)
    record_version(database)
    return Adoption()


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


def _guard_ids(customers: Collection[Document], adoption: Adoption) -> None:
    """Keep two customers from having the same ID while only some of them have what is compared."""
    for _attempt in range(_MOST_COLLISIONS):
        try:
            create_indexes(customers, [CASE_DUPLICATES])
            customers.create_indexes([UNIQUE_ID_FOR_NOW])
            return
        except DuplicateKeyError:
            separate_case_duplicates(customers, adoption)
    raise StartupError(_COLLIDING)


def _adopt_all(connection: Connection, adoption: Adoption, should_stop: Callable[[], bool] = lambda: False) -> None:
    customers, progress = connection.database["customers"], connection.adoption
    unique = [index for index in INDEXES["customers"] if index.document["name"] == UNIQUE_ID]
    note_current_edition(connection.database)
    for _attempt in range(_MOST_COLLISIONS):
        adopt_all(connection, adoption, on_progress=progress.note, should_stop=should_stop)
        if should_stop():
            return
        try:
            customers.create_indexes(unique)
        except DuplicateKeyError:
            # Another application may have stored more of them just now.
            separate_case_duplicates(customers, adoption)
        else:
            drop_index(customers, UNIQUE_ID_FOR_NOW)
            return
    raise StartupError(_COLLIDING)
