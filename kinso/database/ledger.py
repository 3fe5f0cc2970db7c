"""Opening balances, so that the ledger explains every purchase amount, also one that was there before the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any

from bson import ObjectId
from pymongo import InsertOne, ReplaceOne, UpdateOne
from pymongo.database import Database
from pymongo.errors import BulkWriteError

from kinso.database.connection import Connection
from kinso.database.seals import OF_ENTRY, sealed
from kinso.models.money import read_stored_amount

Document = dict[str, Any]

_BATCH = 1000
_DUPLICATE_KEY = 11000
_OPENED = "ledger"
_EARLIER = {"byId": "system", "byName": "An earlier application", "source": "system", "change": ""}


def open_ledger(connection: Connection) -> None:
    """Give everyone who is stored an opening balance, once in the life of a database; safe to repeat after a crash."""
    database = connection.database
    if database["settings"].find_one({"_id": _OPENED}):
        return
    for name, balance_these in (("customers", _balance_these), ("trash", _balance_trashed)):
        last: Any = None
        while batch := _next_ids(database, name, last):
            # Amounts are read within the transaction, because somebody may be buying meanwhile.
            connection.transact(partial(balance_these, database, batch))
            last = batch[-1]
    database["settings"].update_one({"_id": _OPENED}, {"$set": {"openedAt": datetime.now(UTC)}}, upsert=True)


def _next_ids(database: Database[Document], name: str, last: Any) -> list[Any]:
    after = {"_id": {"$gt": last}} if last else {}
    found = database[name].find(after, {"_id": True}).sort("_id", 1).limit(_BATCH)
    return [document["_id"] for document in found]


def _balance_these(database: Database[Document], ids: Sequence[Any]) -> None:
    fields = {"purchaseAmount": True, "createdAt": True}
    balance(database, database["customers"].find({"_id": {"$in": ids}}, fields))


def _balance_trashed(database: Database[Document], ids: Sequence[Any]) -> None:
    """What deleted customers had is theirs again when they are restored; until then it counts for nothing."""
    writes = []
    for trashed in database["trash"].find({"_id": {"$in": ids}}, {"customer": True}):
        customer = trashed["customer"]
        amount = read_stored_amount(customer.get("purchaseAmount"))
        if amount and not database["sales"].find_one({"customer": str(trashed["_id"]), "trashed": True}):
            opening = {**_opening(customer, amount), "void": True, "trashed": True}
            # Under an `_id` that another process that starts at the same time chooses, too.
            writes.append(ReplaceOne({"_id": trashed["_id"]}, {**opening, "_id": trashed["_id"]}, upsert=True))
    if writes:
        database["sales"].bulk_write(writes)


def balance(database: Database[Document], customers: Iterable[Mapping[str, Any]]) -> None:
    """Set the opening balance of each of these to what their other entries leave of the purchase amount."""
    sales = database["sales"]
    documents = list(customers)
    others, openings = _entries(database, [str(document["_id"]) for document in documents])
    writes: list[InsertOne[Document] | UpdateOne] = []
    for document in documents:
        key = str(document["_id"])
        wanted = read_stored_amount(document.get("purchaseAmount")) - others.get(key, Decimal(0))
        if key not in openings and wanted:
            writes.append(InsertOne(_opening(document, wanted)))
        elif key in openings and openings[key] != wanted:
            match = {"saleId": _sale_id(key), "void": False}
            writes.append(UpdateOne(match, {"$set": {"amount": float(wanted)}}))
    if not writes:
        return
    try:
        sales.bulk_write(writes, ordered=False)
    except BulkWriteError as error:
        # Another process that starts at the same time has written it already.
        if any(failed["code"] != _DUPLICATE_KEY for failed in error.details["writeErrors"]):
            raise


def _entries(database: Database[Document], keys: Sequence[str]) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """For each customer, the sum of the entries but for the opening balance, and that balance."""
    others: dict[str, Decimal] = {}
    openings: dict[str, Decimal] = {}
    found = database["sales"].find(
        {"customer": {"$in": keys}, "void": False}, {"customer": 1, "saleId": 1, "amount": 1}
    )
    for entry in found:
        key, amount = entry["customer"], read_stored_amount(entry["amount"])
        if entry["saleId"] == _sale_id(key):
            openings[key] = amount
        else:
            others[key] = others.get(key, Decimal(0)) + amount
    return others, openings


def _opening(document: Mapping[str, Any], amount: Decimal) -> Document:
    at = document.get("createdAt") or document["_id"].generation_time
    key = str(document["_id"])
    entry = {
        "_id": ObjectId(),
        "saleId": _sale_id(key),
        "customer": key,
        "kind": "opening",
        "amount": float(amount),
        "soldAt": at,
        "countsAt": at,
        "recordedAt": at,
        **_EARLIER,
        "void": False,
    }
    return sealed(entry, OF_ENTRY)


def _sale_id(key: str) -> str:
    return f"opening-{key}"
