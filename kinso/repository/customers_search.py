"""Finding customers: by typed IDs, while somebody types, among very many, and by when they changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from itertools import islice
from typing import Any

from bson import ObjectId
from pymongo import ASCENDING
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import ExecutionTimeout

from kinso.database import search
from kinso.database.country import country_of
from kinso.errors import AmbiguousCustomerId
from kinso.models.customers import Customer
from kinso.models.customers_sync import Changed, Deletion, News, Place
from kinso.models.text import fold, id_key
from kinso.repository.documents import VISIBLE, Document, to_customer


class ByCustomerId:
    """Finds each of some customers by its ID in any letter case.

    Where an earlier application stored IDs that differ in nothing else, only the exact one means a customer.
    """

    def __init__(self, customers: Iterable[Customer]) -> None:
        self._alike: dict[str, list[Customer]] = {}
        for customer in customers:
            self._alike.setdefault(id_key(customer.customer_id), []).append(customer)

    def __contains__(self, customer_id: str) -> bool:
        """Whether the ID is taken."""
        return id_key(customer_id) in self._alike

    def __iter__(self) -> Iterator[Customer]:
        return (customer for alike in self._alike.values() for customer in alike)

    def get(self, customer_id: str) -> Customer | None:
        """The customer with this ID; raises `AmbiguousCustomerId`."""
        alike = self._alike.get(id_key(customer_id), [])
        if len(alike) < 2:
            return alike[0] if alike else None
        for wanted in (customer_id, customer_id.strip()):
            exact = [customer for customer in alike if customer.customer_id == wanted]
            if len(exact) == 1:
                return exact[0]
        raise AmbiguousCustomerId(customer_id, [customer.customer_id for customer in alike])


_MOST_ORDERS = 6
"""Of three words; whoever types more of them is in no hurry."""


class QuickSearchRepository:
    """Looks where an index leads first; beyond that, for as long as a person waits."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._database = database
        self._customers = database["customers"]

    def beginning_with(self, text: str, *, limit: int) -> list[Customer]:
        """Whose ID, name (in any order of its words) or contact begins with `text`.

        Before them comes who has it as a phone number.
        """
        folded = fold(text)
        names = [("search.name", order) for order in search.names_in_any_order(text)[:_MOST_ORDERS]]
        starts = (("search.id", id_key(text)), *names, ("search.contact", folded))
        found = {customer.id: customer for customer in self._with_number(text, limit)}
        for field, start in starts:
            match = {field: {"$gte": start, "$lt": start + search.HIGHEST}}
            cursor = self._customers.find(match, VISIBLE).sort(field, ASCENDING).limit(limit)
            for customer in map(to_customer, cursor):
                found.setdefault(customer.id, customer)
        return list(found.values())[:limit]

    def containing(self, text: str, *, limit: int, within: int) -> list[Customer] | None:
        """Whose searched fields contain `text`; None when `within` milliseconds were not enough."""
        match = search.matching(text, country_of(self._database))
        cursor = self._customers.find(match, VISIBLE).limit(limit).max_time_ms(within)
        try:
            return [to_customer(document) for document in cursor]
        except ExecutionTimeout:
            return None

    def _with_number(self, text: str, limit: int) -> list[Customer]:
        match = search.with_number(text, country_of(self._database))
        found = self._customers.find(match, VISIBLE).limit(limit) if match else ()
        return [to_customer(document) for document in found]


FEW = 2000
PATIENCE = 150
"""Milliseconds in which walking through all customers in the order of the list finds a page, or takes much too long."""

_AS_STORED = [("$natural", ASCENDING)]


def few_matching(customers: Collection[dict[str, Any]], match: Document) -> list[ObjectId] | None:
    """Everybody who matches, if they are few; reads the customers as they are stored."""
    found = customers.find(match, {"_id": True}).hint(_AS_STORED).limit(FEW + 1).batch_size(FEW + 1)
    ids = [document["_id"] for document in found]
    return ids if len(ids) <= FEW else None


def read_page(cursor: Callable[[], Any]) -> Iterable[Document]:
    """One page of a search that many may match; `cursor` makes a new sorted one each time.

    Those who match may all be at the end of the order, and then every customer before them is fetched from another
    place on the disk. Reading all of them as they are stored and sorting is slower at best and ten times quicker then.
    """
    try:
        return list(cursor().max_time_ms(PATIENCE))
    except ExecutionTimeout:
        return list(cursor().hint(_AS_STORED).allow_disk_use(True))


_SHOWN = {"customer": True, "customerId": True, "at": True}


class SyncRepository:
    """Reads what was changed after a place."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._customers = database["customers"]
        self._changes = database["changes"]

    def after(self, place: Place, *, limit: int) -> list[News]:
        """The earliest changes and deletions after this place."""
        found = self._changes.find(deleted_after(place), _SHOWN).sort([("at", ASCENDING), ("_id", ASCENDING)])
        deletions: list[News] = [_deletion(document) for document in found.limit(limit)]
        found = self._customers.find(changed_after(place), VISIBLE)
        found = found.sort([("updatedAt", ASCENDING), ("_id", ASCENDING)])
        changed: list[News] = [Changed(to_customer(document)) for document in found.limit(limit)]
        return list(islice(merge(changed, deletions, key=lambda each: each.place), limit))

    def count_after(self, place: Place) -> int:
        """How many changes and deletions there are after this place."""
        # Not in one question: a plain range is counted from the index alone.
        later = self._customers.count_documents({"updatedAt": {"$gt": place.at}})
        same = 0 if place.is_deletion else self._customers.count_documents(_at_the_same_moment(place))
        return later + same + self._changes.count_documents(deleted_after(place))


def changed_after(place: Place) -> Document:
    """Filter for the customers who come after this place, but for those whom another application gave an odd `_id`.

    Nobody can ask for these one by one either.
    """
    later = {"updatedAt": {"$gt": place.at}, "_id": {"$type": "objectId"}}
    if place.is_deletion:
        return later
    return {"$or": [_at_the_same_moment(place), later]}


def _at_the_same_moment(place: Place) -> Document:
    return {"updatedAt": place.at, "_id": {"$gt": ObjectId(place.id)}}


def deleted_after(place: Place) -> Document:
    """Filter for the changes that are deletions and come after this place."""
    if not place.is_deletion:
        return {"kind": "delete", "at": {"$gte": place.at}}
    same = {"kind": "delete", "at": place.at, "_id": {"$gt": ObjectId(place.id)}}
    return {"$or": [same, {"kind": "delete", "at": {"$gt": place.at}}]}


def _deletion(document: Document) -> Deletion:
    return Deletion(str(document["_id"]), document["customer"], document["customerId"], document["at"])
