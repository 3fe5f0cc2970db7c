"""Documents and models: how each becomes the other, and the conversions that every repository needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from bson import ObjectId
from bson.errors import InvalidId
from pymongo import InsertOne
from pymongo.collection import Collection
from pymongo.cursor import Cursor
from pymongo.errors import BulkWriteError

from kinso.database import search
from kinso.errors import DuplicateCustomerId
from kinso.models.accounts import Actor, RegistrationSource
from kinso.models.customers import Customer, CustomerDraft
from kinso.models.fields import FIELDS, entered, erased, recorded, to_stored
from kinso.models.stored import readable_moment, readable_version, trusted
from kinso.models.text import id_key

Document = Mapping[str, Any]


def erased_id(id: str) -> str:
    """The customer ID of somebody with this `_id` who was erased."""
    return f"erased-{id}"


def object_id(text: str) -> ObjectId | None:
    """The ObjectId that `text` spells, or None when it spells none."""
    try:
        return ObjectId(text)
    except (InvalidId, TypeError):
        return None


def canonical_id(text: str) -> str:
    """An `_id` as it is written wherever it is stored as text; what is none stays as it is."""
    key = object_id(text)
    return str(key) if key else text


def new_id() -> str:
    """A fresh identifier."""
    return str(ObjectId())


def now() -> datetime:
    """This moment in UTC, to the millisecond, as MongoDB will return it."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def without_decimals(values: Document) -> dict[str, Any]:
    """Values as MongoDB keeps them: an amount is the double nearest to its cents."""
    return {key: float(value) if isinstance(value, Decimal) else value for key, value in values.items()}


def with_text_id(document: Document) -> dict[str, Any]:
    """The document with `_id` as text, for models."""
    return {**document, "_id": str(document["_id"])}


SEARCHED = frozenset(field.name for field in FIELDS if field.searchable) | {search.ALIASES}
"""What the helper fields are made of."""
VISIBLE = {search.HELPERS: False, "__v": False}
"""What of a customer document is read for a model."""
DUPLICATE_KEY = 11000
_ATTRIBUTES = {field.alias or name: name for name, field in Customer.model_fields.items()}
"""What is stored under a name is called this in Python."""
_READ = tuple((field.name, field.attribute, field.type.read) for field in FIELDS)
_BATCH = 10_000
_UNKNOWN = datetime(1970, 1, 1, tzinfo=UTC)
"""When somebody was registered of whom nothing tells."""


def erased_document(document: dict[str, Any], alias: str, at: datetime) -> dict[str, Any]:
    """The document without what tells who somebody is; fields that another application added are left out, too."""
    kept = erased({**document, "updatedAt": at}, alias)
    return {
        **kept,
        "version": readable_version(document.get("version")) + 1,
        search.HELPERS: search.helper_fields(kept, country=""),
    }


def is_adopted(document: Mapping[str, Any]) -> bool:
    """Whether Kinso has stored this customer, or has adopted them from another application."""
    return "membershipHeld" in document


def at_once(cursor: Cursor[dict[str, Any]]) -> Cursor[dict[str, Any]]:
    """The cursor, made to bring what a batch needs in one round trip; by itself it brings 101 documents at first."""
    return cursor.batch_size(_BATCH)


def insert_all(customers: Collection[dict[str, Any]], documents: Sequence[dict[str, Any]]) -> None:
    """Insert complete documents in one round trip; raises `DuplicateCustomerId` for the first whose ID is taken."""
    if not documents:
        return
    try:
        customers.bulk_write([InsertOne(document) for document in documents])
    except BulkWriteError as error:
        failed = error.details["writeErrors"][0]
        if failed["code"] == DUPLICATE_KEY:
            raise DuplicateCustomerId(str(documents[failed["index"]]["customerId"])) from error
        raise


def _at_version(key: ObjectId, version: int) -> dict[str, Any]:
    # What is missing or no number, by hand or by another application, counts as nothing.
    return {"_id": key, "version": version or {"$not": {"$gt": 0}}}


def versioned_update(
    before: Customer, changes: Document, at: datetime, country: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The filter of exactly the version in `before`, and the update that writes `changes` over it."""
    fields = {**to_stored(changes), "updatedAt": at, "version": before.version + 1}
    update: dict[str, Any] = {"$set": fields}
    if SEARCHED & changes.keys():
        values = {**entered(before), search.ALIASES: before.aliases, **changes}
        helpers = search.helper_fields(to_stored(values), country)
        if helpers["id"] == id_key(before.customer_id):
            # Case duplicates of an earlier application stay as they are until their ID is changed.
            del helpers["id"]
        else:
            update["$unset"] = {f"{search.HELPERS}.twin": ""}
        if search.ALIASES in fields and not fields[search.ALIASES]:
            del fields[search.ALIASES]
            gone = {search.ALIASES: "", f"{search.HELPERS}.aliases": ""}
            update["$unset"] = {**update.get("$unset", {}), **gone}
        fields |= {f"{search.HELPERS}.{name}": value for name, value in helpers.items()}
    return _at_version(ObjectId(before.id), before.version), update


def changed(before: Customer, changes: Document, at: datetime) -> Customer:
    """The customer after `changes` (by stored names) were written over the version in `before`."""
    values = {_ATTRIBUTES[name]: value for name, value in changes.items() if name in _ATTRIBUTES}
    return trusted(Customer, {**vars(before), **values, "updated_at": at, "version": before.version + 1})


def to_document(draft: CustomerDraft, at: datetime, country: str) -> dict[str, Any]:
    """The document of a new customer."""
    values = to_stored(recorded(draft))
    return {
        "_id": ObjectId(),
        **values,
        "membershipHeld": False,
        "createdAt": at,
        "updatedAt": at,
        "version": 1,
        search.HELPERS: search.helper_fields(values, country),
    }


def registration(actor: Actor | None, source: RegistrationSource | None = None) -> dict[str, Any]:
    """What a document tells of who registered the customer, and from where; nothing where nobody did."""
    if actor is None:
        return {}
    return {"registration": {"byId": actor.user_id, "byName": actor.name, "source": source or actor.source}}


def as_it_is(customer: Customer, country: str) -> dict[str, Any]:
    """The document of a customer with a history."""
    values = to_stored(recorded(customer))
    return {
        "_id": ObjectId(customer.id),
        **values,
        "membershipHeld": customer.excluded,
        "createdAt": customer.created_at,
        "updatedAt": customer.updated_at,
        "version": customer.version,
        search.HELPERS: search.helper_fields(values, country),
    }


def to_customer(document: Document) -> Customer:
    """The model of a document, which may lack or mistype anything but its `_id`; trusted, because it must be quick."""
    told = document.get
    created = readable_moment(told("createdAt")) or birth(document["_id"])
    values = {attribute: read(told(name)) for name, attribute, read in _READ}
    values |= {
        "id": str(document["_id"]),
        "created_at": created,
        "updated_at": readable_moment(told("updatedAt")) or created,
        "version": readable_version(told("version")),
        "excluded": told("membershipHeld") is True,
        "aliases": search.aliases_of(document),
    }
    return trusted(Customer, values)


def birth(key: Any) -> datetime:
    """When a document with this `_id` was made, as far as it tells."""
    return key.generation_time if isinstance(key, ObjectId) else _UNKNOWN
