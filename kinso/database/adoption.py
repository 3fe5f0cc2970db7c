"""Takes over customers that another application stored: adds what Kinso needs and keeps everything else as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from bson import ObjectId
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.raw_bson import RawBSONDocument
from pymongo import UpdateOne
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import BulkWriteError

from kinso.database import search
from kinso.database.checksums import decision_with_checksum
from kinso.database.connection import BATCH, Connection, in_batches
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
_ID_KEY = f"{search.HELPERS}.id"
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
_INCOMPLETE = {"$nor": [_COMPLETE]}


@dataclass
class Adoption:
    """What a start took over or had to mend.

    `alike` are customer IDs that differ in letter case only from the one that holds the unique key.
    `unreadable_amounts` are IDs of customers whose purchase amount was no number and now is 0. `put_back` are the
    indexes and validators that somebody had removed since the last start.
    """

    adopted: int = 0
    alike: dict[str, list[str]] = field(default_factory=dict)
    unreadable_amounts: list[str] = field(default_factory=list)
    put_back: list[str] = field(default_factory=list)

    @property
    def case_duplicates(self) -> list[tuple[str, ...]]:
        """Groups of customer IDs that differ in letter case only; the first of a group has the unique key."""
        return [(first, *others) for first, others in self.alike.items()]


def adopt_bypassing(connection: Connection, adoption: Adoption) -> None:
    """Complete what another application has stored although the unique index was there, which cannot be much."""
    _complete_all(connection, {_ID_KEY: None}, adoption)


def adopt_these(connection: Connection, adoption: Adoption, ids: Sequence[Any]) -> None:
    """Complete those of these customers (by `_id`) that lack something; not to be called within a transaction."""
    _complete_all(connection, {"_id": {"$in": list(ids)}, **_INCOMPLETE}, adoption)


def adopt_all(
    connection: Connection,
    adoption: Adoption,
    *,
    on_progress: Callable[[int], object] = lambda count: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> None:
    """Complete all customers that lack something, unless somebody says to stop.

    Safe to repeat, and to run in two processes at once: each write names what it read. `on_progress` gets how many more
    were looked at.
    """
    before = -1
    # Who was changed between being read and being completed comes again.
    while before < adoption.adopted and not should_stop():
        before = adoption.adopted
        _complete_all(connection, _INCOMPLETE, adoption, on_progress=on_progress, should_stop=should_stop)


def separate_case_duplicates(customers: Collection[Document], adoption: Adoption) -> None:
    """Mark those whose compared form somebody else has as well, although that is to be unique."""
    # What another application keeps under this name is replaced when the customer is adopted.
    customers.update_many({_ID_KEY: {"$exists": True, "$not": {"$type": "string"}}}, {"$unset": {search.HELPERS: ""}})
    groups = customers.aggregate(
        [
            {"$match": {_ID_KEY: {"$type": "string"}}},
            {"$sort": {"_id": 1}},
            {"$group": {"_id": f"${_ID_KEY}", "same": {"$push": {"id": "$_id", "customerId": "$customerId"}}}},
            {"$match": {"same.1": {"$exists": True}}},
        ],
        allowDiskUse=True,
    )
    writes = []
    for group in groups:
        first, *others = group["same"]
        for other in others:
            adoption.alike.setdefault(str(first.get("customerId")), []).append(str(other.get("customerId")))
            fields = search.case_duplicate_fields(group["_id"], other["id"])
            separate = {"$set": {f"{search.HELPERS}.{name}": value for name, value in fields.items()}}
            writes.append(UpdateOne({"_id": other["id"], _ID_KEY: group["_id"]}, separate))
    if writes:
        customers.bulk_write(writes, ordered=False)


def mark_case_duplicates(customers: Collection[Document]) -> None:
    """Give case duplicates that were adopted before they were marked what they are found by."""
    case_duplicates = {"$expr": {"$gte": [{"$indexOfBytes": [f"${search.HELPERS}.id", search.CASE_DUPLICATE_MARK]}, 0]}}
    key = {"$arrayElemAt": [{"$split": [f"${search.HELPERS}.id", search.CASE_DUPLICATE_MARK]}, 0]}
    customers.update_many(
        {f"{search.HELPERS}.id": {"$type": "string"}, **case_duplicates}, [{"$set": {f"{search.HELPERS}.twin": key}}]
    )


def _complete_all(
    connection: Connection,
    wanted: Document,
    adoption: Adoption,
    *,
    on_progress: Callable[[int], object] = lambda count: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> None:
    """Complete those who are `wanted`, in the order of their `_id`s."""
    customers, country = connection.database["customers"], country_of(connection.database)
    found = in_batches(customers.with_options(_AS_IT_IS).find(wanted).sort("_id", 1))
    with ThreadPoolExecutor(1, "kinso-adoption") as pool:
        # While one batch is written, the next one is prepared.
        prepared = (pool.submit(_prepare, connection, batch, country) for batch in found)
        ahead = next(prepared, None)
        while ahead and not should_stop():
            batch, updates = ahead.result()
            ahead = next(prepared, None)
            _write_all(customers, batch, updates, adoption)
            on_progress(len(batch))


def _prepare(
    connection: Connection, batch: list[RawBSONDocument], country: str
) -> tuple[list[RawBSONDocument], list[Document]]:
    """Record what belongs to these customers; returns them with what they lack themselves."""
    # A raw document would look up each of its fields anew.
    updates = [_missing_fields(dict(document.items()), country) for document in batch]
    connection.transact(partial(_record_what_belongs, connection.database, [document["_id"] for document in batch]))
    return batch, updates


def _write_all(
    customers: Collection[Document], batch: Sequence[RawBSONDocument], updates: Sequence[Document], adoption: Adoption
) -> None:
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


def _record_what_belongs(database: Database[Document], ids: Sequence[Any]) -> None:
    """The memberships and opening balances of those who still lack something, at one moment.

    Somebody may have adopted some of them since they were read, and others may be buying meanwhile. It comes before the
    customers are completed, so that an interruption in between leaves it to the next start.
    """
    wanted = {"purchaseAmount": True, "createdAt": True, "membershipStatus": True}
    found = database["customers"].with_options(_AS_IT_IS).find({"_id": {"$in": ids}, **_INCOMPLETE}, wanted)
    customers = [
        {
            "_id": document["_id"],
            "purchaseAmount": _as_amount(document.get("purchaseAmount")),
            "createdAt": _as_time(document.get("createdAt")) or _birth(document),
            "membershipStatus": document.get("membershipStatus") is True,
        }
        for document in found.batch_size(BATCH)
    ]
    _record_memberships(database["memberships"], customers)
    balance(database, customers)


def _record_memberships(memberships: Collection[Document], customers: Sequence[Document]) -> None:
    """Open a membership for each member, and drop what an interrupted adoption recorded of others."""
    ids = [str(customer["_id"]) for customer in customers]
    found = memberships.find({"customer": {"$in": ids}, "open": True}, {"customer": True, "begun.basis": True})
    present = {each["customer"]: each["begun"]["basis"] for each in found.batch_size(BATCH)}
    members = {str(each["_id"]): each for each in customers if each["membershipStatus"]}
    if new := [_membership(each) for id, each in members.items() if id not in present]:
        memberships.insert_many(new)
    if ended := [id for id, basis in present.items() if basis == _BASIS and id not in members]:
        memberships.delete_many({"customer": {"$in": ended}, "open": True})


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
    first = customers.find_one({_ID_KEY: key}) or {}
    adoption.alike.setdefault(str(first.get("customerId")), []).append(str(document.get("customerId")))
    helpers = {**update[search.HELPERS], **search.case_duplicate_fields(key, document["_id"])}
    return customers.bulk_write([_write(document, {**update, search.HELPERS: helpers})]).modified_count


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
