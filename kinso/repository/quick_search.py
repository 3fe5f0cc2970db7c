"""Finding a few customers while somebody types."""

from __future__ import annotations

from typing import Any

from pymongo import ASCENDING
from pymongo.database import Database
from pymongo.errors import ExecutionTimeout

from kinso.database import search
from kinso.models.customer import Customer
from kinso.repository.customers import to_customer

_VISIBLE = {search.HELPERS: False, "__v": False}


class QuickSearchRepository:
    """Looks where an index leads first; beyond that, for as long as a person waits."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._customers = database["customers"]

    def beginning_with(self, text: str, *, limit: int) -> list[Customer]:
        """Whose ID, name or contact begins with `text`: the ID before the name, the name before the contact."""
        folded = search.fold(text)
        starts = (("search.id", search.id_key(text)), ("search.name", folded), ("search.contact", folded))
        found: dict[str, Customer] = {}
        for field, start in starts:
            match = {field: {"$gte": start, "$lt": start + search.HIGHEST}}
            cursor = self._customers.find(match, _VISIBLE).sort(field, ASCENDING).limit(limit)
            for customer in map(to_customer, cursor):
                found.setdefault(customer.id, customer)
        return list(found.values())[:limit]

    def containing(self, text: str, *, limit: int, within: int) -> list[Customer] | None:
        """Whose ID, name, contact or phone number contains `text`; None when `within` milliseconds were not enough."""
        cursor = self._customers.find(search.matching(text), _VISIBLE).limit(limit).max_time_ms(within)
        try:
            return [to_customer(document) for document in cursor]
        except ExecutionTimeout:
            return None
