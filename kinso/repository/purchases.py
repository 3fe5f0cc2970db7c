"""The ledger of purchases, refunds, opening balances and adjustments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from bson import ObjectId
from pydantic import ValidationError
from pymongo import ASCENDING, DESCENDING, UpdateMany, UpdateOne
from pymongo.database import Database
from pymongo.errors import BulkWriteError

from kinso.database.checksums import OF_ENTRY, with_checksum
from kinso.errors import DuplicateSaleId
from kinso.mirror.mirror import Answer
from kinso.models.money import read_stored_amount
from kinso.models.purchases import PURCHASE_KINDS, TYPED_KINDS, LedgerEntry, LedgerQuery
from kinso.models.stored import readable_moment, readable_text
from kinso.models.text import sale_key
from kinso.repository.conditions import Conditions
from kinso.repository.documents import (
    DUPLICATE_KEY,
    Document,
    at_once,
    birth,
    canonical_id,
    object_id,
    with_text_id,
    without_decimals,
)
from kinso.repository.mirror import FollowingMirror
from kinso.repository.mirrored import id_of, is_odd, utc

_NOTHING = Decimal("0.00")


class LedgerRepository:
    """Appends entries, in the transaction of the change of the amount that they explain, and reads them."""

    def __init__(self, database: Database[dict[str, Any]], mirror: FollowingMirror) -> None:
        self._entries = database["sales"]
        self._trash = database["trash"]
        self._mirror = mirror

    def record(self, entries: Sequence[LedgerEntry]) -> None:
        """Append all of `entries`; raises `DuplicateSaleId`."""
        if not entries:
            return
        self._take_over(entries)
        try:
            self._entries.insert_many([_to_document(entry) for entry in entries])
        except BulkWriteError as error:
            failed = error.details["writeErrors"][0]
            if failed["code"] == DUPLICATE_KEY:
                raise DuplicateSaleId(entries[failed["index"]].sale_id) from error
            raise

    def get(self, sale_id: str) -> LedgerEntry | None:
        """The entry that counts and has this sale ID, or else one that looks the same.

        Only an earlier edition of the compared form has let in two that do.
        """
        forms = list(dict.fromkeys((sale_id, sale_key(sale_id))))
        alike = map(to_entry, self._entries.find({"saleId": {"$in": forms}, "void": False}))
        found = {entry.sale_id: entry for entry in alike}
        return next((found[form] for form in forms if form in found), None)

    def get_many(self, sale_ids: Iterable[str]) -> dict[str, LedgerEntry]:
        """Those of `sale_ids` that count, by sale ID."""
        wanted = list(sale_ids)
        match = {"saleId": {"$in": wanted}, "void": False}
        found = map(to_entry, at_once(self._entries.find(match))) if wanted else ()
        return {entry.sale_id: entry for entry in found}

    def refunds_of(self, sale: LedgerEntry) -> list[LedgerEntry]:
        """The refunds of a sale that count, the first one first."""
        match = {"customer": sale.customer, "refundOf": sale.sale_id, "void": False}
        return [to_entry(document) for document in self._entries.find(match).sort("_id", 1)]

    def find_with_total(self, query: LedgerQuery, *, page: int, limit: int) -> tuple[list[LedgerEntry], int]:
        """One page of the result, newest first, and how many entries all its pages have; `page` counts from 1."""
        skipped = (page - 1) * limit
        if query.customer:
            found = self._entries.find(_filter(query)).sort(_NEWEST_FIRST).skip(skipped).limit(limit)
            return [to_entry(document) for document in found], self.count(query)
        asked = _conditions(query)
        with self._mirror.together() as answer:
            total = answer(f"SELECT count(*) FROM entries WHERE {asked}", asked.parameters)[0][0]
            keys = _page(answer, asked, total, skipped, limit)
        by_id = {document["_id"]: document for document in at_once(self._entries.find({"_id": {"$in": keys}}))}
        return [to_entry(by_id[key]) for key in keys if key in by_id], total

    def iterate(self, query: LedgerQuery) -> Iterator[LedgerEntry]:
        """The whole result, newest first."""
        found = self._entries.find(_filter(query)).sort(_NEWEST_FIRST).allow_disk_use(True)
        return map(to_entry, found.batch_size(1000))

    def iterate_by_customer(self) -> Iterator[LedgerEntry]:
        """Everything that counts, the entries of each customer together, the oldest of them first."""
        order = [("customer", ASCENDING), ("soldAt", ASCENDING), ("_id", ASCENDING)]
        return map(to_entry, self._entries.find({"void": False}).sort(order).batch_size(1000))

    def count(self, query: LedgerQuery) -> int:
        """How many entries the query has on all its pages."""
        if query.customer:
            return self._entries.count_documents(_filter(query))
        asked = _conditions(query)
        [(count,)] = self._mirror.rows(f"SELECT count(*) FROM entries WHERE {asked}", **asked.parameters)
        return int(count)

    def written_by(self, changes: Mapping[str, str]) -> dict[str, list[LedgerEntry]]:
        """The entries that these changes wrote, by change, also those that count no more.

        `changes` maps each change to its customer.
        """
        written: dict[str, list[LedgerEntry]] = {}
        if changes:
            match = {"customer": {"$in": list(set(changes.values()))}, "change": {"$in": list(changes)}}
            for entry in map(to_entry, at_once(self._entries.find(match))):
                written.setdefault(entry.change, []).append(entry)
        return written

    def get_by_ids(self, ids: Iterable[str]) -> dict[str, LedgerEntry]:
        """Those of these entries (by `_id`) that are there, whether they count or not."""
        keys = [key for id in ids if (key := object_id(id))]
        found = map(to_entry, self._entries.find({"_id": {"$in": keys}})) if keys else ()
        return {entry.id: entry for entry in found}

    def typed_of(self, customers: Iterable[str]) -> dict[str, list[LedgerEntry]]:
        """For each of these customers what counts of their purchase amount without being a purchase.

        What an earlier application left is dated as it was taken over: until then it may have been added to.
        """
        wanted = list(customers)
        typed: dict[str, list[LedgerEntry]] = {}
        if wanted:
            match = {"void": False, "kind": {"$in": list(TYPED_KINDS)}, "customer": {"$in": wanted}}
            for document in at_once(self._entries.find(match)):
                entry = to_entry(document)
                if entry.source == "system":
                    entry = entry.model_copy(update={"sold_at": document["_id"].generation_time})
                typed.setdefault(entry.customer, []).append(entry)
        return typed

    def bought_by(self, customers: Iterable[str]) -> dict[str, Decimal]:
        """What each of these customers bought, less what went back, as far as they bought anything."""
        match = {"void": False, "kind": {"$in": list(PURCHASE_KINDS)}, "customer": {"$in": list(customers)}}
        groups = self._entries.aggregate(
            [{"$match": match}, {"$group": {"_id": "$customer", "sum": {"$sum": "$amount"}}}]
        )
        return {group["_id"]: read_stored_amount(group["sum"]) for group in groups}

    def in_trash(self, sale_ids: Iterable[str]) -> dict[str, str]:
        """Those of `sale_ids` that come back when a deleted customer is restored, with the `_id` of that customer."""
        wanted = list(sale_ids)
        if not wanted:
            return {}
        match = {"saleId": {"$in": wanted}, "trashed": True}
        found = at_once(self._entries.find(match, {"saleId": True, "customer": True}))
        marked = [(document["saleId"], document["customer"]) for document in found]
        # The entries of whom the trash was emptied are still marked, but nobody can bring them back.
        keys = [key for id in {customer for _, customer in marked} if (key := object_id(id))]
        if not keys:
            return {}
        present = {str(each["_id"]) for each in self._trash.find({"_id": {"$in": keys}}, {"_id": True})}
        return {sale_id: customer for sale_id, customer in marked if customer in present}

    def recorded_again(self, customers: Iterable[str]) -> dict[str, LedgerEntry]:
        """By the `_id` of each of these deleted customers an entry that counts and has the ID of one of theirs."""
        found = self._entries.find(
            {"customer": {"$in": list(customers)}, "trashed": True}, {"saleId": 1, "customer": 1}
        )
        owners = {document["saleId"]: document["customer"] for document in found}
        return {owners[sale_id]: entry for sale_id, entry in self.get_many(owners).items()}

    def refunded_among(self, sales: Sequence[LedgerEntry]) -> dict[str, list[LedgerEntry]]:
        """The refunds that count of these sales, by the sale's ID."""
        refunds: dict[str, list[LedgerEntry]] = {}
        if sales:
            customers = list({sale.customer for sale in sales})
            ids = [sale.sale_id for sale in sales]
            match = {"customer": {"$in": customers}, "refundOf": {"$in": ids}, "void": False}
            for refund in map(to_entry, at_once(self._entries.find(match))):
                refunds.setdefault(str(refund.refund_of), []).append(refund)
        return refunds

    def revert_entries(self, changes: Mapping[str, Sequence[str]]) -> None:
        """Have entries count no more; maps the change that undoes them to them (by `_id`)."""
        updates = [
            UpdateMany(
                {"_id": {"$in": [ObjectId(id) for id in entries]}, "void": False},
                {"$set": {"void": True, "voidedBy": change}},
            )
            for change, entries in changes.items()
        ]
        if updates:
            self._entries.bulk_write(updates)

    def count_again(self, entries: Sequence[str]) -> None:
        """Have entries (by `_id`) count again that were undone.

        Raises `DuplicateSaleId` when an ID that has to count again was used meanwhile.
        """
        if not entries:
            return
        match = {"_id": {"$in": [ObjectId(id) for id in entries]}, "voidedBy": {"$exists": True}}
        try:
            self._entries.bulk_write([UpdateMany(match, {"$set": {"void": False}, "$unset": {"voidedBy": ""}})])
        except BulkWriteError as error:
            failed = error.details["writeErrors"][0]
            if failed["code"] == DUPLICATE_KEY:
                raise DuplicateSaleId(failed["keyValue"]["saleId"]) from error
            raise

    def move(self, moments: Mapping[str, datetime]) -> None:
        """Have these entries (by `_id`) count at other moments."""
        updates = [UpdateOne({"_id": ObjectId(id)}, {"$set": {"countsAt": moment}}) for id, moment in moments.items()]
        if updates:
            self._entries.bulk_write(updates)

    def remove(self, customers: Sequence[str]) -> None:
        """Remove all entries of these customers for good."""
        self._entries.delete_many({"customer": {"$in": list(customers)}})

    def erase(self, customer: str) -> None:
        """Remove what people wrote about somebody's purchases; the figures stay."""
        self._entries.update_many({"customer": customer}, {"$unset": {"note": ""}})

    def undecided(self, *, limit: int) -> list[str]:
        """Deleted customers (by `_id`) of whom it is not said yet whether what they bought stays in the revenue."""
        stages: list[dict[str, Any]] = [
            {"$match": {"trashed": True, "revenueOnly": None}},
            {"$limit": limit},
            {"$group": {"_id": "$customer"}},
        ]
        return [row["_id"] for row in self._entries.aggregate(stages)]

    def decide(self, customers: Sequence[str], *, revenue: bool) -> None:
        """Have what these deleted customers bought stay in the revenue, or not."""
        match = {"customer": {"$in": list(customers)}, "trashed": True, "revenueOnly": None}
        self._entries.update_many(match, {"$set": {"revenueOnly": revenue}})

    def _take_over(self, entries: Sequence[LedgerEntry]) -> None:
        """What was recorded before, for a customer who is gone for good, counts in the revenue once: with these."""
        own = (each for each in entries if each.kind in PURCHASE_KINDS and each.id not in each.sale_id)
        recorded = {(each.sale_id, float(each.amount)) for each in own}
        if not recorded:
            return
        match = {"saleId": {"$in": [sale_id for sale_id, _ in recorded]}, "trashed": True, "revenueOnly": True}
        earlier = at_once(self._entries.find(match, {"saleId": True, "amount": True}))
        keys = [each["_id"] for each in earlier if (each["saleId"], each["amount"]) in recorded]
        if keys:
            self._entries.update_many({"_id": {"$in": keys}}, {"$set": {"revenueOnly": False}})


_NEWEST_FIRST = [("soldAt", DESCENDING), ("_id", DESCENDING)]


def _page(answer: Answer, asked: Conditions, total: int, skipped: int, limit: int) -> list[ObjectId]:
    limit = min(limit, total - skipped)
    if limit <= 0:
        return []
    # Whoever is nearer to the other end is found from there.
    is_reversed = skipped > total // 2
    start = total - skipped - limit if is_reversed else skipped
    # Those without a readable date are the oldest.
    order = "sold_at ASC NULLS FIRST, key ASC" if is_reversed else "sold_at DESC NULLS LAST, key DESC"
    found = answer(
        f"SELECT key FROM entries WHERE {asked} ORDER BY {order} LIMIT {limit} OFFSET {start}", asked.parameters
    )
    keys = [ObjectId(id_of(key)) for (key,) in found if not is_odd(key)]
    return keys[::-1] if is_reversed else keys


def _conditions(query: LedgerQuery) -> Conditions:
    asked = Conditions()
    asked.add("counts")
    if query.kind:
        asked.add(f"kind = {asked.given(query.kind)}")
    if query.since:
        asked.add(f"sold_at >= {asked.given(utc(query.since))}")
    if query.until:
        asked.add(f"sold_at < {asked.given(utc(query.until))}")
    return asked


def _filter(query: LedgerQuery) -> dict[str, Any]:
    match: dict[str, Any] = {"void": False}
    customer = canonical_id(query.customer) if query.customer else None
    match |= {field: value for field, value in (("customer", customer), ("kind", query.kind)) if value}
    moments = {"$gte": query.since, "$lt": query.until}
    if sold_at := {operator: moment for operator, moment in moments.items() if moment}:
        match["soldAt"] = sold_at
    return match


def _to_document(entry: LedgerEntry) -> dict[str, Any]:
    document = without_decimals(entry.model_dump(by_alias=True, exclude={"id", "items"}, exclude_none=True))
    if entry.items:
        document["items"] = [without_decimals(item.model_dump(by_alias=True)) for item in entry.items]
    return with_checksum({"_id": ObjectId(entry.id), **document, "void": False}, OF_ENTRY)


def to_entry(document: Document) -> LedgerEntry:
    """The model of a stored entry, which may lack or mistype anything but its `_id`."""
    values = with_text_id(document)
    values["amount"] = read_stored_amount(values.get("amount"))
    values["soldAt"] = readable_moment(values.get("soldAt")) or birth(document["_id"])
    values["countsAt"] = readable_moment(values.get("countsAt")) or values["soldAt"]
    try:
        return LedgerEntry.model_validate(values)
    except ValidationError as error:
        wrong = {str(problem["loc"][0]) for problem in error.errors()}
        return LedgerEntry.model_validate({**values, **{name: _readable(name, values) for name in wrong}})


def _readable(name: str, values: Document) -> Any:
    """What stands for a value that is none of its kind."""
    match name:
        case "kind":
            return "adjustment"
        case "recordedAt":
            return values["soldAt"]
        case "items":
            return []
        case "discount" | "surcharge" | "paymentMethod":
            return None
        case _:
            return readable_text(values.get(name))


@dataclass(frozen=True)
class KindTotals:
    """The entries of one kind: how many, what they add up to, where the first one counts, and the date of the last."""

    count: int
    amount: Decimal
    first: datetime
    last: datetime


class CustomerLedgerRepository:
    """Figures over the entries of one customer (by `_id`) that count."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._entries = database["sales"]

    def totals(self, customer: str) -> dict[str, KindTotals]:
        """Per kind of entry; a kind without entries is left out."""
        group = {
            "_id": "$kind",
            "count": {"$sum": 1},
            "amount": {"$sum": "$amount"},
            "first": {"$min": "$countsAt"},
            "last": {"$max": "$soldAt"},
        }
        rows = self._entries.aggregate([{"$match": _of(customer)}, {"$group": group}])
        return {
            row["_id"]: KindTotals(row["count"], read_stored_amount(row["amount"]), row["first"], row["last"])
            for row in rows
        }

    def spent_between(self, customer: str, boundaries: Sequence[datetime]) -> list[Decimal]:
        """Purchases less refunds from each boundary to the next; one amount less than boundaries."""
        match = {
            **_of(customer),
            "kind": {"$in": list(PURCHASE_KINDS)},
            "countsAt": {"$gte": boundaries[0], "$lt": boundaries[-1]},
        }
        bucket = {"groupBy": "$countsAt", "boundaries": list(boundaries), "output": {"amount": {"$sum": "$amount"}}}
        rows = {row["_id"]: row["amount"] for row in self._entries.aggregate([{"$match": match}, {"$bucket": bucket}])}
        return [read_stored_amount(rows.get(start, 0)) for start in boundaries[:-1]]

    def sum_up_to(self, entry: LedgerEntry) -> Decimal:
        """The sum of everything that is not newer than `entry`, itself included."""
        older = [{"soldAt": {"$lt": entry.sold_at}}, {"soldAt": entry.sold_at, "_id": {"$lte": ObjectId(entry.id)}}]
        match = {**_of(entry.customer), "$or": older}
        group = {"_id": None, "amount": {"$sum": "$amount"}}
        rows = list(self._entries.aggregate([{"$match": match}, {"$group": group}]))
        return read_stored_amount(rows[0]["amount"]) if rows else _NOTHING

    def latest_sales(self, customer: str, *, limit: int) -> list[LedgerEntry]:
        """Sales of more than 0, the latest first."""
        match = {**_of(customer), "kind": "sale", "amount": {"$gt": 0}}
        found = self._entries.find(match).sort([("soldAt", DESCENDING), ("_id", DESCENDING)]).limit(limit)
        return [to_entry(document) for document in found]

    def oldest_first(self, customer: str) -> Iterator[LedgerEntry]:
        """All entries, read in batches."""
        found = self._entries.find(_of(customer)).sort([("soldAt", ASCENDING), ("_id", ASCENDING)])
        return map(to_entry, found.batch_size(1000))


def _of(customer: str) -> dict[str, Any]:
    return {"customer": canonical_id(customer), "void": False}
