"""Finding a few customers while somebody types."""

from __future__ import annotations

from typing import Any

from pymongo import ASCENDING
from pymongo.database import Database
from pymongo.errors import ExecutionTimeout

from kinso.database import search
from kinso.database.country import country_of
from kinso.models.customers import Customer
from kinso.models.folding import fold, id_key
from kinso.repository.customers import to_customer

_MOST_ORDERS = 6
"""Of three words; whoever types more of them is in no hurry."""
_VISIBLE = {search.HELPERS: False, "__v": False}


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
            cursor = self._customers.find(match, _VISIBLE).sort(field, ASCENDING).limit(limit)
            for customer in map(to_customer, cursor):
                found.setdefault(customer.id, customer)
        return list(found.values())[:limit]

    def containing(self, text: str, *, limit: int, within: int) -> list[Customer] | None:
        """Whose ID, name and contact contain `text`; None when `within` milliseconds were not enough."""
        match = search.matching(text, country_of(self._database))
        cursor = self._customers.find(match, _VISIBLE).limit(limit).max_time_ms(within)
        try:
            return [to_customer(document) for document in cursor]
        except ExecutionTimeout:
            return None

    def _with_number(self, text: str, limit: int) -> list[Customer]:
        match = search.with_number(text, country_of(self._database))
        found = self._customers.find(match, _VISIBLE).limit(limit) if match else ()
        return [to_customer(document) for document in found]
