"""Finding customers: by typed IDs, by whatever a query asks, while somebody types, and by when they changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import islice
from typing import Any

from bson import ObjectId
from pymongo import ASCENDING, DESCENDING
from pymongo.collation import Collation
from pymongo.database import Database
from pymongo.errors import ExecutionTimeout

from kinso.database import search
from kinso.database.connection import Connection
from kinso.database.country import country_of
from kinso.errors import AmbiguousCustomerId
from kinso.mirror.mirror import Mirror
from kinso.models.customers import Customer, CustomerQuery
from kinso.models.customers_sync import Changed, Deletion, News, Place
from kinso.models.facts import FACTS
from kinso.models.text import fold, id_key
from kinso.repository.conditions import SOMEWHERE, WHOLE_ID, Conditions, fit_of, named, searched_for
from kinso.repository.documents import VISIBLE, Document, at_once, is_adopted, to_customer
from kinso.repository.facts import Asked, Computed, FactsNow, needed
from kinso.repository.listed import Listed, Order
from kinso.repository.mirror import FollowingMirror
from kinso.repository.mirrored import CUSTOMER_COLUMNS, customer_of, id_of, key_of, utc


class ByCustomerId:
    """Finds each of some customers by its ID in any letter case.

    They are found by the IDs of those who were merged into them as well. Where an earlier application stored IDs that
    differ in nothing else, only the exact one means a customer.
    """

    def __init__(self, customers: Iterable[Customer]) -> None:
        self._customers = list(customers)
        self._alike: dict[str, list[Customer]] = {}
        for customer in self._customers:
            for key in dict.fromkeys(map(id_key, _ids_of(customer))):
                self._alike.setdefault(key, []).append(customer)

    def __contains__(self, customer_id: str) -> bool:
        """Whether the ID is taken."""
        return id_key(customer_id) in self._alike

    def __iter__(self) -> Iterator[Customer]:
        return iter(self._customers)

    def get(self, customer_id: str) -> Customer | None:
        """The customer with this ID; raises `AmbiguousCustomerId`."""
        alike = self._alike.get(id_key(customer_id), [])
        if len(alike) < 2:
            return alike[0] if alike else None
        for wanted in (customer_id, customer_id.strip()):
            exact = [customer for customer in alike if wanted in _ids_of(customer)]
            if len(exact) == 1:
                return exact[0]
        raise AmbiguousCustomerId(customer_id, [customer.customer_id for customer in alike])


def _ids_of(customer: Customer) -> tuple[str, ...]:
    return customer.customer_id, *customer.aliases


_COLUMNS = ", ".join(CUSTOMER_COLUMNS)
_SORT_COLUMNS = {
    "customerId": "id_key",
    "customerName": "name_key",
    "contactInfo": "contact_key",
    "purchaseAmount": "purchase_amount",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
    "version": "version",
}
_INDEXED = {
    "customerId": "search.id",
    "customerName": "search.name",
    "createdAt": "createdAt",
}
"""By what MongoDB has everybody in order; the first pages of such a list are its business."""
_FIRST_PAGES = 1000
"""Customers; beyond them an index is walked for longer than the mirror takes."""
_OF_MEMBERSHIP: dict[bool | None, Document] = {
    None: {},
    True: {"membershipStatus": True},
    False: {"membershipStatus": {"$ne": True}},
}
_GLANCE = 20
"""Milliseconds; in more time the mirror looks through everybody."""
_AT_ONCE = 5000
_IN_ANY_CASE = Collation("en", strength=2)
_LONGEST_NUMBER = 19
_LONGEST_READING = 2000
"""Milliseconds in which a list of a few is read without the mirror."""


class CustomerLists:
    """Answers what a query asks; see `CustomerQuery`.

    Methods raise `AmbiguousCustomerId` for a `customer_id`. A query about eligible customers, with a filter, or sorted
    by a fact, needs `facts`.
    """

    def __init__(self, connection: Connection, mirror: FollowingMirror) -> None:
        self._connection = connection
        self._database = connection.database
        self._customers = self._database["customers"]
        self._mirror = mirror

    def find(self, query: CustomerQuery, *, page: int, limit: int, facts: FactsNow | None = None) -> list[Customer]:
        """One page of the result; `page` counts from 1."""
        if (first := self._first_page(query, page, limit)) is not None:
            return first
        return self.find_with_total(query, page=page, limit=limit, facts=facts)[0]

    def find_with_total(
        self, query: CustomerQuery, *, page: int, limit: int, facts: FactsNow | None = None
    ) -> tuple[list[Customer], int]:
        """One page of the result, and how many customers the query has on all its pages."""
        if (first := self._first_page(query, page, limit)) is not None:
            return first, self.count(query)
        asked = self._conditions(query, facts)
        order = _order(query, asked, facts)
        with self.tables(asked).together() as answer:
            if query.is_searched or asked.joins:
                # Reading the texts of everybody takes most of the time, as does joining, so that is done once.
                columns = ", ".join(dict.fromkeys(["key", "odd_id", *order.selected()]))
                answer(
                    f"CREATE TEMP TABLE matching AS SELECT {columns} FROM {asked.source} WHERE {asked}",
                    asked.parameters,
                )
                listed, order = Listed.of(answer, "matching", Conditions()), order.of_selected()
            else:
                listed = Listed.of(answer, "customers", asked)
            keys = listed.page(order, (page - 1) * limit, limit)
        return self.by_keys(keys), listed.total

    def by_keys(self, keys: Sequence[tuple[int, str | None]]) -> list[Customer]:
        """The customers whom the mirror knows by these keys and odd ids, as they are now; who is gone is left out.

        Some whole rows of the mirror would take it longer than it takes MongoDB to find as many documents.
        """
        stored = self._complete_ones({"_id": {"$in": [ObjectId(id_of(key)) for key, odd_id in keys if odd_id is None]}})
        found = {key_of(document["_id"]): to_customer(document) for document in stored}
        if odd := [str(key) for key, odd_id in keys if odd_id is not None]:
            sql = f"SELECT {_COLUMNS} FROM customers WHERE key IN (SELECT unnest($keys)::HUGEINT)"
            found |= {row[0]: customer_of(row) for row in self._mirror.rows(sql, keys=odd)}
        return [found[key] for key, _ in keys if key in found]

    def iterate(self, query: CustomerQuery, *, facts: FactsNow | None = None) -> Iterator[Customer]:
        """The whole result as of one moment, read in pieces."""
        asked = self._conditions(query, facts)
        order = _order(query, asked, facts)
        sql = f"SELECT {_COLUMNS} FROM {asked.source} WHERE {asked} ORDER BY {order}"
        return map(customer_of, self.tables(asked).iterate(sql, asked.parameters, at_once=_AT_ONCE))

    def asked(self, query: CustomerQuery, facts: FactsNow | None) -> tuple[Mirror, Asked, Order]:
        """What a query asks, and the order that it wants, for a statement about these tables."""
        tables, asked, order, _ = self.asked_with(query, facts, ())
        return tables, asked, order

    def asked_with(
        self, query: CustomerQuery, facts: FactsNow | None, names: Sequence[str]
    ) -> tuple[Mirror, Asked, Order, list[Computed]]:
        """The same, and how the facts with these names are computed beside it."""
        asked = self._conditions(query, facts)
        order = _order(query, asked, facts)
        computed = [needed(facts).computed(asked, FACTS[name]) for name in names]
        return self.tables(asked), asked, order, computed

    def facts_of(self, ids: Sequence[str], names: Sequence[str], facts: FactsNow) -> dict[str, dict[str, Any]]:
        """These facts of these customers, by `_id` and name, as JSON values; who is gone is left out."""
        asked = Asked()
        computed = {name: facts.computed(asked, FACTS[name]) for name in names}
        shown = ", ".join(["key", "odd_id", *(each.shown for each in computed.values())])
        asked.add(f"key IN (SELECT unnest({asked.given([str(key_of(id)) for id in ids])})::HUGEINT)")
        rows = self.tables(asked).rows(f"SELECT {shown} FROM {asked.source} WHERE {asked}", asked.parameters)
        return {
            id_of(key, odd_id): {
                name: each.value(value) for (name, each), value in zip(computed.items(), values, strict=True)
            }
            for key, odd_id, *values in rows
        }

    def count(self, query: CustomerQuery, *, facts: FactsNow | None = None) -> int:
        """How many customers the query has on all its pages."""
        asked = self._conditions(query, facts)
        sql = f"SELECT count(*) FROM {asked.source} WHERE {asked}"
        [(count,)] = self.tables(asked).rows(sql, asked.parameters)
        return int(count)

    def ids_matching(
        self, query: CustomerQuery, *, membership_status: bool, facts: FactsNow | None = None
    ) -> list[str]:
        """The ids of those in the query's result whose membership is `membership_status`."""
        asked = self._conditions(query, facts)
        asked.add("membership_status" if membership_status else "NOT membership_status")
        sql = f"SELECT key, odd_id FROM {asked.source} WHERE {asked} ORDER BY key"
        rows = self.tables(asked).rows(sql, asked.parameters)
        return [id_of(key, odd_id) for key, odd_id in rows]

    def find_at_once(self, text: str, *, limit: int) -> tuple[list[Customer], int]:
        """Whose searched fields contain `text`, those who fit best first, and how many there are in all.

        Best is who has it as the whole ID or as a phone number, then whose ID, name or contact begins with it. Beside
        somebody with the whole ID nobody is shown who only has it somewhere.
        """
        asked, country = Conditions(), country_of(self._database)
        asked.add(searched_for(asked, text, country))
        fit = fit_of(asked, text, country)
        sql = f"""
            WITH matching AS MATERIALIZED (SELECT key, odd_id, name_key, {fit} AS fit FROM customers WHERE {asked})
            SELECT (SELECT count(*) FROM matching), key, odd_id, fit FROM matching
            ORDER BY fit, name_key, key LIMIT {limit}"""
        rows = self._mirror.rows(sql, **asked.parameters)
        has_whole_id = any(fit == WHOLE_ID for *_, fit in rows)
        shown = [(key, odd_id) for _, key, odd_id, fit in rows if fit < SOMEWHERE or not has_whole_id]
        return self.by_keys(shown), rows[0][0] if rows else 0

    def _first_page(self, query: CustomerQuery, page: int, limit: int) -> list[Customer] | None:
        """A page that MongoDB finds as quickly as one customer; None when it does not."""
        is_narrow = query.model_copy(update={"membership_status": None}).is_filtered
        # The indexes come at the end of an adoption.
        if is_narrow or self._connection.adoption.is_under_way:
            return None
        sort_by, status, is_ascending = query.sort_by, query.membership_status, query.sort_order == "asc"
        if is_by_membership := sort_by == "membershipStatus":
            # Those of one kind come first, by their names.
            sort_by, status, is_ascending = "customerName", status if status is not None else not is_ascending, True
        if sort_by not in _INDEXED or page * limit > _FIRST_PAGES:
            return None
        direction = ASCENDING if is_ascending else DESCENDING
        order = [(_INDEXED[sort_by], direction), ("_id", direction)]
        if sort_by == "customerId":
            # They are unique, so there is nothing to settle, and only without `_id` does the index give the order.
            del order[1:]
        found = self._customers.find(_OF_MEMBERSHIP[status], VISIBLE).sort(order)
        if status is not None:
            found.max_time_ms(_GLANCE)
        try:
            customers = list(map(to_customer, at_once(found.skip((page - 1) * limit).limit(limit))))
        except ExecutionTimeout:
            # Too few of those who come first in this order are members, or are none.
            return None
        # Those of the other kind may follow.
        is_whole = not is_by_membership or query.membership_status is not None or len(customers) == limit
        return customers if is_whole else None

    def tables(self, asked: Asked) -> Mirror:
        """The tables that conditions are about, as fresh as they need them."""
        return self._mirror.derived(asked.zone) if asked.zone else self._mirror.up_to_date()

    def _conditions(self, query: CustomerQuery, facts: FactsNow | None) -> Asked:
        asked = Asked()
        if fold(query.search):
            asked.add(searched_for(asked, query.search, country_of(self._database)))
        if fold(query.customer_name):
            asked.add(named(asked, query.customer_name))
        if query.customer_id:
            found = self.get_by_customer_id(query.customer_id)
            asked.add(f"key = {asked.given(key_of(found.id))}" if found else "false")
        if query.membership_status is not None:
            asked.add("membership_status" if query.membership_status else "NOT membership_status")
        if query.eligible is not None:
            eligible = needed(facts).eligible()
            asked.add(eligible if query.eligible else f"NOT ({eligible})")
        if query.filter is not None:
            asked.add(needed(facts).meeting(asked, query.filter))
        return asked

    def get_by_customer_id(self, customer_id: str) -> Customer | None:
        """The customer with this ID in any letter case; raises `AmbiguousCustomerId`."""
        return self.get_by_customer_ids([customer_id]).get(customer_id)

    def get_by_customer_ids(self, customer_ids: Iterable[str]) -> ByCustomerId:
        """Everybody who has one of these IDs, in any letter case."""
        wanted = list(customer_ids)
        self._adopt_alike(wanted)
        found = at_once(self._customers.find(search.having_ids([id_key(each) for each in wanted]), VISIBLE))
        return ByCustomerId(map(to_customer, found))

    def find_as_written(self, text: str, *, limit: int) -> list[Customer]:
        """Some of those in whose ID, name or contact `text` stands, in any letter case; nobody if that takes long.

        For as long as the mirror is being loaded: it reads documents one after the other.
        """
        pattern = {"$regex": re.escape(text), "$options": "i"}
        anywhere = {"$or": [{name: pattern} for name in ("customerId", "customerName", "contactInfo")]}
        try:
            found = self._customers.find(anywhere, {"_id": True}).limit(limit).max_time_ms(_LONGEST_READING)
            ids = [document["_id"] for document in found]
        except ExecutionTimeout:
            return []
        return list(map(to_customer, self._complete_ones({"_id": {"$in": ids}})))

    def _complete_ones(self, wanted: Document, *, collation: Collation | None = None) -> Sequence[Document]:
        """The documents that are wanted, each with everything that Kinso relies on."""
        found = list(at_once(self._customers.find(wanted, VISIBLE, collation=collation)))
        lacking = self._connection.adoption.is_under_way and [each["_id"] for each in found if not is_adopted(each)]
        if lacking:
            self._connection.complete(lacking)
            found = list(at_once(self._customers.find(wanted, VISIBLE, collation=collation)))
        return found

    def _adopt_alike(self, customer_ids: Sequence[str]) -> None:
        """Adopt those with these IDs in any letter case, so that they are found and nobody gets one of them again.

        What looks the same in another way, such as another kind of dash, is told apart when all are adopted.
        """
        if not customer_ids or not self._connection.adoption.is_under_way:
            return
        typed = [each.strip() for each in customer_ids]
        self._complete_ones({"customerId": {"$in": typed}})
        keys = {each: id_key(each) for each in typed}
        found = self._customers.find(search.having_ids(list(keys.values())), {"search.id": True, "search.twin": True})
        known = {key for document in found for key in document[search.HELPERS].values()}
        if missing := [each for each, key in keys.items() if key not in known]:
            # This looks at every document, but only until all are adopted.
            numbers = [int(each) for each in missing if each.isdecimal() and len(each) < _LONGEST_NUMBER]
            self._complete_ones({"customerId": {"$in": [*missing, *numbers]}}, collation=_IN_ANY_CASE)


def _order(query: CustomerQuery, asked: Asked, facts: FactsNow | None) -> Order:
    is_ascending = query.sort_order == "asc"
    if query.sort_by == "membershipStatus":
        # Those of one kind are in the order of their names either way.
        return Order((("membership_status", is_ascending), ("name_key", True), ("key", True)))
    if query.sort_by == "_id":
        return Order((("key", is_ascending),))
    if query.sort_by in _SORT_COLUMNS:
        return Order(((_SORT_COLUMNS[query.sort_by], is_ascending), ("key", is_ascending)))
    sorted_by = needed(facts).computed(asked, FACTS[query.sort_by]).compared
    # Who has none of it comes last either way.
    return Order(((f"({sorted_by}) IS NULL", True), (f"({sorted_by})", is_ascending), ("key", is_ascending)))


_SHOWN = {"customer": True, "customerId": True, "at": True}


class SyncRepository:
    """Reads what was changed after a place."""

    def __init__(self, database: Database[dict[str, Any]], mirror: FollowingMirror) -> None:
        self._changes = database["changes"]
        self._mirror = mirror

    def after(self, place: Place, *, limit: int) -> list[News]:
        """The earliest changes and deletions after this place, with everything in it that anybody has committed.

        Those whom another application gave an odd `_id` are left out: nobody can ask for them one by one either.
        """
        self._mirror.catch_up()
        asked = _changed_after(place)
        sql = f"SELECT {_COLUMNS} FROM customers WHERE {asked} ORDER BY updated_at, key LIMIT {limit}"
        changed: list[News] = [Changed(customer_of(row)) for row in self._mirror.rows(sql, **asked.parameters)]
        # After the customers: who was deleted since they were read is told as deleted after they were changed.
        found = self._changes.find(deleted_after(place), _SHOWN).sort([("at", ASCENDING), ("_id", ASCENDING)])
        deletions: list[News] = [_deletion(document) for document in found.limit(limit)]
        return list(islice(merge(changed, deletions, key=lambda each: each.place), limit))

    def count_after(self, place: Place) -> int:
        """How many changes and deletions there are after this place."""
        asked = _changed_after(place)
        [(changed,)] = self._mirror.rows(f"SELECT count(*) FROM customers WHERE {asked}", **asked.parameters)
        return int(changed) + self._changes.count_documents(deleted_after(place))


def _changed_after(place: Place) -> Conditions:
    asked = Conditions()
    asked.add("odd_id IS NULL")
    at = asked.given(utc(place.at))
    same = "" if place.is_deletion else f" OR (updated_at = {at} AND key > {asked.given(key_of(place.id))})"
    asked.add(f"updated_at > {at}{same}")
    return asked


def deleted_after(place: Place) -> Document:
    """Filter for the changes that are deletions and come after this place."""
    if not place.is_deletion:
        return {"kind": "delete", "at": {"$gte": place.at}}
    same = {"kind": "delete", "at": place.at, "_id": {"$gt": ObjectId(place.id)}}
    return {"$or": [same, {"kind": "delete", "at": {"$gt": place.at}}]}


def _deletion(document: Document) -> Deletion:
    return Deletion(str(document["_id"]), document["customer"], document["customerId"], document["at"])
