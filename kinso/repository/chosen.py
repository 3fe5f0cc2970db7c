"""Customers who are chosen together, for what is done to many at once."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from kinso.models.bulk import ValueGroup
from kinso.models.customers import CustomerQuery
from kinso.models.fields import Field
from kinso.repository.customers_search import CustomerLists
from kinso.repository.facts import FactsNow
from kinso.repository.mirrored import amount_of, id_of, value_of

_AT_ONCE = 50_000
_BYTES = 12
"""Of an `_id`."""


class ChosenRepository:
    """Answers about all customers of a query; `facts` as `CustomerLists` needs them."""

    def __init__(self, customers: CustomerLists) -> None:
        self._customers = customers

    def versions(self, query: CustomerQuery, *, facts: FactsNow | None = None) -> tuple[dict[str, int], Decimal]:
        """Who they are, each with the present version, and what they spent together."""
        rows = self._rows("key, odd_id, version, purchase_amount", query, facts)
        versions, cents = {}, 0
        for key, odd_id, version, amount in rows:
            versions[id_of(key, odd_id)] = version
            cents += amount
        return versions, amount_of(cents)

    def packed_ids(self, query: CustomerQuery, *, facts: FactsNow | None = None) -> set[bytes]:
        """Their `_id`s as MongoDB packs them, but for odd ones."""
        tables, asked, _order = self._customers.asked(query, facts)
        sql = f"SELECT key FROM {asked.source} WHERE {asked} AND odd_id IS NULL"
        return {key.to_bytes(_BYTES, "big") for (key,) in tables.iterate(sql, asked.parameters, at_once=_AT_ONCE)}

    def by_value(self, query: CustomerQuery, field: Field, *, facts: FactsNow | None = None) -> list[ValueGroup]:
        """How many of them have each value of a field."""
        tables, asked, _order = self._customers.asked(query, facts)
        column = field.attribute
        sql = f"""
            SELECT customers.{column}, count(*), sum(purchase_amount)
            FROM {asked.source} WHERE {asked} GROUP BY customers.{column}"""
        return [
            ValueGroup(value_of(field.type, value), count, amount_of(cents))
            for value, count, cents in tables.rows(sql, asked.parameters)
        ]

    def values(self, query: CustomerQuery, field: Field, *, facts: FactsNow | None = None) -> Iterator[tuple[str, Any]]:
        """The `_id` of each, and what they have in a field."""
        rows = self._rows(f"key, odd_id, customers.{field.attribute}", query, facts)
        return ((id_of(key, odd_id), value_of(field.type, value)) for key, odd_id, value in rows)

    def _rows(self, columns: str, query: CustomerQuery, facts: FactsNow | None) -> Iterator[tuple[Any, ...]]:
        tables, asked, _order = self._customers.asked(query, facts)
        sql = f"SELECT {columns} FROM {asked.source} WHERE {asked} ORDER BY key"
        return tables.iterate(sql, asked.parameters, at_once=_AT_ONCE)
