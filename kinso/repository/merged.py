"""Customers who were merged into others, and whose entries of the ledger are the others' since."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne
from pymongo.database import Database

from kinso.database.checksums import CHECKSUM, OF_ENTRY, checksum_of
from kinso.database.country import country_of
from kinso.database.search import ALIASES, HELPERS, aliases_of, renewed_helpers
from kinso.models.accounts import Actor
from kinso.models.customers import Customer
from kinso.models.fields import to_stored
from kinso.models.money import read_stored_amount
from kinso.models.stored import readable_version
from kinso.repository.documents import (
    Document,
    at_once,
    canonical_id,
    erased_document,
    erased_id,
    insert_all,
    object_id,
    to_customer,
)

STEPS = "merges"
"""Where an entry tells by which merges it came to its customer: from whom in which run, the first one first."""
GIVEN = "givenBy"
"""Where an entry tells by which undo of a merge it was given to its customer, as somebody chose."""


@dataclass(frozen=True)
class Merged:
    """A customer as they were when they were merged `into` another one (by `_id`), in a run."""

    customer: Customer
    into: str
    run: str
    at: datetime

    @property
    def is_erased(self) -> bool:
        """Whether nobody knows any more who that was."""
        return self.customer.customer_id == erased_id(self.customer.id)


class MergedRepository:
    """Keeps the documents of customers who were merged into others, under their own `_id`s."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._database = database
        self._customers = database["customers"]
        self._merged = database["merged"]

    def move_here(self, id: str, into: str, run: str, actor: Actor, at: datetime) -> None:
        """Move a customer here; within a transaction that has read them."""
        key = ObjectId(id)
        document = self._customers.find_one({"_id": key})
        told = {"into": into, "run": run, "at": at, "byId": actor.user_id, "byName": actor.name}
        self._merged.insert_one({"_id": key, **told, "customer": document})
        self._customers.delete_one({"_id": key})

    def move_back(self, id: str, amount: Decimal, at: datetime) -> Customer:
        """Move somebody back among the customers, with this purchase amount; raises `DuplicateCustomerId`."""
        key = ObjectId(id)
        found = self._merged.find_one({"_id": key}) or {}
        self._merged.delete_one({"_id": key})
        document = found["customer"]
        document.update(
            updatedAt=at, version=readable_version(document.get("version")) + 1, purchaseAmount=float(amount)
        )
        document[HELPERS] = renewed_helpers(document, country_of(self._database))
        insert_all(self._customers, [document])
        return to_customer(document)

    def get(self, id: str) -> Merged | None:
        """Who was merged into somebody and had this `_id`; None when nobody did."""
        key = object_id(id)
        document = self._merged.find_one({"_id": key}) if key else None
        return _to_merged(document) if document else None

    def of_run(self, run: str) -> Merged | None:
        """Who was merged in this run, and still is."""
        document = self._merged.find_one({"run": run})
        return _to_merged(document) if document else None

    def way_up(self, id: str) -> list[str]:
        """This `_id`, whom they were merged into, whom that one was, and so on."""
        way = [canonical_id(id)]
        while (document := self._found(way[-1])) and document["into"] not in way:
            way.append(document["into"])
        return way

    def holders(self, ids: Iterable[str]) -> dict[str, str]:
        """Those of these who were merged (by `_id`), each with who stands for them in the end."""
        keys = [key for id in ids if (key := object_id(id))]
        found = at_once(self._merged.find({"_id": {"$in": keys}}, {"into": True})) if keys else ()
        return {str(document["_id"]): self.way_up(document["into"])[-1] for document in found}

    def all_in(self, id: str) -> list[str]:
        """Who was merged into this customer (by `_id`), or into one of those."""
        found: list[str] = []
        reached = [canonical_id(id)]
        while reached:
            documents = at_once(self._merged.find({"into": {"$in": reached}}, {"_id": True}))
            reached = [key for document in documents if (key := str(document["_id"])) not in found]
            found += reached
        return found

    def change(self, id: str, values: Document, *, without_ids: Collection[str] = ()) -> None:
        """Set fields of somebody who is here, and take IDs from the aliases that they have."""
        document = self._found(id)
        if document is None:
            return
        customer = {**document["customer"], **to_stored(values)}
        aliases = [alias for alias in aliases_of(customer) if alias not in (*without_ids, customer["customerId"])]
        customer.pop(ALIASES, None)
        if aliases:
            customer[ALIASES] = aliases
        self._merged.update_one({"_id": document["_id"]}, {"$set": {"customer": customer}})

    def erase(self, id: str, alias: str, at: datetime) -> None:
        """Replace what tells who somebody here is."""
        document = self._found(id)
        if document is not None:
            erased = erased_document(document["customer"], alias, at)
            self._merged.update_one({"_id": document["_id"]}, {"$set": {"customer": erased}})

    def remove(self, ids: Iterable[str]) -> None:
        """Remove these for good."""
        self._merged.delete_many({"_id": {"$in": [ObjectId(id) for id in ids]}})

    def _found(self, id: str) -> dict[str, Any] | None:
        key = object_id(id)
        return self._merged.find_one({"_id": key}) if key else None


def _to_merged(document: Document) -> Merged:
    return Merged(to_customer(document["customer"]), document["into"], document["run"], document["at"])


@dataclass(frozen=True)
class MovableEntry:
    """What of an entry decides to whom it goes; `steps` are the merges by which it came, each a run and from whom."""

    id: ObjectId
    kind: str
    sale_id: str
    refund_of: str | None
    amount: Decimal
    counts: bool
    recorded_at: datetime | None
    steps: tuple[tuple[str, str], ...]


class MergedLedgerRepository:
    """Gives entries of the ledger to other customers, and knows where they came from."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._entries = database["sales"]

    def of_customer(self, customer: str) -> list[MovableEntry]:
        """All entries, also those that count no more."""
        names = ("kind", "saleId", "refundOf", "amount", "void", "recordedAt", STEPS)
        return [
            MovableEntry(
                document["_id"],
                document.get("kind", ""),
                document.get("saleId", ""),
                document.get("refundOf"),
                read_stored_amount(document.get("amount")),
                document.get("void") is False,
                document.get("recordedAt"),
                tuple((step["run"], step["from"]) for step in document.get(STEPS, ())),
            )
            for document in at_once(self._entries.find({"customer": customer}, dict.fromkeys(names, True)))
        ]

    def give(
        self,
        customer: str,
        entries: Mapping[ObjectId, Sequence[tuple[str, str]]],
        *,
        given: Collection[ObjectId] = (),
        run: str = "",
    ) -> None:
        """Have these entries (by `_id`, each with its steps now) belong to a customer; some are `given` by a run."""
        updates = []
        names = dict.fromkeys((*OF_ENTRY, CHECKSUM), True)
        for document in at_once(self._entries.find({"_id": {"$in": list(entries)}}, names)):
            told: dict[str, Any] = {"customer": customer}
            if document["_id"] in given:
                told[GIVEN] = run
            if CHECKSUM in document:
                told[CHECKSUM] = checksum_of({**document, **told}, OF_ENTRY)
            steps = [{"run": run, "from": origin} for run, origin in entries[document["_id"]]]
            update = {"$set": {**told, STEPS: steps}} if steps else {"$set": told, "$unset": {STEPS: ""}}
            updates.append(UpdateOne({"_id": document["_id"]}, update))
        if updates:
            self._entries.bulk_write(updates)
