"""What the ledger says about some customers, as far as it counts for a rule; for decisions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from pymongo.database import Database

from kinso.database.connection import in_batches
from kinso.models.membership import Rule
from kinso.models.money import read_stored_amount
from kinso.models.purchases import PURCHASE_KINDS, EntryKind
from kinso.models.rule_bases import Measure
from kinso.repository.documents import Document

_AT_ONCE = 10_000
_Amounts = Mapping[str, Decimal]
"""Customers by `_id`; who is left out has 0."""


class SpendingRepository:
    """What the basis of a rule measures of given customers, read where it is written."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._entries = database["sales"]
        self._measures = {"spent": self._spent, "sales": self._sales, "refunded sales": self._refunded_sales}

    def of_customers(self, rule: Rule, customers: Sequence[str]) -> dict[str, Decimal]:
        """What counts of each of these customers (by `_id`); who has nothing may be left out."""
        if rule.basis.measure is None:
            raise ValueError(f"The basis {rule.basis.key} is not measured in the ledger")
        amounts: Counter[str] = Counter()
        for measure, sign in rule.basis.measure.items():
            for customer, amount in self._measured(measure, rule.since, customers).items():
                amounts[customer] += sign * amount  # type: ignore[assignment]
        return dict(amounts)  # type: ignore[arg-type]

    def _measured(self, measure: Measure, since: datetime | None, customers: Sequence[str]) -> _Amounts:
        return self._measures[measure](since, customers)

    def _spent(self, since: datetime | None, customers: Sequence[str]) -> _Amounts:
        stages = [_entries(since, customers, *PURCHASE_KINDS), _per_customer({"$sum": "$amount"})]
        return {row["_id"]: read_stored_amount(row["amount"]) for row in self._rows(stages)}

    def _sales(self, since: datetime | None, customers: Sequence[str]) -> _Amounts:
        stages = [_entries(since, customers, "sale"), _per_customer({"$sum": 1})]
        return {row["_id"]: Decimal(row["amount"]) for row in self._rows(stages)}

    def _refunded_sales(self, since: datetime | None, customers: Sequence[str]) -> _Amounts:
        """Refunds are few, so only their own sales are read."""
        per_sale = {"$group": {"_id": "$refundOf", "amount": {"$sum": "$amount"}}}
        found: Counter[str] = Counter()
        for rows in in_batches(self._rows([_entries(since, customers, "refund"), per_sale]), _AT_ONCE):
            back = {row["_id"]: read_stored_amount(row["amount"]) for row in rows}
            match = {"saleId": {"$in": list(back)}, "void": False, "kind": "sale"}
            for sale in self._entries.find(match, {"saleId": True, "customer": True, "amount": True}):
                found[sale["customer"]] += read_stored_amount(sale["amount"]) + back[sale["saleId"]] <= 0
        return {customer: Decimal(count) for customer, count in found.items()}

    def _rows(self, stages: Sequence[Document]) -> Iterator[Document]:
        yield from self._entries.aggregate(list(stages), allowDiskUse=True, batchSize=_AT_ONCE)


def _entries(since: datetime | None, customers: Sequence[str], *kinds: EntryKind) -> Document:
    match: dict[str, Any] = {"void": False, "kind": {"$in": list(kinds)}, "customer": {"$in": list(customers)}}
    return {"$match": {**match, "countsAt": {"$gte": since}} if since is not None else match}


def _per_customer(amount: Document) -> Document:
    return {"$group": {"_id": "$customer", "amount": amount}}
