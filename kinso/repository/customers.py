"""Customers in the database."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from bson import ObjectId
from pymongo import DESCENDING, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from kinso.database import search
from kinso.database.country import country_of
from kinso.errors import DuplicateCustomerId
from kinso.models.accounts import Actor, RegistrationSource
from kinso.models.customers import Customer, CustomerDraft
from kinso.models.stored import readable_version
from kinso.models.text import id_key
from kinso.repository.customers_search import ByCustomerId, CustomerLists
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
    registration,
    to_customer,
    to_document,
    versioned_update,
)

_NUMBERED = re.compile(r"(.*?)(\d{1,18})(\D*)")


class CustomerRepository(CustomerLists):
    """Reads and writes customers; a lost update is impossible because every write names the version it replaces."""

    def count_all(self) -> int:
        """How many customers are stored at this moment, counted one by one."""
        return self._customers.count_documents({})

    def is_empty(self) -> bool:
        """Whether there are none."""
        return self._customers.find_one({}, {"_id": True}) is None

    def get(self, id: str) -> Customer | None:
        """The customer, or None when there is none or `id` is malformed."""
        key = object_id(id)
        documents = self._complete_ones({"_id": key}) if key else ()
        return next(map(to_customer, documents), None)

    def get_many(self, ids: Iterable[str]) -> dict[str, Customer]:
        """Those of `ids` that exist, by id."""
        keys = [key for id in ids if (key := object_id(id))]
        if not keys:
            return {}
        found = self._complete_ones({"_id": {"$in": keys}})
        return {str(document["_id"]): to_customer(document) for document in found}

    def holders(self, customer_ids: Iterable[str]) -> dict[str, str]:
        """Who (by `_id`) holds the compared forms of these IDs, as far as anybody does: nobody else can have them."""
        wanted = list(customer_ids)
        if not wanted:
            return {}
        self._adopt_alike(wanted)
        keys = [id_key(customer_id) for customer_id in wanted]
        held = {"$or": [{"search.id": {"$in": keys}}, {"search.aliases": {"$in": keys}}]}
        found = at_once(self._customers.find(held, {"search.id": True, "search.aliases": True}))
        return {
            key: str(document["_id"])
            for document in found
            for key in (document[search.HELPERS]["id"], *document[search.HELPERS].get("aliases", ()))
        }

    def has_leading_zeros(self) -> bool:
        """Whether some customer ID begins with a zero."""
        return self._customers.find_one({"search.id": {"$gte": "0", "$lt": "1"}}, {"_id": True}) is not None

    def case_duplicates(self) -> ByCustomerId:
        """Everybody whose ID looks like another one but for letter case."""
        keys = self._customers.distinct("search.twin")
        return ByCustomerId(map(to_customer, self._customers.find(search.having_ids(keys), VISIBLE)) if keys else ())

    def versions(self, ids: Sequence[str]) -> dict[str, int]:
        """The present version of those of `ids` that exist."""
        keys = [key for id in ids if (key := object_id(id))]
        found = at_once(self._customers.find({"_id": {"$in": keys}}, {"version": True}))
        return {str(document["_id"]): readable_version(document.get("version")) for document in found}

    def insert(self, draft: CustomerDraft, at: datetime, actor: Actor | None = None) -> Customer:
        """Store a new customer, registered by this person; raises `DuplicateCustomerId`."""
        self._make_sure_of([draft.customer_id])
        document = to_document(draft, at, country_of(self._database)) | registration(actor)
        try:
            self._customers.insert_one(document)
        except DuplicateKeyError as error:
            raise DuplicateCustomerId(draft.customer_id) from error
        return to_customer(document)

    def insert_many(
        self,
        drafts: Sequence[CustomerDraft],
        at: datetime,
        actor: Actor | None = None,
        *,
        created_at: Sequence[datetime] = (),
        source: RegistrationSource | None = None,
    ) -> list[Customer]:
        """Store new customers in one round trip; raises `DuplicateCustomerId` for the first that is taken.

        `created_at`, where given, says for each draft when the customer was really registered; `source` where they come
        from, if not from where the person is at work.
        """
        self._make_sure_of([draft.customer_id for draft in drafts])
        country = country_of(self._database)
        told = registration(actor, source)
        documents = [to_document(draft, at, country) | told for draft in drafts]
        for document, moment in zip(documents, created_at, strict=False):
            document["createdAt"] = moment
        insert_all(self._customers, documents)
        return [to_customer(document) for document in documents]

    def insert_as_they_are(self, customers: Sequence[Customer], actor: Actor) -> None:
        """Store customers with a history, in one round trip; raises `DuplicateCustomerId`."""
        self._make_sure_of([customer.customer_id for customer in customers])
        country = country_of(self._database)
        told = registration(actor)
        insert_all(self._customers, [as_it_is(customer, country) | told for customer in customers])

    def update(self, before: Customer, changes: Document, at: datetime) -> Customer | None:
        """Write `changes` (by stored names) over exactly the version in `before`.

        Returns the customer as it is now, or None when that version is no longer there. Raises `DuplicateCustomerId`.
        """
        if "customerId" in changes:
            # Where its aliases change as well, one of them may become its ID.
            self._make_sure_of([changes["customerId"]], but_for=before.id if search.ALIASES in changes else None)
        changes = self._keeping_ids(before, changes)
        try:
            result = self._customers.update_one(*versioned_update(before, changes, at, self._country_for([changes])))
        except DuplicateKeyError as error:
            raise DuplicateCustomerId(str(changes["customerId"])) from error
        return changed(before, changes, at) if result.modified_count else None

    def update_many(self, updates: Sequence[tuple[Customer, Document]], at: datetime) -> int:
        """Like `update` for many in one round trip; returns how many still had their version."""
        self._make_sure_of([changes["customerId"] for _, changes in updates if "customerId" in changes])
        updates = [(before, self._keeping_ids(before, changes)) for before, changes in updates]
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
        self.get(id)
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

    def all_aliases(self) -> dict[str, str]:
        """The compared form of the ID of everybody who was merged into another customer, and that of the other one."""
        found = self._customers.find({"search.aliases": {"$gt": ""}}, {"search.id": True, "search.aliases": True})
        return {
            alias: document[search.HELPERS]["id"]
            for document in at_once(found)
            for alias in document[search.HELPERS]["aliases"]
        }

    def _make_sure_of(self, customer_ids: Sequence[str], *, but_for: str | None = None) -> None:
        """Nobody gets the ID of somebody who was merged into another customer; raises `DuplicateCustomerId`."""
        if not customer_ids:
            return
        self._adopt_alike(customer_ids)
        keys = {id_key(customer_id): customer_id for customer_id in customer_ids}
        others = {"_id": {"$ne": ObjectId(but_for)}} if but_for else {}
        held = {"search.aliases": {"$in": list(keys)}, **others}
        for document in self._customers.find(held, {"search.aliases": True}):
            taken = next(key for key in document[search.HELPERS]["aliases"] if key in keys)
            raise DuplicateCustomerId(keys[taken])

    def _keeping_ids(self, before: Customer, changes: Document) -> Document:
        """The changes; where the ID was that of somebody who was merged into them, it becomes an alias."""
        if not before.aliases or "customerId" not in changes or search.ALIASES in changes:
            return changes
        if self._database["merged"].find_one({"customer.customerId": before.customer_id}, {"_id": True}) is None:
            return changes
        return {**changes, search.ALIASES: (*before.aliases, before.customer_id)}

    def _country_for(self, changes: Iterable[Document]) -> str:
        """What the helper fields depend on, if any of these changes concern them."""
        return country_of(self._database) if any(SEARCHED & each.keys() for each in changes) else ""
