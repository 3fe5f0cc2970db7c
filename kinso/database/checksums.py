"""Checksums of what nobody alters afterwards: who did something, and when.

They are no secret, so they show that a stored value was altered by hand or by a fault, not that somebody meant it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId
from pymongo.database import Database

Document = Mapping[str, Any]

CHECKSUM = "seal"
"""Where it is stored."""
OF_CHANGE = ("customer", "at", "byId", "byName", "source")
OF_ENTRY = ("customer", "soldAt", "recordedAt", "byId", "byName", "source")
OF_RUN = ("startedAt", "byId", "byName", "source")
OF_SETTINGS_CHANGE = ("at", "byName")
OF_DECISION = ("customer", "moment", "basis", "byName")

_KEY = "checks"
_LENGTH = 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS_OF_A_DAY = 86_400


@dataclass(frozen=True)
class Marks:
    """What an examination has to know about the past of a database.

    `checksums_since` is from when on everything was written with its checksum, `trash_emptied_until` until when what
    was deleted may be gone for good; None where that is not known. `shape` stands for the indexes and validators of
    the last start.
    """

    checksums_since: datetime | None = None
    trash_emptied_until: datetime | None = None
    shape: str | None = None


def with_checksum(document: Document, fields: tuple[str, ...]) -> dict[str, Any]:
    """The document with the checksum of these fields."""
    return {**document, CHECKSUM: checksum_of(document, fields)}


def decision_with_checksum(customer: str, moment: datetime, decision: Document) -> dict[str, Any]:
    """Who or what began or ended a membership, with a checksum that covers whose it is and when that was, too."""
    return {**decision, CHECKSUM: checksum_of({**decision, "customer": customer, "moment": moment}, OF_DECISION)}


def checksum_of(document: Document, fields: tuple[str, ...]) -> str:
    """The checksum that belongs to these values."""
    values = "\x1f".join([_text(document.get(field)) for field in fields])
    return hashlib.sha256(values.encode()).hexdigest()[:_LENGTH]


def lacks_checksum(key: Any, marks: Marks) -> bool:
    """Whether something with this `_id` and without a checksum was not written by Kinso."""
    if marks.checksums_since is None:
        return False
    return not isinstance(key, ObjectId) or key.generation_time > marks.checksums_since


def begin_checksums(database: Database[dict[str, Any]]) -> None:
    """From now on every record is written with a checksum, and the trash tells what it was emptied of.

    Of a trash in which nothing was ever put, nothing can have been emptied.
    """
    moment = datetime.now(UTC)
    is_new = database["changes"].find_one({}, {"_id": True}) is None
    first = {"sealedSince": moment, "trashEmptiedUntil": _EPOCH if is_new else moment}
    # Also of a database that has been marked before: the first moment counts.
    database["settings"].update_one({"_id": _KEY}, {"$setOnInsert": first}, upsert=True)


def note_shape(database: Database[dict[str, Any]], shape: str) -> None:
    """Remember the indexes and validators that this start has seen to."""
    if marks_of(database).shape != shape:
        database["settings"].update_one({"_id": _KEY}, {"$set": {"shape": shape}}, upsert=True)


def note_emptied(database: Database[dict[str, Any]], until: datetime) -> None:
    """What was deleted before may be gone for good now."""
    database["settings"].update_one({"_id": _KEY}, {"$max": {"trashEmptiedUntil": until}})


def marks_of(database: Database[dict[str, Any]]) -> Marks:
    """The marks of this database."""
    found = database["settings"].find_one({"_id": _KEY}) or {}
    return Marks(found.get("sealedSince"), found.get("trashEmptiedUntil"), found.get("shape"))


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        # MongoDB keeps milliseconds, and in memory no time zone.
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        since = aware - _EPOCH
        return str((since.days * _SECONDS_OF_A_DAY + since.seconds) * 1000 + since.microseconds // 1000)
    return "" if value is None else str(value)
