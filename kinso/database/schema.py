"""The start-up step: collections, validators and indexes, and the adoption of customers that Kinso did not store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import CollectionInvalid, DuplicateKeyError, OperationFailure

from kinso.database.adoption import Adoption, adopt, mark_twins
from kinso.database.connection import Connection, translated_errors
from kinso.database.country import set_guessed_country
from kinso.database.counts_at import complete_counts_at
from kinso.database.ledger import open_ledger
from kinso.database.refolding import refold, rekey_ids
from kinso.database.seals import begin_marks, marks_of
from kinso.database.search import HELPERS
from kinso.database.shape import essence, fingerprint, flaws_of, validation
from kinso.errors import ConfigurationError, StartupError

Document = dict[str, Any]

UNIQUE_ID = "kinso_unique_id"

_NAMESPACE_EXISTS = 48
_INDEX_NOT_FOUND = 27
_INDEX_CONFLICTS = frozenset({85, 86})
_NOT_SIGNED_IN = frozenset({18, 8000})
_NOT_PERMITTED = 13
_MOST_COLLISIONS = 5
_LOOKED_THROUGH_AT_START = 20_000
"""Customers who are brought up to date before Kinso opens, which takes about two seconds; the others are afterwards."""
_EXPIRED_TOKENS_ARE_LISTED_FOR = 30 * 24 * 3600
_DRAFTS_ARE_KEPT_FOR = 30 * 24 * 3600

_TEXT = {"bsonType": "string"}
_DATE = {"bsonType": "date"}
_COUNT = {"bsonType": "number", "minimum": 0}
_AMOUNT = {"bsonType": "number"}
_FLAG = {"bsonType": "bool"}
_ANY = {"bsonType": "object"}
_TEXTS = {"bsonType": "array", "items": _TEXT}


def _object(required: Document, optional: Document | None = None) -> Document:
    return {"bsonType": "object", "required": list(required), "properties": {**required, **(optional or {})}}


VALIDATORS: dict[str, Document] = {
    "customers": _object(
        {
            "customerId": _TEXT,
            "customerName": _TEXT,
            "contactInfo": _TEXT,
            "purchaseAmount": _COUNT,
            "membershipStatus": _FLAG,
            "createdAt": _DATE,
            "updatedAt": _DATE,
            "search": _object({"id": _TEXT, "name": _TEXT, "contact": _TEXT, "text": _TEXT}, {"keys": _TEXTS}),
        },
        {"version": _COUNT, "membershipHeld": _FLAG},
    ),
    "users": _object(
        {
            "email": _TEXT,
            "name": _TEXT,
            "role": {"enum": ["analyst", "staff", "manager", "admin"]},
            "active": _FLAG,
            "passwordHash": _TEXT,
            "createdAt": _DATE,
        }
    ),
    "api_tokens": _object({"userId": {"bsonType": "objectId"}, "hash": _TEXT, "name": _TEXT, "createdAt": _DATE}),
    "changes": _object({"customer": _TEXT, "customerId": _TEXT, "kind": _TEXT, "at": _DATE, "version": _COUNT}),
    "sales": _object(
        {
            **{"saleId": _TEXT, "customer": _TEXT, "kind": _TEXT, "amount": _AMOUNT},
            **{"soldAt": _DATE, "countsAt": _DATE, "void": _FLAG},
        }
    ),
    "settings_changes": _object({"at": _DATE, "byName": _TEXT, "before": _ANY, "after": _ANY}),
    "runs": _object({"kind": _TEXT, "status": _TEXT, "startedAt": _DATE, "heartbeatAt": _DATE, "changed": _COUNT}),
}
"""What MongoDB itself refuses to store; further fields are welcome."""


def _index(*keys: str, **options: Any) -> IndexModel:
    """An index on `keys`; a minus sign marks a descending one."""
    order = [(key.removeprefix("-"), DESCENDING if key.startswith("-") else ASCENDING) for key in keys]
    return IndexModel(order, **options)


COUNTED = _index("void", "kind", "countsAt", "customer", "amount")
"""What sums over a period read."""

INDEXES: dict[str, list[IndexModel]] = {
    "customers": [
        _index("search.id", unique=True, name=UNIQUE_ID),
        _index("search.twin", sparse=True),
        _index("search.name", "_id"),
        _index("search.contact", "_id"),
        _index("search.keys", sparse=True),
        _index("purchaseAmount", "_id"),
        _index("membershipStatus", "search.name", "_id"),
        _index("-membershipStatus", "search.name", "_id"),
        _index("membershipStatus", "createdAt"),
        _index("membershipStatus", "purchaseAmount", "_id"),
        _index("membershipStatus", "membershipHeld", "purchaseAmount", "_id"),
        _index("createdAt", "_id"),
        _index("updatedAt", "_id"),
    ],
    "users": [
        _index(
            "email",
            unique=True,
            # Another application may keep its accounts here, and the same people in them.
            partialFilterExpression={"passwordHash": {"$type": "string"}, "active": {"$type": "bool"}},
            name="kinso_unique_email",
        )
    ],
    "sessions": [_index("expiresAt", expireAfterSeconds=0), _index("userId")],
    "api_tokens": [
        _index("hash", unique=True),
        _index("userId", "createdAt"),
        _index("expiresAt", expireAfterSeconds=_EXPIRED_TOKENS_ARE_LISTED_FOR),
    ],
    "requests": [_index("userId", "key", unique=True), _index("expiresAt", expireAfterSeconds=0)],
    "drafts": [
        _index("userId", "place", "updatedAt"),
        _index("customers"),
        _index("updatedAt", expireAfterSeconds=_DRAFTS_ARE_KEPT_FOR),
    ],
    "attempts": [_index("expiresAt", expireAfterSeconds=0), _index("account", "at"), _index("address", "at")],
    "changes": [
        _index("customer", "at", "_id"),
        _index("idKey", "at", "_id"),
        _index("run", "_id"),
        _index("at", "_id"),
        _index("kind", "at", "_id", partialFilterExpression={"kind": "delete"}, name="kinso_deletions"),
    ],
    "runs": [
        _index("startedAt", "_id"),
        _index("status", partialFilterExpression={"status": "running"}, name="kinso_running"),
    ],
    "memberships": [
        _index("customer", unique=True, partialFilterExpression={"open": True}, name="kinso_one_open_membership"),
        _index("customer", "-from"),
        _index("to", "from"),
    ],
    "sales": [
        _index("saleId", unique=True, partialFilterExpression={"void": False}, name="kinso_unique_sale_id"),
        _index("saleId", "trashed", partialFilterExpression={"trashed": True}, name="kinso_trashed_sale_id"),
        _index(
            *("trashed", "revenueOnly", "kind", "countsAt", "customer", "amount"),
            partialFilterExpression={"trashed": True},
            name="kinso_revenue_of_the_deleted",
        ),
        _index("customer", "soldAt", "_id"),
        COUNTED,
        _index("void", "kind", "customer", "soldAt"),
        _index("void", "soldAt", "_id", "kind"),
    ],
    "trash": [_index("deletedAt", "_id"), _index("customer.search.id")],
    "settings": [],
    "settings_changes": [_index("at", "_id")],
    "setup": [],
    "backups": [],
}
"""Every collection with its indexes; `_id` at the end settles the order of equals."""

_SHAPE = fingerprint(INDEXES, VALIDATORS)

_REPLACED: dict[str, list[IndexModel]] = {
    "users": [_index("email", unique=True, name="email_1")],
    "sales": [_index("void", "kind", "soldAt", "customer", "amount"), _index("void", "soldAt", "_id")],
}
"""What an earlier version had an index for, and nothing reads any more."""


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
        _validate(database)
        # What keeps two processes from recording the same membership or balance twice has to be there when they adopt.
        complete_counts_at(database, indexed=_is_present(database["sales"], COUNTED))
        for name in ("memberships", "sales"):
            _create_indexes(database[name], INDEXES[name])
        set_guessed_country(database)
        adoption = _adopt_customers(connection, thorough=marks_of(database).shape != _SHAPE)
        if f"{HELPERS}.twin_1" not in database["customers"].index_information():
            mark_twins(database["customers"])
        for name, indexes in INDEXES.items():
            _create_indexes(database[name], indexes)
        for name, indexes in _REPLACED.items():
            if name != "users" or not _has_foreign_accounts(database):
                _drop_indexes(database[name], indexes)
        open_ledger(connection)
        rekey_ids(database)
        refold(connection, most=_LOOKED_THROUGH_AT_START)
        begin_marks(database, _SHAPE)
        adoption.put_back = missing
        return adoption


def flaws(database: Database[Document]) -> list[str]:
    """Each index and validator that is missing or another one than it should be, as the beginning of a sentence."""
    return list(flaws_of(database, INDEXES, VALIDATORS))


def missing_since_last_start(database: Database[Document]) -> list[str]:
    """The same, of a database that this edition of Kinso has prepared already: somebody has removed them since."""
    return flaws(database) if marks_of(database).shape == _SHAPE else []


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


def _validate(database: Database[Document]) -> None:
    existing = {found["name"]: found.get("options", {}) for found in database.list_collections()}
    for name in INDEXES:
        if name not in existing:
            _create(database, name)
            existing[name] = {}
        wanted = validation(VALIDATORS[name]) if name in VALIDATORS else {}
        if any(existing[name].get(option) != value for option, value in wanted.items()):
            database.command("collMod", name, **wanted)


def _create(database: Database[Document], name: str) -> None:
    try:
        database.create_collection(name)
    except CollectionInvalid:
        return
    except OperationFailure as error:
        if error.code != _NAMESPACE_EXISTS:
            raise


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


def _create_indexes(collection: Collection[Document], indexes: Iterable[IndexModel]) -> None:
    present = [essence(index) for index in collection.list_indexes()]
    missing = [index for index in indexes if essence(index.document) not in present]
    if not missing:
        return
    try:
        collection.create_indexes(missing)
    except DuplicateKeyError as error:
        raise StartupError(
            f"The collection {collection.name} holds two documents that must not be alike ({_said(error)}): remove one"
            " of them, or set KINSO_DATABASE to another database."
        ) from error
    except OperationFailure as error:
        if error.code not in _INDEX_CONFLICTS:
            raise
        raise StartupError(
            f"An index of another application stands in the way in the collection {collection.name} ({_said(error)}):"
            " drop that index, or set KINSO_DATABASE to another database."
        ) from error


def _is_present(collection: Collection[Document], index: IndexModel) -> bool:
    return essence(index.document) in map(essence, collection.list_indexes())


def _drop_indexes(collection: Collection[Document], indexes: Iterable[IndexModel]) -> None:
    unwanted = [essence(index.document) for index in indexes]
    for index in list(collection.list_indexes()):
        if essence(index) in unwanted:
            try:
                collection.drop_index(index["name"])
            except OperationFailure as error:
                # Another process that starts at the same time has dropped it already.
                if error.code != _INDEX_NOT_FOUND:
                    raise


def _said(error: OperationFailure) -> str:
    return str((error.details or {}).get("errmsg", ""))
