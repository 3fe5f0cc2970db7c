"""Collections, validators and indexes: what they should be, whether they are, and making them so."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bson import json_util
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import CollectionInvalid, DuplicateKeyError, OperationFailure

from kinso.errors import StartupError
from kinso.models.fields import FIELDS, SPECIFIED

Document = dict[str, Any]

UNIQUE_ID = "kinso_unique_id"

_NAMESPACE_EXISTS = 48
_INDEX_NOT_FOUND = 27
_INDEX_CONFLICTS = frozenset({85, 86})
_EXPIRED_TOKENS_ARE_LISTED_FOR = 30 * 24 * 3600
_DRAFTS_ARE_KEPT_FOR = 30 * 24 * 3600
_RECENT_CUSTOMERS_ARE_KEPT_FOR = 90 * 24 * 3600
_LENGTH = 16
_ENFORCED = {"validationLevel": "moderate", "validationAction": "error"}
_DECISIVE = ("sparse", "hidden")

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
            **{field.name: {"bsonType": field.type.bson} for field in FIELDS[:SPECIFIED]},
            "purchaseAmount": _COUNT,
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
    "segments": _object(
        {
            **{"owner": _TEXT, "byName": _TEXT, "name": _TEXT, "key": _TEXT, "description": _TEXT, "color": _TEXT},
            **{"shared": _FLAG, "filter": _TEXT, "erased": _FLAG},
            **{"createdAt": _DATE, "updatedAt": _DATE, "version": _COUNT},
        }
    ),
    "merged": _object({"into": _TEXT, "run": _TEXT, "at": _DATE, "byName": _TEXT, "customer": _ANY}),
    "different_people": _object({"one": _TEXT, "other": _TEXT, "at": _DATE, "byName": _TEXT}),
    "settings_changes": _object({"at": _DATE, "byName": _TEXT, "before": _ANY, "after": _ANY}),
    "runs": _object({"kind": _TEXT, "status": _TEXT, "startedAt": _DATE, "heartbeatAt": _DATE, "changed": _COUNT}),
}
"""What MongoDB itself refuses to store; further fields are welcome."""


def _index(*keys: str, **options: Any) -> IndexModel:
    """An index on `keys`; a minus sign marks a descending one."""
    order = [(key.removeprefix("-"), DESCENDING if key.startswith("-") else ASCENDING) for key in keys]
    return IndexModel(order, **options)


UNIQUE_ID_FOR_NOW = _index("search.id", unique=True, sparse=True, name="kinso_unique_id_for_now")
"""Stands for `UNIQUE_ID` until all customers of another application have been adopted."""
CASE_DUPLICATES = _index("search.twin", sparse=True)

INDEXES: dict[str, list[IndexModel]] = {
    "customers": [
        _index("search.id", unique=True, name=UNIQUE_ID),
        CASE_DUPLICATES,
        _index("search.aliases", unique=True, sparse=True),
        _index("search.name", "_id"),
        _index("createdAt", "_id"),
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
    "recent_customers": [
        _index("customers"),
        _index("updatedAt", expireAfterSeconds=_RECENT_CUSTOMERS_ARE_KEPT_FOR),
    ],
    "attempts": [_index("expiresAt", expireAfterSeconds=0), _index("account", "at"), _index("address", "at")],
    "changes": [
        _index("customer"),
        _index("idKey"),
        # Most changes belong to no run.
        _index("run", "_id", partialFilterExpression={"run": {"$gt": ""}}, name="kinso_changes_of_runs"),
        _index("at", "_id"),
        _index("kind", "at", "_id", partialFilterExpression={"kind": "delete"}, name="kinso_deletions"),
        _index("kind", "at", "_id", partialFilterExpression={"kind": "erase"}, name="kinso_erasures"),
    ],
    "runs": [
        _index("startedAt", "_id"),
        _index("status", partialFilterExpression={"status": "running"}, name="kinso_running"),
    ],
    "memberships": [
        _index("customer", unique=True, partialFilterExpression={"open": True}, name="kinso_one_open_membership"),
        _index("customer", "-from"),
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
    ],
    "segments": [
        _index("owner", "key", unique=True, name="kinso_unique_segment_of_a_person"),
        _index("key", unique=True, partialFilterExpression={"shared": True}, name="kinso_unique_shared_segment"),
    ],
    "segment_notes": [_index("segment", "day", "kind", "part", unique=True)],
    "different_people": [_index("one", "other", unique=True), _index("other")],
    "trash": [
        _index("deletedAt", "_id"),
        _index("customer.search.id"),
        _index("customer.search.aliases", sparse=True),
    ],
    "merged": [_index("into"), _index("run")],
    "settings": [],
    "settings_changes": [_index("at", "_id")],
    "setup": [],
    "backups": [],
}
"""Every collection with its indexes; `_id` at the end settles the order of equals."""


REPLACED: dict[str, list[IndexModel]] = {
    "users": [_index("email", unique=True, name="email_1")],
    "sales": [_index("void", "kind", "soldAt", "customer", "amount"), _index("void", "soldAt", "_id")],
    "changes": [_index("customer", "at", "_id"), _index("idKey", "at", "_id"), _index("run", "_id")],
}
"""What an earlier version had an index for, and has another one for now."""
OF_LISTS: dict[str, list[IndexModel]] = {
    "customers": [
        _index("search.contact", "_id"),
        _index("search.keys", sparse=True),
        _index("purchaseAmount", "_id"),
        _index("membershipStatus", "search.name", "_id"),
        _index("-membershipStatus", "search.name", "_id"),
        _index("membershipStatus", "createdAt"),
        _index("membershipStatus", "purchaseAmount", "_id"),
        _index("membershipStatus", "membershipHeld", "purchaseAmount", "_id"),
        _index("updatedAt", "_id"),
    ],
    "sales": [
        _index("void", "kind", "countsAt", "customer", "amount"),
        _index("void", "kind", "customer", "soldAt"),
        _index("void", "soldAt", "_id", "kind"),
    ],
    "memberships": [_index("to", "from")],
}
"""What lists and figures were read from; the mirror answers those."""


def essence(index: Mapping[str, Any]) -> tuple[Any, ...]:
    """What makes two indexes interchangeable for a start, whatever their names."""
    keys = tuple((key, int(direction)) for key, direction in index["key"].items())
    part = json_util.dumps(index.get("partialFilterExpression"), sort_keys=True)
    return (keys, bool(index.get("unique")), index.get("expireAfterSeconds"), part)


def validation(validator: Document) -> Document:
    """The options of a collection that is guarded by this validator."""
    return {"validator": {"$jsonSchema": validator}, **_ENFORCED}


def fingerprint() -> str:
    """Changes with any of the indexes and validators that should be."""
    everything = {name: [index.document for index in each] for name, each in INDEXES.items()}
    text = json_util.dumps([everything, VALIDATORS], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]


def flaws(database: Database[Document]) -> Iterator[str]:
    """Each index and validator that is missing or another one than it should be, as the beginning of a sentence."""
    options = {found["name"]: found.get("options", {}) for found in database.list_collections()}
    for name, validator in VALIDATORS.items():
        wanted = validation(validator)
        if {key: options.get(name, {}).get(key) for key in wanted} != wanted:
            yield f"the validator of the collection {name} is missing, or another one than it should be"
    for name, wanted_indexes in INDEXES.items():
        indexes = database[name].list_indexes() if wanted_indexes and name in options else ()
        present = [(essence(index), index) for index in indexes]
        for index in wanted_indexes:
            if flaw := _flaw(index.document, present):
                yield f"the index on {', '.join(index.document['key'])} of the collection {name} {flaw}"


def _flaw(wanted: Mapping[str, Any], present: Sequence[tuple[tuple[Any, ...], Mapping[str, Any]]]) -> str | None:
    sought = essence(wanted)
    alike = [index for found, index in present if found == sought]
    if not alike:
        return "is missing"
    if not any(_decisive(index) == _decisive(wanted) for index in alike):
        return "is another one than it should be; drop it and start Kinso again"
    return None


def _decisive(index: Mapping[str, Any]) -> list[Any]:
    return [index.get(option) or None for option in _DECISIVE]


def create_collections(database: Database[Document]) -> None:
    """Create what is missing, and have every collection guarded by its validator."""
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


def create_indexes(collection: Collection[Document], indexes: Iterable[IndexModel]) -> None:
    """Create those that are missing; raises `StartupError` when what is there stands in the way."""
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


def is_present(collection: Collection[Document], index: IndexModel) -> bool:
    """Whether there is an index that is as good as this one."""
    return essence(index.document) in map(essence, collection.list_indexes())


def drop_indexes(collection: Collection[Document], indexes: Iterable[IndexModel]) -> None:
    """Drop those that are there."""
    unwanted = [essence(index.document) for index in indexes]
    for index in list(collection.list_indexes()):
        if essence(index) in unwanted:
            _drop(collection, index["name"])


def drop_index(collection: Collection[Document], index: IndexModel) -> None:
    """Drop the one with this name, and none that only is as good as it."""
    _drop(collection, index.document["name"])


def _drop(collection: Collection[Document], name: str) -> None:
    try:
        collection.drop_index(name)
    except OperationFailure as error:
        # Another process that starts at the same time has dropped it already.
        if error.code != _INDEX_NOT_FOUND:
            raise


def _said(error: OperationFailure) -> str:
    return str((error.details or {}).get("errmsg", ""))
