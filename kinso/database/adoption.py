"""Takes over customers that another application stored: adds what Kinso needs and keeps everything else as it is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError

from kinso.database import search
from kinso.models.money import read_stored_amount

Document = dict[str, Any]

_TEXTS = ("customerId", "customerName", "contactInfo")
_READ = (*_TEXTS, "purchaseAmount", "membershipStatus", "membershipHeld", "createdAt", "updatedAt", search.HELPERS)
_BATCH = 1000
_DUPLICATE_KEY = 11000
_COMPLETE = {
    **{f"{search.HELPERS}.{helper}": {"$type": "string"} for helper in search.helper_fields({})},
    **{text: {"$type": "string"} for text in _TEXTS},
    "purchaseAmount": {"$type": "number"},
    "membershipStatus": {"$type": "bool"},
    "membershipHeld": {"$type": "bool"},
    "createdAt": {"$type": "date"},
    "updatedAt": {"$type": "date"},
}


@dataclass
class Adoption:
    """What was taken over.

    `twins` are groups of customer IDs that differ in letter case only; the first of a group keeps the unique key.
    `unreadable_amounts` are IDs of customers whose purchase amount was no number and now is 0.
    """

    adopted: int = 0
    twins: list[tuple[str, ...]] = field(default_factory=list)
    unreadable_amounts: list[str] = field(default_factory=list)

    def add(self, more: Adoption) -> None:
        """Count in what was taken over later."""
        self.adopted += more.adopted
        self.twins += more.twins
        self.unreadable_amounts += more.unreadable_amounts


def adopt(customers: Collection[Document], *, unique: bool) -> Adoption:
    """Complete all customers that lack something; `unique` says whether the unique index is there already.

    Safe to repeat, and to run in two processes at once: each write names what it read. Without the index everything
    is looked through, with it only what bypassed Kinso since.
    """
    adoption = Adoption()
    incomplete = {f"{search.HELPERS}.id": None} if unique else {"$nor": [_COMPLETE]}
    documents = customers.find(incomplete, dict.fromkeys(_READ, True)).sort("_id", 1)
    for batch in _batches(documents):
        _complete(customers, batch, adoption)
    if not unique:
        _separate_twins(customers, adoption)
    return adoption


def _complete(customers: Collection[Document], batch: Sequence[Document], adoption: Adoption) -> None:
    updates = [_missing_fields(document) for document in batch]
    writes = [UpdateOne(_as_read(document), {"$set": update}) for document, update in zip(batch, updates, strict=True)]
    try:
        adopted = customers.bulk_write(writes, ordered=False).modified_count
    except BulkWriteError as error:
        adopted = error.details["nModified"]
        for failed in error.details["writeErrors"]:
            if failed["code"] != _DUPLICATE_KEY:
                raise
            document, update = batch[failed["index"]], updates[failed["index"]]
            adopted += _complete_twin(customers, document, update, adoption)
    adoption.adopted += adopted
    adoption.unreadable_amounts += [
        str(document.get("customerId")) for document in batch if not _is_amount(document.get("purchaseAmount", 0))
    ]


def _complete_twin(customers: Collection[Document], document: Document, update: Document, adoption: Adoption) -> int:
    key = update[search.HELPERS]["id"]
    first = customers.find_one({f"{search.HELPERS}.id": key}) or {}
    adoption.twins.append((str(first.get("customerId")), str(document.get("customerId"))))
    helpers = {**update[search.HELPERS], "id": _twin_key(key, document)}
    return customers.update_one(_as_read(document), {"$set": {**update, search.HELPERS: helpers}}).modified_count


def _separate_twins(customers: Collection[Document], adoption: Adoption) -> None:
    key_path = f"{search.HELPERS}.id"
    groups = customers.aggregate(
        [
            {"$group": {"_id": f"${key_path}", "count": {"$sum": 1}}},
            {"$match": {"count": {"$gt": 1}, "_id": {"$type": "string"}}},
        ],
        allowDiskUse=True,
    )
    for key in [group["_id"] for group in groups]:
        twins = list(customers.find({key_path: key}, {"customerId": True}).sort("_id", 1))
        if len(twins) < 2:
            # Another process that starts at the same time was quicker.
            continue
        adoption.twins.append(tuple(str(twin.get("customerId")) for twin in twins))
        customers.bulk_write(
            [
                UpdateOne({"_id": twin["_id"], key_path: key}, {"$set": {key_path: _twin_key(key, twin)}})
                for twin in twins[1:]
            ]
        )


def _twin_key(key: str, document: Mapping[str, Any]) -> str:
    return f"{key}\u0000{document['_id']}"


def _missing_fields(document: Document) -> Document:
    """What has to be set so that the document is complete; `updatedAt` is set only where it is missing."""
    fields: Document = {text: _as_text(document.get(text)) for text in _TEXTS}
    fields["purchaseAmount"] = _as_amount(document.get("purchaseAmount"))
    fields["membershipStatus"] = document.get("membershipStatus") is True
    fields["membershipHeld"] = document.get("membershipHeld") is True
    fields["createdAt"] = _as_time(document.get("createdAt")) or _birth(document)
    fields["updatedAt"] = _as_time(document.get("updatedAt")) or fields["createdAt"]
    changed = {name: value for name, value in fields.items() if name not in document or document[name] is not value}
    return {**changed, search.HELPERS: search.helper_fields(fields)}


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else str(value)


def _as_amount(value: Any) -> Any:
    """A whole number as it is; anything else as the double nearest to its cents."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    amount = float(read_stored_amount(value))
    return value if isinstance(value, float) and value == amount else amount


def _is_amount(value: Any) -> bool:
    if value is None:
        return True
    try:
        return not isinstance(value, bool) and math.isfinite(float(str(value)))
    except ValueError:
        return False


def _as_time(value: Any) -> datetime | None:
    return value if isinstance(value, datetime) else None


def _birth(document: Document) -> datetime:
    id = document["_id"]
    return id.generation_time if isinstance(id, ObjectId) else datetime.now(UTC)


def _as_read(document: Document) -> Document:
    """Matches the document only while it is what was read."""
    read = {name: {"$eq": document[name]} if name in document else {"$exists": False} for name in _READ}
    return {"_id": document["_id"], **read}


def _batches(documents: Any) -> Iterator[list[Document]]:
    iterator = iter(documents)
    while batch := list(islice(iterator, _BATCH)):
        yield batch
