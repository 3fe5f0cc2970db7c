"""The work of the original application as it was specified, on the same server and the same people.

A collection with five indexes; a search is a case-insensitive regular expression over three fields, its total a count
of the same filter; statistics are five queries; an activation reads everybody whom it is about, then updates them.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
from bson import ObjectId, decode_all
from pyarrow import csv
from pymongo import MongoClient, UpdateOne
from pymongo.collection import Collection

from kinso.models.customers import Customer

NAME = "original"
_AS_SERVERS_COME = {"wiredTiger": {"configString": "block_compressor=snappy"}}
FIELDS = ("customerId", "customerName", "contactInfo", "purchaseAmount", "membershipStatus", "createdAt", "updatedAt")
SEARCHED = FIELDS[:3]

Document = dict[str, Any]


def specified_document(customer: Customer) -> Document:
    """A customer as the original application stores one."""
    return {
        "_id": ObjectId(customer.id),
        "customerId": customer.customer_id,
        "customerName": customer.customer_name,
        "contactInfo": customer.contact_info,
        "purchaseAmount": float(customer.purchase_amount),
        "membershipStatus": customer.membership_status,
        "createdAt": customer.created_at,
        "updatedAt": customer.updated_at,
    }


def index(customers: Collection[Document]) -> None:
    """The five indexes of the original application."""
    customers.create_index("customerId", unique=True)
    for field in ("customerName", "membershipStatus", "purchaseAmount", "createdAt"):
        customers.create_index(field)


def searching(text: str) -> Document:
    """The filter for a text, which is no pattern."""
    pattern = {"$regex": re.escape(text), "$options": "i"}
    return {"$or": [{field: pattern} for field in SEARCHED]}


class Specified:
    """The same people in a database of their own."""

    def __init__(self, client: MongoClient[Document]) -> None:
        self.database = client[NAME]
        self.customers = self.database["customers"]
        self.sales = self.database["sales"]

    def prepare(self) -> None:
        """Create what is to be filled; the purchases of a bare import are found by their ID and by the customer."""
        self.database.create_collection("customers", storageEngine=_AS_SERVERS_COME)
        index(self.customers)
        self.sales.create_index("saleId", unique=True)
        self.sales.create_index("customer")

    def page(self, match: Document, by: str, direction: int, *, page: int = 1, limit: int = 50) -> None:
        """One page and the total."""
        self.customers.count_documents(match)
        list(self.customers.find(match).sort(by, direction).skip((page - 1) * limit).limit(limit))

    def statistics(self) -> None:
        self.customers.count_documents({})
        self.customers.count_documents({"membershipStatus": True})
        self.customers.count_documents({"membershipStatus": False})
        for operator in ("$avg", "$sum"):
            list(self.customers.aggregate([{"$group": {"_id": None, "figure": {operator: "$purchaseAmount"}}}]))

    def preview(self, threshold: Decimal, shown: int) -> None:
        """How many an activation would be about, what they spent, and the first of them."""
        match = eligible(threshold)
        self.customers.count_documents(match)
        list(
            self.customers.aggregate([{"$match": match}, {"$group": {"_id": None, "sum": {"$sum": "$purchaseAmount"}}}])
        )
        list(self.customers.find(match).sort("purchaseAmount", -1).limit(shown))

    def find_eligible(self, threshold: Decimal) -> list[Document]:
        """Everybody whom an activation would be about."""
        return list(self.customers.find(eligible(threshold)))

    def activate(self, threshold: Decimal) -> None:
        found = self.find_eligible(threshold)
        update = {"$set": {"membershipStatus": True, "updatedAt": datetime.now(UTC)}}
        assert self.customers.update_many(eligible(threshold), update).modified_count == len(found)

    def save(self, amounts: dict[ObjectId, float]) -> None:
        """Edited rows, one after the other."""
        for key, amount in amounts.items():
            self.customers.update_one({"_id": key}, _typed(amount))

    def save_at_once(self, amounts: dict[ObjectId, float]) -> None:
        self.customers.bulk_write([UpdateOne({"_id": key}, _typed(amount)) for key, amount in amounts.items()])

    def register(self, document: Document) -> None:
        assert self.customers.find_one({"customerId": document["customerId"]}) is None
        self.customers.insert_one(document)

    def insert(self, documents: Sequence[Document]) -> None:
        self.customers.insert_many(documents, ordered=False)

    def record(self, sales: Sequence[Document]) -> None:
        """Purchases and the amounts that they add to, without any history."""
        added: dict[str, float] = {}
        for sale in sales:
            added[sale["customer"]] = added.get(sale["customer"], 0) + sale["amount"]
        self.sales.insert_many(sales, ordered=False)
        increments = [UpdateOne({"customerId": id}, {"$inc": {"purchaseAmount": sum}}) for id, sum in added.items()]
        self.customers.bulk_write(increments, ordered=False)

    def export(self) -> int:
        """Everybody as CSV by way of Arrow; the number of bytes."""
        sink = pa.BufferOutputStream()
        schema = pa.schema([("_id", pa.string()), *((field, _ARROW.get(field, pa.string())) for field in FIELDS)])
        with csv.CSVWriter(sink, schema) as writer:
            for raw in self.customers.find_raw_batches(batch_size=20_000):
                rows = decode_all(raw)
                columns = [[row[field] for row in rows] for field in FIELDS]
                writer.write(pa.record_batch([[str(row["_id"]) for row in rows], *columns], schema=schema))
        return sink.getvalue().size


_ARROW = {
    "purchaseAmount": pa.float64(),
    "membershipStatus": pa.bool_(),
    "createdAt": pa.timestamp("ms"),
    "updatedAt": pa.timestamp("ms"),
}


def eligible(threshold: Decimal) -> Document:
    return {"membershipStatus": False, "purchaseAmount": {"$gte": float(threshold)}}


def _typed(amount: float) -> Document:
    return {"$set": {"purchaseAmount": amount, "updatedAt": datetime.now(UTC)}}
