"""What completes the ledger: opening balances that explain every purchase amount, and when each entry counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from bson import ObjectId
from pymongo import InsertOne, ReplaceOne, UpdateOne
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import BulkWriteError

from kinso.database.checksums import OF_ENTRY, with_checksum
from kinso.database.connection import BATCH, Connection, in_batches
from kinso.database.search import HELPERS
from kinso.models.money import read_stored_amount

Document = dict[str, Any]

_DUPLICATE_KEY = 11000
_OPENED_BEFORE = "ledger"
"""The `_id` among the settings by which a Kinso without migrations remembered that it was done."""
_OURS = {
    f"{HELPERS}.id": {"$type": "string"},
    "purchaseAmount": {"$type": "number"},
    "createdAt": {"$type": "date"},
}
"""Whom Kinso has stored or adopted."""
_EARLIER = {"byId": "system", "byName": "An earlier application", "source": "system", "change": ""}


def open_ledger(connection: Connection) -> None:
    """Give everyone whom Kinso has stored an opening balance; safe to repeat after a crash.

    Customers of another application get theirs when they are adopted.
    """
    database = connection.database
    if database["settings"].find_one({"_id": _OPENED_BEFORE}):
        return
    for name, wanted, balance_these in (("customers", _OURS, _balance_these), ("trash", {}, _balance_trashed)):
        last: Any = None
        while batch := _next_ids(database[name], wanted, last):
            # Amounts are read within the transaction, because somebody may be buying meanwhile.
            connection.transact(partial(balance_these, database, batch))
            last = batch[-1]


def _next_ids(collection: Collection[Document], wanted: Document, last: Any) -> list[Any]:
    after = {"_id": {"$gt": last}} if last else {}
    found = collection.find({**wanted, **after}, {"_id": True}).sort("_id", 1).limit(BATCH)
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
    return with_checksum(entry, OF_ENTRY)


def _sale_id(key: str) -> str:
    return f"opening-{key}"


def complete_counts_at(database: Database[Document]) -> None:
    """Date what lacks it: a refund counts where its sale does, everything else when it was sold.

    Reads all entries. Safe to repeat, and to run in two processes at once.
    """
    sales = database["sales"]
    if sales.find_one({"countsAt": None}, {"_id": True}) is None:
        return
    sales.update_many({"kind": {"$ne": "refund"}, "countsAt": None}, [{"$set": {"countsAt": "$soldAt"}}])
    wanted = dict.fromkeys(("customer", "refundOf", "soldAt", "void", "trashed"), True)
    for refunds in in_batches(sales.find({"kind": "refund", "countsAt": None}, wanted)):
        sales.bulk_write([_dated(refund, moment) for refund, moment in _moments(sales, refunds)], ordered=False)


def _moments(sales: Collection[Document], refunds: Sequence[Document]) -> Iterator[tuple[Document, datetime]]:
    """Each refund with the moment of its sale; one whose sale is not to be found counts when it was made."""
    match = {
        "customer": {"$in": list({refund["customer"] for refund in refunds})},
        "saleId": {"$in": list({refund.get("refundOf") for refund in refunds})},
        "kind": "sale",
    }
    possible: dict[tuple[str, str], list[Document]] = {}
    for sale in sales.find(match, dict.fromkeys(("customer", "saleId", "soldAt", "void", "trashed"), True)):
        possible.setdefault((sale["customer"], sale["saleId"]), []).append(sale)
    for refund in refunds:
        its_own = possible.get((refund["customer"], str(refund.get("refundOf"))), [refund])
        yield refund, max(its_own, key=lambda sale: _likeness(sale, refund))["soldAt"]


def _likeness(sale: Mapping[str, Any], refund: Mapping[str, Any]) -> tuple[bool, bool, Any]:
    """A sale ID that was freed may have been given again: the refund's sale counts, or does not, as the refund does."""
    return sale["void"] is refund["void"], sale.get("trashed") is refund.get("trashed"), sale["_id"]


def _dated(refund: Document, moment: datetime) -> UpdateOne:
    return UpdateOne({"_id": refund["_id"], "countsAt": None}, {"$set": {"countsAt": moment}})
