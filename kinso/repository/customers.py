"""Customers in the database."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bson import ObjectId
from pymongo import ASCENDING, DESCENDING, UpdateOne
from pymongo.database import Database
from pymongo.errors import BulkWriteError, DuplicateKeyError

from kinso.database import search
from kinso.database.country import country_of
from kinso.errors import DuplicateCustomerId
from kinso.models.customers import Customer, CustomerDraft, CustomerQuery
from kinso.models.stored import readable_version
from kinso.models.text import fold, id_key
from kinso.repository.customers_search import ByCustomerId, few_matching, read_page
from kinso.repository.documents import (
    DUPLICATE_KEY,
    SEARCHED,
    VISIBLE,
    Document,
    as_it_is,
    at_once,
    changed,
    erased_document,
    insert_all,
    object_id,
    to_customer,
    to_document,
    versioned_update,
)

EXACT_COUNT_LIMIT = 200_000
"""Above this, the size of the whole collection is read from its metadata: counting would take longer than the page."""

_NUMBERED = re.compile(r"(.*?)(\d{1,18})(\D*)")


@dataclass(frozen=True, eq=False)
class Comparable:
    """A stored customer with what tells whether somebody else is the same person: see `kinso.database.search`.

    Very many are compared and few are alike, so the model is only made of those.
    """

    document: Document
    keys: frozenset[str]
    contact: str
    name: str

    @property
    def id(self) -> str:
        """The customer's `_id`."""
        return str(self.document["_id"])

    @property
    def customer(self) -> Customer:
        """The model."""
        return to_customer(self.document)


class CustomerRepository:
    """Reads and writes customers; a lost update is impossible because every write names the version it replaces."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._database = database
        self._customers = database["customers"]

    def get(self, id: str) -> Customer | None:
        """The customer, or None when there is none or `id` is malformed."""
        key = object_id(id)
        document = self._customers.find_one({"_id": key}, VISIBLE) if key else None
        return to_customer(document) if document else None

    def get_many(self, ids: Iterable[str]) -> dict[str, Customer]:
        """Those of `ids` that exist, by id."""
        keys = [key for id in ids if (key := object_id(id))]
        if not keys:
            return {}
        found = at_once(self._customers.find({"_id": {"$in": keys}}, VISIBLE))
        return {str(document["_id"]): to_customer(document) for document in found}

    def get_by_customer_id(self, customer_id: str) -> Customer | None:
        """The customer with this ID in any letter case; raises `AmbiguousCustomerId`."""
        return self.get_by_customer_ids([customer_id]).get(customer_id)

    def get_by_customer_ids(self, customer_ids: Iterable[str]) -> ByCustomerId:
        """Everybody who has one of these IDs, in any letter case."""
        keys = [id_key(customer_id) for customer_id in customer_ids]
        found = at_once(self._customers.find(search.having_ids(keys), VISIBLE))
        return ByCustomerId(map(to_customer, found))

    def holders(self, customer_ids: Iterable[str]) -> dict[str, str]:
        """Who (by `_id`) holds the compared forms of these IDs, as far as anybody does: nobody else can have them."""
        keys = [id_key(customer_id) for customer_id in customer_ids]
        if not keys:
            return {}
        found = at_once(self._customers.find({"search.id": {"$in": keys}}, {"search.id": True}))
        return {document[search.HELPERS]["id"]: str(document["_id"]) for document in found}

    def has_leading_zeros(self) -> bool:
        """Whether some customer ID begins with a zero."""
        return self._customers.find_one({"search.id": {"$gte": "0", "$lt": "1"}}, {"_id": True}) is not None

    def case_duplicates(self) -> ByCustomerId:
        """Everybody whose ID looks like another one but for letter case."""
        keys = self._customers.distinct("search.twin")
        return ByCustomerId(map(to_customer, self._customers.find(search.having_ids(keys), VISIBLE)) if keys else ())

    def find(self, query: CustomerQuery, *, page: int, limit: int, eligible: Document | None = None) -> list[Customer]:
        """One page of the result; `page` counts from 1.

        Like every method that takes a query, it raises `AmbiguousCustomerId` for a `customer_id`. A query about
        eligible customers needs to know who they are: `SpenderRepository.filter` tells.
        """
        match = self._filter(query, eligible)
        return self._page(query, match, self._few(query, match), page, limit)

    def find_with_total(
        self, query: CustomerQuery, *, page: int, limit: int, eligible: Document | None = None
    ) -> tuple[list[Customer], int]:
        """One page of the result, and how many customers the query has on all its pages."""
        match = self._filter(query, eligible)
        few = self._few(query, match)
        total = self.count(query, eligible=eligible) if few is None else len(few)
        return self._page(query, match, few, page, limit) if (page - 1) * limit < total else [], total

    def iterate(self, query: CustomerQuery, *, eligible: Document | None = None) -> Iterator[Customer]:
        """The whole result, read in batches."""
        for document in self._sorted(query, self._filter(query, eligible)).batch_size(2000):
            yield to_customer(document)

    def count(self, query: CustomerQuery, *, eligible: Document | None = None) -> int:
        """How many customers the query has on all its pages."""
        if not query.is_filtered:
            estimate = self._customers.estimated_document_count()
            if estimate > EXACT_COUNT_LIMIT:
                return estimate
        return self._customers.count_documents(self._filter(query, eligible))

    def ids_matching(
        self, query: CustomerQuery, *, membership_status: bool, eligible: Document | None = None
    ) -> list[str]:
        """The ids of those in the query's result whose membership is `membership_status`."""
        match = {"$and": [self._filter(query, eligible), {"membershipStatus": membership_status}]}
        found = self._customers.find(match, {"_id": True})
        return [str(document["_id"]) for document in found]

    def versions(self, ids: Sequence[str]) -> dict[str, int]:
        """The present version of those of `ids` that exist."""
        keys = [key for id in ids if (key := object_id(id))]
        found = at_once(self._customers.find({"_id": {"$in": keys}}, {"version": True}))
        return {str(document["_id"]): readable_version(document.get("version")) for document in found}

    def insert(self, draft: CustomerDraft, at: datetime) -> Customer:
        """Store a new customer; raises `DuplicateCustomerId`."""
        document = to_document(draft, at, country_of(self._database))
        try:
            self._customers.insert_one(document)
        except DuplicateKeyError as error:
            raise DuplicateCustomerId(draft.customer_id) from error
        return to_customer(document)

    def insert_many(
        self, drafts: Sequence[CustomerDraft], at: datetime, *, created_at: Sequence[datetime] = ()
    ) -> list[Customer]:
        """Store new customers in one round trip; raises `DuplicateCustomerId` for the first that is taken.

        `created_at`, where given, says for each draft when the customer was really registered.
        """
        country = country_of(self._database)
        documents = [to_document(draft, at, country) for draft in drafts]
        for document, moment in zip(documents, created_at, strict=False):
            document["createdAt"] = moment
        insert_all(self._customers, documents)
        return [to_customer(document) for document in documents]

    def insert_as_they_are(self, customers: Sequence[Customer]) -> None:
        """Store customers with a history, in one round trip; raises `DuplicateCustomerId`."""
        country = country_of(self._database)
        insert_all(self._customers, [as_it_is(customer, country) for customer in customers])

    def update(self, before: Customer, changes: Document, at: datetime) -> Customer | None:
        """Write `changes` (by stored names) over exactly the version in `before`.

        Returns the customer as it is now, or None when that version is no longer there. Raises `DuplicateCustomerId`.
        """
        try:
            result = self._customers.update_one(*versioned_update(before, changes, at, self._country_for([changes])))
        except DuplicateKeyError as error:
            raise DuplicateCustomerId(str(changes["customerId"])) from error
        return changed(before, changes, at) if result.modified_count else None

    def update_many(self, updates: Sequence[tuple[Customer, Document]], at: datetime) -> int:
        """Like `update` for many in one round trip; returns how many still had their version."""
        country = self._country_for([changes for _, changes in updates])
        operations = [UpdateOne(*versioned_update(before, changes, at, country)) for before, changes in updates]
        try:
            return self._customers.bulk_write(operations, ordered=False).modified_count
        except BulkWriteError as error:
            failed = error.details["writeErrors"][0]
            if failed["code"] == DUPLICATE_KEY:
                raise DuplicateCustomerId(str(updates[failed["index"]][1].get("customerId"))) from error
            raise

    def set_membership(self, ids: Sequence[str], at: datetime, *, status: bool, excluded: bool) -> int:
        """Change the membership of all of these and return how many there were.

        Only within a transaction that has read them: then nobody else can have changed them since.
        """
        fields = {"membershipStatus": status, "membershipHeld": excluded, "updatedAt": at}
        changes = {"$set": fields, "$inc": {"version": 1}}
        return self._customers.update_many({"_id": {"$in": [ObjectId(id) for id in ids]}}, changes).modified_count

    def remove(self, ids: Sequence[str]) -> None:
        """Remove these for good; within a transaction that has read them."""
        self._customers.delete_many({"_id": {"$in": [ObjectId(id) for id in ids]}})

    def erase(self, id: str, alias: str, at: datetime) -> Customer | None:
        """Replace what tells who this is; returns the customer as it is now, None when there is none."""
        key = object_id(id)
        document = self._customers.find_one({"_id": key}) if key else None
        if document is None:
            return None
        erased = erased_document(document, alias, at)
        self._customers.replace_one({"_id": key}, erased)
        return to_customer(erased)

    def recent_ids(self, *, limit: int) -> list[str]:
        """The customer IDs of those registered last, the last one first."""
        order = [("createdAt", DESCENDING), ("_id", DESCENDING)]
        return [
            str(each.get("customerId")) for each in self._customers.find({}, {"customerId": 1}).sort(order).limit(limit)
        ]

    def highest_number_like(self, example: str) -> int:
        """The highest number among the IDs that differ from `example` in as many other digits at the end; 0 if none."""
        numbered = _NUMBERED.fullmatch(id_key(example))
        if numbered is None:
            return 0
        start, digits, end = numbered.groups()
        bounds = {"$gte": start, "$lt": f"{start}{search.HIGHEST}"}
        pattern = f"^{re.escape(start)}[0-9]{{{len(digits)}}}{re.escape(end)}$"
        found = self._customers.find({"search.id": {**bounds, "$regex": pattern}}, {"search.id": True})
        for document in found.sort("search.id", DESCENDING).limit(1):
            return int(document[search.HELPERS]["id"][len(start) : len(start) + len(digits)])
        return 0

    def find_with_contact(self, contacts: Sequence[str], *, limit: int) -> list[Comparable]:
        """Customers with a phone number or an e-mail address of one of these contacts, however it is written."""
        country = country_of(self._database)
        keys = [key for contact in contacts for key in search.contact_keys(contact, country)]
        folded = list(filter(None, map(fold, contacts)))
        return self._any_of([("search.keys", keys), ("search.contact", folded)], limit)

    def find_with_name(self, names: Sequence[str], *, limit: int) -> list[Comparable]:
        """Customers with one of these names, its words in any order."""
        orders = [order for name in names for order in search.names_in_any_order(name)]
        return self._any_of([("search.name", orders)], limit)

    def find_with_nearly(self, names: Sequence[str], *, limit: int) -> list[Comparable]:
        """Customers whose names may be nearly the same as one of these."""
        keys = [key for name in names for key in search.name_keys(name)]
        return self._any_of([("search.keys", keys)], limit)

    def _any_of(self, wanted: Sequence[tuple[str, list[str]]], limit: int) -> list[Comparable]:
        ways = [{field: {"$in": list(dict.fromkeys(values))}} for field, values in wanted if values]
        found = self._customers.find({"$or": ways}).limit(limit) if ways else ()
        return [_comparable(document) for document in found]

    def _country_for(self, changes: Iterable[Document]) -> str:
        """What the helper fields depend on, if any of these changes concern them."""
        return country_of(self._database) if any(SEARCHED & each.keys() for each in changes) else ""

    def _filter(self, query: CustomerQuery, eligible: Document | None) -> dict[str, Any]:
        country = country_of(self._database) if query.search.strip() else ""
        parts = [search.matching(query.search, country), search.name_matching(query.customer_name)]
        if query.customer_id:
            found = self.get_by_customer_id(query.customer_id)
            parts.append({"_id": {"$in": [ObjectId(found.id)] if found else []}})
        if query.membership_status is not None:
            parts.append({"membershipStatus": query.membership_status})
        if query.eligible is not None:
            if eligible is None:
                raise ValueError("A query about eligible customers needs to know who they are.")
            parts.append(dict(eligible) if query.eligible else {"$nor": [eligible]})
        parts = [part for part in parts if part]
        return {"$and": parts} if len(parts) > 1 else parts[0] if parts else {}

    def _page(
        self, query: CustomerQuery, match: Document, few: list[ObjectId] | None, page: int, limit: int
    ) -> list[Customer]:
        def cursor() -> Any:
            found = self._sorted(query, match if few is None else {"_id": {"$in": few}})
            return found.skip((page - 1) * limit).limit(limit)

        found = read_page(cursor) if few is None and self._is_long_search(query) else cursor()
        return [to_customer(document) for document in found]

    def _few(self, query: CustomerQuery, match: Document) -> list[ObjectId] | None:
        return few_matching(self._customers, match) if self._is_long_search(query) else None

    def _is_long_search(self, query: CustomerQuery) -> bool:
        is_search = bool(query.search.strip() or query.customer_name.strip())
        return is_search and self._customers.estimated_document_count() > EXACT_COUNT_LIMIT

    def _sorted(self, query: CustomerQuery, match: Document) -> Any:
        direction = ASCENDING if query.sort_order == "asc" else DESCENDING
        order = [(search.SORT_KEYS[query.sort_by], direction), ("_id", direction)]
        if query.sort_by == "membershipStatus":
            order[1:] = [("search.name", ASCENDING), ("_id", ASCENDING)]
        elif query.sort_by in ("customerId", "_id"):
            # They are unique, so there is nothing to settle, and only without `_id` does the ID's index give the order.
            del order[1:]
        return self._customers.find(match, VISIBLE).sort(order)


def _comparable(document: Document) -> Comparable:
    helpers = document[search.HELPERS]
    keys = frozenset(helpers.get("keys") or ())
    contact, name = (str(helpers.get(each) or "") for each in ("contact", "name"))
    return Comparable(document, keys, contact, name)
