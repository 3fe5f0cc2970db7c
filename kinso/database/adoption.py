"""Takes over customers that another application stored: adds what Kinso needs and keeps everything else as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from bson import ObjectId
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.raw_bson import RawBSONDocument
from pymongo import DeleteMany, InsertOne, UpdateOne
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError

from kinso.database import search
from kinso.database.checksums import decision_with_checksum
from kinso.database.connection import Connection, in_batches
from kinso.database.country import country_of
from kinso.database.ledger import balance
from kinso.models.fields import FIELDS, SPECIFIED
from kinso.models.membership import DecidedBy
from kinso.models.money import LARGEST, read_stored_amount, readable_amount
from kinso.models.stored import readable_moment, readable_text, readable_version

Document = dict[str, Any]

_TEXTS = tuple(field.name for field in FIELDS if field.is_required)
_DUPLICATE_KEY = 11000
_AS_IT_IS: CodecOptions[RawBSONDocument] = CodecOptions(
    RawBSONDocument,
    tz_aware=True,
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
    unicode_decode_error_handler="replace",
)
UNREADABLE_AMOUNT = "unreadableAmount"
"""What stood where a customer's purchase amount should, for whoever knows what it was meant to be."""
_LONGEST_QUOTE = 100
_BASIS: DecidedBy = "adopted"
EARLIER = "An earlier application"
"""Who is named for what was there before Kinso kept records."""
_COMPLETE = {
    **{f"{search.HELPERS}.{helper}": {"$type": "string"} for helper in ("id", "name", "contact", "text")},
    f"{search.HELPERS}.keys": {"$type": "array"},
    **{text: {"$type": "string"} for text in _TEXTS},
    "purchaseAmount": {"$type": "number"},
    "membershipStatus": {"$type": "bool"},
    "membershipHeld": {"$type": "bool"},
    "createdAt": {"$type": "date"},
    "updatedAt": {"$type": "date"},
    "$and": [
        {"$or": [{"version": None}, {"version": {"$type": ["int", "long"], "$gte": 0}}]},
        *(
            {"$or": [{field.name: {"$exists": False}}, {field.name: {"$type": field.type.bson}}]}
            for field in FIELDS[SPECIFIED:]
        ),
    ],
}


@dataclass
class Adoption:
    """What a start took over or had to mend.

    `case_duplicates` are groups of customer IDs that differ in letter case only; the first of a group keeps the unique
    key. `unreadable_amounts` are IDs of customers whose purchase amount was no number and now is 0. `put_back` are the
    indexes and validators that somebody had removed since the last start.
    """

    adopted: int = 0
    case_duplicates: list[tuple[str, ...]] = field(default_factory=list)
    unreadable_amounts: list[str] = field(default_factory=list)
    put_back: list[str] = field(default_factory=list)

    def add(self, more: Adoption) -> None:
        """Count in what was taken over later."""
        self.adopted += more.adopted
        self.case_duplicates += more.case_duplicates
        self.unreadable_amounts += more.unreadable_amounts


def adopt(connection: Connection, *, unique: bool, thorough: bool = False) -> Adoption:
    """Complete all customers that lack something; `unique` says whether the unique index is there already.

    Safe to repeat, and to run in two processes at once: each write names what it read. Without the index everything
    is looked through, and if it is to be `thorough`; otherwise only what bypassed Kinso since.
    """
    adoption = Adoption()
    customers = connection.database["customers"]
    country = country_of(connection.database)
    incomplete = {f"{search.HELPERS}.id": None} if unique and not thorough else {"$nor": [_COMPLETE]}
    as_they_are = customers.with_options(_AS_IT_IS)
    for batch in in_batches(as_they_are.find(incomplete).sort("_id", 1)):
        _complete(connection, batch, adoption, country)
    if not unique:
        _separate_case_duplicates(customers, adoption)
    return adoption


def mark_case_duplicates(customers: Collection[Document]) -> None:
    """Give case duplicates that were adopted before they were marked what they are found by."""
    case_duplicates = {"$expr": {"$gte": [{"$indexOfBytes": [f"${search.HELPERS}.id", search.CASE_DUPLICATE_MARK]}, 0]}}
    key = {"$arrayElemAt": [{"$split": [f"${search.HELPERS}.id", search.CASE_DUPLICATE_MARK]}, 0]}
    customers.update_many(
        {f"{search.HELPERS}.id": {"$type": "string"}, **case_duplicates}, [{"$set": {f"{search.HELPERS}.twin": key}}]
    )


def _complete(connection: Connection, batch: Sequence[RawBSONDocument], adoption: Adoption, country: str) -> None:
    customers = connection.database["customers"]
    updates = [_missing_fields(document, country) for document in batch]
    _record_memberships(connection.database["memberships"], batch, updates)
    connection.transact(partial(_balance, customers, [document["_id"] for document in batch]))
    try:
        writes = [_write(document, update) for document, update in zip(batch, updates, strict=True)]
        adopted = customers.bulk_write(writes, ordered=False).modified_count
    except BulkWriteError as error:
        adopted = error.details["nModified"]
        for failed in error.details["writeErrors"]:
            if failed["code"] != _DUPLICATE_KEY:
                raise
            document, update = batch[failed["index"]], updates[failed["index"]]
            adopted += _complete_case_duplicate(customers, document, update, adoption)
    adoption.adopted += adopted
    adoption.unreadable_amounts += [
        str(document.get("customerId")) for document in batch if not _is_amount(document.get("purchaseAmount"))
    ]


def _balance(customers: Collection[Document], ids: Sequence[Any]) -> None:
    """Amounts and entries are read at one moment, because somebody may be buying meanwhile."""
    documents = list(customers.find({"_id": {"$in": ids}}))
    balance(customers.database, ({**document, **_missing_fields(document)} for document in documents))


def _record_memberships(
    memberships: Collection[Document], batch: Sequence[RawBSONDocument], updates: Sequence[Document]
) -> None:
    """Open a membership for each member, and drop what an interrupted adoption recorded of others.

    It comes before the customers are completed, so that an interruption in between leaves it to the next start.
    """
    members = [
        {**document, **update}
        for document, update in zip(batch, updates, strict=True)
        if document.get("membershipStatus") is True
    ]
    others = [str(document["_id"]) for document in batch if document.get("membershipStatus") is not True]
    writes: list[InsertOne[Document] | DeleteMany] = [InsertOne(_membership(member)) for member in members]
    writes.append(DeleteMany({"customer": {"$in": others}, "open": True, "begun.basis": _BASIS}))
    try:
        memberships.bulk_write(writes, ordered=False)
    except BulkWriteError as error:
        # An interrupted adoption, or another process that starts at the same time, has recorded them already.
        if any(failed["code"] != _DUPLICATE_KEY for failed in error.details["writeErrors"]):
            raise


def _membership(member: Document) -> Document:
    begun = {"basis": _BASIS, "byName": EARLIER, "amount": float(member["purchaseAmount"])}
    customer, since = str(member["_id"]), member["createdAt"]
    decision = decision_with_checksum(customer, since, begun)
    return {"customer": customer, "from": since, "to": None, "begun": decision, "open": True}


def _write(document: RawBSONDocument, update: Document) -> UpdateOne:
    """Changes the document only while it is, to the byte, what was read.

    As a filter the same condition would make MongoDB plan each of the many updates anew, which takes three times as
    long as finding the document by its `_id` alone.
    """
    completed = {"$mergeObjects": ["$$ROOT", {"$literal": update}]}
    unchanged = {"$eq": ["$$ROOT", {"$literal": document}]}
    return UpdateOne({"_id": document["_id"]}, [{"$replaceWith": {"$cond": [unchanged, completed, "$$ROOT"]}}])


def _complete_case_duplicate(
    customers: Collection[Document], document: RawBSONDocument, update: Document, adoption: Adoption
) -> int:
    key = update[search.HELPERS]["id"]
    first = customers.find_one({f"{search.HELPERS}.id": key}) or {}
    adoption.case_duplicates.append((str(first.get("customerId")), str(document.get("customerId"))))
    helpers = {**update[search.HELPERS], **search.case_duplicate_fields(key, document["_id"])}
    return customers.bulk_write([_write(document, {**update, search.HELPERS: helpers})]).modified_count


def _separate_case_duplicates(customers: Collection[Document], adoption: Adoption) -> None:
    key_path = f"{search.HELPERS}.id"
    case_duplicate = {"id": "$_id", "customerId": "$customerId"}
    groups = customers.aggregate(
        [
            {"$match": {key_path: {"$type": "string"}}},
            {"$sort": {"_id": 1}},
            {"$group": {"_id": f"${key_path}", "same": {"$push": case_duplicate}}},
            {"$match": {"same.1": {"$exists": True}}},
        ],
        allowDiskUse=True,
    )
    writes = []
    for group in groups:
        adoption.case_duplicates.append(
            tuple(str(case_duplicate.get("customerId")) for case_duplicate in group["same"])
        )
        for case_duplicate in group["same"][1:]:
            fields = search.case_duplicate_fields(group["_id"], case_duplicate["id"])
            separate = {"$set": {f"{search.HELPERS}.{name}": value for name, value in fields.items()}}
            writes.append(UpdateOne({"_id": case_duplicate["id"], key_path: group["_id"]}, separate))
    if writes:
        customers.bulk_write(writes, ordered=False)


def _missing_fields(document: Mapping[str, Any], country: str = "") -> Document:
    """What has to be set so that the document is complete; `updatedAt` is set only where it is missing."""
    fields: Document = {text: readable_text(document.get(text)) for text in _TEXTS}
    fields["purchaseAmount"] = _as_amount(document.get("purchaseAmount"))
    fields["membershipStatus"] = document.get("membershipStatus") is True
    fields["membershipHeld"] = document.get("membershipHeld") is True
    fields["createdAt"] = _as_time(document.get("createdAt")) or _birth(document)
    fields["updatedAt"] = _as_time(document.get("updatedAt")) or fields["createdAt"]
    if document.get("version") is not None:
        fields["version"] = _as_version(document["version"])
    for each in FIELDS[SPECIFIED:]:
        if each.name in document:
            stored = document[each.name]
            is_ours = each.type.is_stored_well(stored)
            fields[each.name] = stored if is_ours else each.type.to_stored(each.type.read(stored))
    if not _is_amount(document.get("purchaseAmount")):
        fields[UNREADABLE_AMOUNT] = str(document["purchaseAmount"])[:_LONGEST_QUOTE]
    changed = {name: value for name, value in fields.items() if name not in document or document[name] is not value}
    return {**changed, search.HELPERS: search.helper_fields(fields, country)}


def _as_amount(value: Any) -> Any:
    """A whole number as it is; anything else as the double nearest to its cents."""
    if not _is_amount(value):
        return 0.0
    if isinstance(value, int):
        return value
    amount = float(read_stored_amount(value))
    return value if isinstance(value, float) and value == amount else amount


def _is_amount(value: Any) -> bool:
    """Whether it is an amount that can be computed with to the cent."""
    amount = readable_amount(value)
    return amount is not None and abs(amount) <= LARGEST


def _as_version(value: Any) -> Any:
    version = readable_version(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value == version else version


def _as_time(value: Any) -> datetime | None:
    """A date as it is, unless no clock can show it."""
    return value if readable_moment(value) == value else None


def _birth(document: Mapping[str, Any]) -> datetime:
    id = document["_id"]
    return id.generation_time if isinstance(id, ObjectId) else datetime.now(UTC)
