"""Brings what stored customers are found by up to date: after another edition of the compared forms, or country.

It goes on where it was interrupted, and several processes may do it at once: every write names what it read.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import BulkWriteError, DuplicateKeyError

from kinso.database.connection import BATCH, Connection, in_batches, translated_errors
from kinso.database.country import country_of
from kinso.database.search import ALIASES, HELPERS, case_duplicate_fields, renewed_helpers
from kinso.models.fields import FIELDS
from kinso.models.text import FOLDING, id_key, sale_key

Document = dict[str, Any]

_log = logging.getLogger(__name__)
_STATE = {"_id": "search"}
_DUPLICATE_KEY = 11000
_LONGEST_TRANSACTION = timedelta(seconds=90)
"""So long after a change of the country, somebody may still commit what was worked out by the one before."""
_SECONDS_BETWEEN_WORDS = 5.0
_LOWEST_ID = ObjectId(b"\0" * 12)
_NEEDED = {**{field.name: True for field in FIELDS if field.searchable}, "version": True, HELPERS: True, ALIASES: True}
NOT_PLAIN = r"[^ -~]|  |^ | $|`"
"""The compared form of an ID without any of these was the same in every edition."""


def refold(connection: Connection, *, most: int | None = None, should_stop: Callable[[], bool] = lambda: False) -> bool:
    """Look through at most so many of the customers that are left; False when some still are.

    Raises `DatabaseUnavailable`.
    """
    with translated_errors():
        state = _state(connection.database)
        if state["settled"]:
            return True
        is_through = _look_through(connection.database, state, most, should_stop)
        if is_through:
            _look_again(connection.database, state)
        return is_through


def is_refolded(database: Database[Document]) -> bool:
    """Whether everybody has been looked through since the last change of what the helper fields depend on."""
    state = database["settings"].find_one(_STATE)
    is_present = state is None or (state["folding"] == FOLDING and state["country"] == country_of(database))
    return is_present and (state is None or bool(state["passed"]))


def rekey_ids(database: Database[Document]) -> None:
    """Give customers, changes and sales whose IDs an earlier edition compared otherwise their present form at once.

    Nobody else can take such an ID from then on.
    """
    if (database["settings"].find_one(_STATE) or {}).get("folding") == FOLDING:
        return
    customers, country = database["customers"], country_of(database)
    unusual = customers.find({f"{HELPERS}.id": {"$regex": NOT_PLAIN}}, _NEEDED).sort("_id", 1)
    for batch in in_batches(unusual):
        _renew(customers, batch, country)
    for key in _unusual(database["changes"], "idKey"):
        if (renewed := id_key(key)) != key:
            database["changes"].update_many({"idKey": key}, {"$set": {"idKey": renewed}})
    _rekey_sales(database["sales"])


def _rekey_sales(sales: Collection[Document]) -> None:
    """A sale ID that looks like one that counts stays as it is, and so do its refunds."""
    for sale_id in _unusual(sales, "saleId"):
        for sale in sales.find({"saleId": sale_id}, {"saleId": True}):
            with suppress(DuplicateKeyError):
                sales.update_one(sale, {"$set": {"saleId": sale_key(sale_id)}})
    for sale_id in _unusual(sales, "refundOf"):
        if sales.find_one({"saleId": sale_id}) is None:
            sales.update_many({"refundOf": sale_id}, {"$set": {"refundOf": sale_key(sale_id)}})


def _unusual(collection: Collection[Document], field: str) -> list[str]:
    """What is in this field and not plain."""
    stages: list[Document] = [{"$match": {field: {"$regex": NOT_PLAIN}}}, {"$group": {"_id": f"${field}"}}]
    return [group["_id"] for group in collection.aggregate(stages, allowDiskUse=True)]


def _state(database: Database[Document]) -> Document:
    """How far it has come; from the beginning when something that it depends on has changed."""
    settings = database["settings"]
    wanted = {"folding": FOLDING, "country": country_of(database)}
    state = settings.find_one(_STATE) or {}
    if all(state.get(name) == value for name, value in wanted.items()):
        return state
    nobody = database["customers"].find_one({}, {"_id": True}) is None and not state
    began = {"after": None, "began": datetime.now(UTC), "passed": nobody, "settled": nobody}
    settings.replace_one(_STATE, {**wanted, **began}, upsert=True)
    return {**wanted, **began}


def note_current_edition(database: Database[Document]) -> None:
    """Whoever is adopted from now on is found by what is current: there is nobody to look through because of them."""
    wanted = {"folding": FOLDING, "country": country_of(database)}
    state = {**wanted, "after": None, "began": datetime.now(UTC), "passed": True, "settled": False}
    if database["customers"].find_one({f"{HELPERS}.id": {"$gte": ""}}, {"_id": True}) is None:
        database["settings"].update_one(_STATE, {"$setOnInsert": state}, upsert=True)


def _look_through(
    database: Database[Document], state: Document, most: int | None, should_stop: Callable[[], bool]
) -> bool:
    customers, settings = database["customers"], database["settings"]
    mine = {**_STATE, "folding": state["folding"], "country": state["country"]}
    after, done, said = state["after"] or _LOWEST_ID, 0, time.monotonic()
    while not state["passed"]:
        found = customers.find({"_id": {"$gt": after}}, _NEEDED).sort("_id", 1).limit(BATCH)
        if not (batch := list(found)):
            settings.update_one(mine, {"$set": {"passed": True}})
            return True
        _renew(customers, batch, state["country"])
        after, done = batch[-1]["_id"], done + len(batch)
        settings.update_one(mine, {"$set": {"after": after}})
        if time.monotonic() - said > _SECONDS_BETWEEN_WORDS:
            _log.warning("Bringing what customers are found by up to date: %d so far.", done)
            said = time.monotonic()
        if should_stop() or (most is not None and done >= most):
            return False
    return True


def _look_again(database: Database[Document], state: Document) -> None:
    """At those whom somebody changed meanwhile, once nobody can commit any more by the country of before."""
    if datetime.now(UTC) - state["began"] <= _LONGEST_TRANSACTION:
        return
    changed = {"updatedAt": {"$gte": state["began"] - _LONGEST_TRANSACTION}}
    for batch in in_batches(database["customers"].find(changed, _NEEDED).batch_size(BATCH)):
        _renew(database["customers"], batch, state["country"])
    mine = {**_STATE, "folding": state["folding"], "country": state["country"]}
    database["settings"].update_one(mine, {"$set": {"settled": True}})


def _renew(customers: Collection[Document], batch: Iterable[Document], country: str) -> None:
    renewed = [(document, renewed_helpers(document, country)) for document in batch]
    # Who has none at all is still to be adopted, and gets them then.
    stale = [each for each in renewed if isinstance(each[0].get(HELPERS), Mapping) and each[0][HELPERS] != each[1]]
    if not stale:
        return
    try:
        customers.bulk_write([_write(document, helpers) for document, helpers in stale], ordered=False)
    except BulkWriteError as error:
        failed = error.details["writeErrors"]
        if any(each["code"] != _DUPLICATE_KEY for each in failed):
            raise
        _set_apart(customers, [stale[each["index"]] for each in failed])


def _set_apart(customers: Collection[Document], alike: Sequence[tuple[Document, Document]]) -> None:
    """Let those whose ID looks like the one of somebody else keep it, marked like case duplicates."""
    for document, helpers in alike:
        _log.warning("Customer ID %s looks like another one; please change one of them.", document.get("customerId"))
        case_duplicate = {**helpers, **case_duplicate_fields(helpers["id"], document["_id"])}
        customers.bulk_write([_write(document, case_duplicate)])


def _write(document: Document, helpers: Document) -> UpdateOne:
    """Writes what differs, so that only the indexes over that are touched."""
    version, stored = document.get("version"), document[HELPERS]
    unchanged = {"_id": document["_id"], "version": version if version else {"$not": {"$gt": 0}}}
    differing = {f"{HELPERS}.{name}": value for name, value in helpers.items() if stored.get(name) != value}
    surplus = {f"{HELPERS}.{name}": "" for name in stored if name not in helpers}
    return UpdateOne(unchanged, {"$set": differing, **({"$unset": surplus} if surplus else {})})
