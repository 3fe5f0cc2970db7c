"""The shop's own settings, and everything as it is stored for an examination of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from bson import CodecOptions, ObjectId
from bson.codec_options import DatetimeConversion
from pymongo import DESCENDING
from pymongo.collection import Collection
from pymongo.database import Database

from kinso.database import search
from kinso.database.adoption import UNREADABLE_AMOUNT
from kinso.database.checksums import CHECKSUM, OF_SETTINGS_CHANGE, Marks, marks_of, with_checksum
from kinso.database.country import country_of
from kinso.database.refolding import NOT_PLAIN, is_refolded
from kinso.database.schema import flaws
from kinso.models.fields import FIELDS
from kinso.models.shop import STORED, MembershipRule, SettingsChange, ShopSettings
from kinso.models.text import sale_key
from kinso.repository.accounts import OURS
from kinso.repository.documents import Document, object_id, without_decimals
from kinso.repository.merged import GIVEN, STEPS

_KEY = "shop"


class ShopRepository:
    """One document that holds the settings of the shop, and one for each time that somebody changed them."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._settings = database["settings"]
        self._changes = database["settings_changes"]

    def get(self) -> ShopSettings:
        """The settings, with defaults for what was never set."""
        document = self._settings.find_one({"_id": _KEY}, {"_id": False})
        return ShopSettings.model_validate(document or {}, context=STORED)

    def save(self, settings: MembershipRule) -> None:
        """Store what is given in `settings`, and leave everything else as it is: others may be changing that."""
        values = without_decimals(settings.model_dump(by_alias=True, exclude_unset=True))
        self._settings.update_one({"_id": _KEY}, {"$set": values}, upsert=True)

    def record(self, change: SettingsChange) -> None:
        """Append who changed what."""
        sides = {"before": without_decimals(change.before), "after": without_decimals(change.after)}
        self._changes.insert_one(
            with_checksum({"at": change.at, "byName": change.by_name, **sides}, OF_SETTINGS_CHANGE)
        )

    def changes(self, fields: Iterable[str], *, limit: int) -> list[SettingsChange]:
        """The latest changes of any of these settings, newest first; `fields` are stored names."""
        match = {"$or": [{f"after.{field}": {"$exists": True}} for field in fields]}
        found = self._changes.find(match).sort([("at", DESCENDING), ("_id", DESCENDING)]).limit(limit)
        return [SettingsChange(one["at"], one["byName"], one["before"], one["after"]) for one in found]


_CUSTOMERS_AT_ONCE = 1000
_RECORDS_AT_ONCE = 4000
_CUSTOMER_FIELDS = (
    *(field.name for field in FIELDS),
    "membershipHeld",
    "createdAt",
    "updatedAt",
    "version",
    search.HELPERS,
    search.ALIASES,
    UNREADABLE_AMOUNT,
)
_CHANGE_FIELDS = (
    *("customer", "customerId", "kind", "version", "before", "after", "run", "undoes"),
    *("at", "byId", "byName", "source", CHECKSUM),
)
_ENTRY_FIELDS = (
    *("customer", "saleId", "kind", "amount", "refundOf", "change", "soldAt", "countsAt", "void", "trashed"),
    *("revenueOnly", "voidedBy", "recordedAt", "byId", "byName", "source", CHECKSUM),
    STEPS,
    GIVEN,
)
_INTERVAL_FIELDS = ("customer", "from", "to", "open", "begun", "ended")
_LENIENT: CodecOptions[dict[str, Any]] = CodecOptions(
    tz_aware=True, datetime_conversion=DatetimeConversion.DATETIME_AUTO, unicode_decode_error_handler="replace"
)
"""A date beyond what Python knows, or a text that is none, is for the examination to name."""


@dataclass
class Dossier:
    """All documents about one customer at one moment; `key` is the customer's `_id` as text."""

    key: str
    customer: Document | None = None
    trashed: Document | None = None
    merged: Document | None = None
    changes: list[Document] = field(default_factory=list)
    intervals: list[Document] = field(default_factory=list)
    entries: list[Document] = field(default_factory=list)


class CheckRepository:
    """Reads documents as they are, in the order of the customers' ids."""

    def __init__(self, database: Database[dict[str, Any]], *, in_memory: bool = False) -> None:
        self._in_memory = in_memory
        if not in_memory:
            database = database.with_options(codec_options=_LENIENT)
        self._database = database
        self._customers = database["customers"]
        self._trash = database["trash"]
        self._merged = database["merged"]
        self._changes = database["changes"]
        self._memberships = database["memberships"]
        self._entries = database["sales"]
        self._runs = database["runs"]
        self._users = database["users"]

    def estimated_count(self) -> int:
        """About how many customers there are, with those in the trash."""
        return self._customers.estimated_document_count() + self._trash.estimated_document_count()

    def dossiers_after(self, key: str) -> tuple[list[Dossier], str | None]:
        """The next dossiers after this key, in order, and the key to go on after; None when these were the last.

        Within a transaction all of them are of the same moment.
        """
        end = self._end_of_batch(key)
        found: dict[str, Dossier] = {}

        def dossier(key: str) -> Dossier:
            return found.setdefault(key, Dossier(key))

        by_id, by_text = _id_between(key, end), _between(key, end)
        for document in self._customers.find({"_id": by_id}, dict.fromkeys(_CUSTOMER_FIELDS, True)):
            dossier(str(document["_id"])).customer = document
        for document in self._trash.find({"_id": by_id}):
            dossier(str(document["_id"])).trashed = document
        for document in self._merged.find({"_id": by_id}):
            dossier(str(document["_id"])).merged = document
        for document in self._changes.find({"customer": by_text}, dict.fromkeys(_CHANGE_FIELDS, True)):
            dossier(document["customer"]).changes.append(document)
        for document in self._memberships.find({"customer": by_text}, dict.fromkeys(_INTERVAL_FIELDS, True)):
            dossier(document["customer"]).intervals.append(document)
        for document in self._entries.find({"customer": by_text}, dict.fromkeys(_ENTRY_FIELDS, True)):
            dossier(document["customer"]).entries.append(document)
        return [found[key] for key in sorted(found)], end

    def country(self) -> str | None:
        """By what phone numbers were read for the helper fields; None while they are being read anew."""
        return country_of(self._database) if is_refolded(self._database) else None

    def foreign_ids(self) -> Iterator[Document]:
        """Customers whose `_id` is no ObjectId."""
        return self._customers.find({"_id": {"$not": {"$type": "objectId"}}}, {"customerId": True})

    def holder_of(self, id_key: str) -> Document | None:
        """Who has this compared form of a customer ID."""
        return self._customers.find_one({f"{search.HELPERS}.id": id_key}, {"customerId": True})

    def sale_ids_alike(self) -> Iterator[tuple[str, str]]:
        """Sale IDs that count and are not in their compared form, each with that form, which another one has."""
        plain = {"void": False, "saleId": {"$regex": NOT_PLAIN}}
        for document in self._entries.find(plain, {"saleId": True}):
            if (key := sale_key(document["saleId"])) != document["saleId"]:
                yield document["saleId"], key

    def flaws(self) -> Sequence[str]:
        """Each index and validator that is missing or another one than it should be, as the beginning of a sentence."""
        return [] if self._in_memory else list(flaws(self._database))

    def marks(self) -> Marks:
        """What the database tells about its past."""
        return marks_of(self._database)

    def merged(self) -> Iterator[Document]:
        """Everybody who was merged into another customer."""
        return self._merged.find()

    def somebody(self, id: str) -> Document | None:
        """The customer with this `_id`, also one in the trash."""
        key = object_id(id)
        trashed = self._trash.find_one({"_id": key}) or {}
        return self._customers.find_one({"_id": key}) or trashed.get("customer")

    def with_aliases(self) -> Iterator[Document]:
        """Customers, also those in the trash, with IDs of others who were merged into them."""
        yield from self._customers.find({search.ALIASES: {"$exists": True}})
        for document in self._trash.find({f"customer.{search.ALIASES}": {"$exists": True}}):
            yield document["customer"]

    def runs(self) -> Iterator[Document]:
        """All runs."""
        yield from self._runs.find()

    def settings_changes(self) -> Iterator[Document]:
        """All changes of settings."""
        yield from self._database["settings_changes"].find()

    def count_customers_of_run(self, run: str) -> int:
        """How many customers have changes that are recorded with this run."""
        stages: list[dict[str, Any]] = [
            {"$match": {"run": run}},
            {"$group": {"_id": "$customer"}},
            {"$count": "customers"},
        ]
        return next((int(row["customers"]) for row in self._changes.aggregate(stages, allowDiskUse=True)), 0)

    def unknown_runs(self) -> Iterator[str]:
        """Runs that changes name, but that are not recorded."""
        for group in self._changes.aggregate([{"$group": {"_id": "$run"}}], allowDiskUse=True):
            key = object_id(group["_id"]) if group["_id"] else None
            if group["_id"] and (key is None or self._runs.find_one({"_id": key}, {"_id": True}) is None):
                yield str(group["_id"])

    def repeated_emails(self) -> Sequence[str]:
        """Addresses that several accounts have, in whatever letter case."""
        groups: dict[str, int] = {}
        for document in self._users.find(OURS, {"email": True}):
            email = str(document.get("email")).strip().lower()
            groups[email] = groups.get(email, 0) + 1
        return [email for email, count in groups.items() if count > 1]

    def lacks_admin(self) -> bool:
        """Whether there are accounts, but no administrator who can sign in."""
        users = self._users
        admin = {**OURS, "role": "admin", "active": True}
        return users.find_one(OURS) is not None and users.find_one(admin) is None

    def _end_of_batch(self, key: str) -> str | None:
        """The last key to read with what follows `key`, so that no collection has very much up to it."""
        ends = [
            _nth(self._customers, "_id", _id_between(key, None), _CUSTOMERS_AT_ONCE),
            _nth(self._trash, "_id", _id_between(key, None), _CUSTOMERS_AT_ONCE),
            _nth(self._changes, "customer", _between(key, None), _RECORDS_AT_ONCE),
            _nth(self._memberships, "customer", _between(key, None), _RECORDS_AT_ONCE),
            _nth(self._entries, "customer", _between(key, None), _RECORDS_AT_ONCE),
        ]
        # A key that is none can only be read with everything else that is left.
        return min((end for end in ends if end and object_id(end)), default=None)


def _nth(collection: Collection[dict[str, Any]], field: str, bounds: Document, count: int) -> str | None:
    """The value of `field` in the last of the next `count` documents; None when there are not so many."""
    found = collection.find({field: bounds}, {"_id": False, field: True}).sort(field, 1).skip(count - 1).limit(1)
    return next((str(document[field]) for document in found), None)


def _between(key: str, end: str | None) -> Document:
    return {"$gt": key, "$lte": end} if end else {"$gt": key}


def _id_between(key: str, end: str | None) -> Document:
    bounds: dict[str, Any] = {"$gt": ObjectId(key)} if key else {"$type": "objectId"}
    return {**bounds, "$lte": ObjectId(end)} if end else bounds
