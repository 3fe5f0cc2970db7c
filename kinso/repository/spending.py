"""What the ledger says about each customer, as far as it counts for a rule, and rankings by it."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import accumulate
from threading import Lock
from typing import Any

from pymongo.database import Database

from kinso.database.connection import in_batches
from kinso.models.membership import Rule, SpenderGroup
from kinso.models.money import read_stored_amount
from kinso.models.purchases import PURCHASE_KINDS, EntryKind
from kinso.models.rule_bases import Amounts, Scope
from kinso.repository.documents import Document

GROUPS: Mapping[SpenderGroup, Document] = {
    "eligible": {"membershipStatus": False, "membershipHeld": False},
    "excluded": {"membershipStatus": False, "membershipHeld": True},
    "members": {"membershipStatus": True},
}
_AT_ONCE = 10_000
_HALF_A_CENT = 0.005
_KEPT_FOR = 60.0
"""Seconds; for so long a purchase may still count in the rankings that has become too old meanwhile."""

Rankings = dict[SpenderGroup, "Ranking"]


class LedgerMeasures:
    """Measures each customer by the entries that count; see `Ledger`."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._entries = database["sales"]

    def spent(self, scope: Scope) -> Amounts:
        """See `Ledger`."""
        stages = [_entries(scope, *PURCHASE_KINDS), _per_customer({"$sum": "$amount"})]
        if scope.at_or_above is not None:
            stages.append({"$match": {"amount": {"$gte": float(scope.at_or_above) - _HALF_A_CENT}}})
        for row in self._rows(stages):
            yield row["_id"], read_stored_amount(row["amount"])

    def sales(self, scope: Scope) -> Amounts:
        """See `Ledger`."""
        for row in self._rows([_entries(scope, "sale"), _per_customer({"$sum": 1})]):
            yield row["_id"], Decimal(row["amount"])

    def refunded_sales(self, scope: Scope) -> Amounts:
        """See `Ledger`; refunds are few, so only their own sales are read."""
        per_sale = {"$group": {"_id": "$refundOf", "amount": {"$sum": "$amount"}}}
        found: Counter[str] = Counter()
        for rows in in_batches(self._rows([_entries(scope, "refund"), per_sale]), _AT_ONCE):
            back = {row["_id"]: read_stored_amount(row["amount"]) for row in rows}
            match = {"saleId": {"$in": list(back)}, "void": False, "kind": "sale"}
            for sale in self._entries.find(match, {"saleId": True, "customer": True, "amount": True}):
                found[sale["customer"]] += read_stored_amount(sale["amount"]) + back[sale["saleId"]] <= 0
        return ((customer, Decimal(count)) for customer, count in found.items())

    def _rows(self, stages: Sequence[Document]) -> Iterator[Document]:
        yield from self._entries.aggregate(list(stages), allowDiskUse=True, batchSize=_AT_ONCE)


def _entries(scope: Scope, *kinds: EntryKind) -> Document:
    match: dict[str, Any] = {"void": False, "kind": {"$in": list(kinds)}}
    if scope.since is not None:
        match["countsAt"] = {"$gte": scope.since}
    if scope.customers is not None:
        match["customer"] = {"$in": list(scope.customers)}
    return {"$match": match}


def _per_customer(amount: Document) -> Document:
    return {"$group": {"_id": "$customer", "amount": amount}}


class SpendingRepository:
    """What the basis of a rule measures of each customer."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._ledger = LedgerMeasures(database)
        self._entries = database["sales"]
        self._changes = database["changes"]
        self._customers = database["customers"]
        self._lock = Lock()
        self._kept: tuple[tuple[int, int], Rule, float, Rankings] | None = None

    def of_customers(self, rule: Rule, customers: Sequence[str]) -> dict[str, Decimal]:
        """What counts of each of these customers (by `_id`); who has nothing may be left out."""
        return dict(_measured(self._ledger, rule, Scope(rule.since, customers)))

    def of_everyone(self, rule: Rule, *, at_or_above: Decimal | None = None) -> Iterator[tuple[str, Decimal]]:
        """Everyone's `_id` and what counts of them; who has nothing, or less than `at_or_above`, is left out."""
        for customer, amount in _measured(self._ledger, rule, Scope(rule.since, at_or_above=at_or_above)):
            if at_or_above is None or amount >= at_or_above:
                yield customer, amount

    def rankings(self, rule: Rule) -> Rankings:
        """Everyone of whom something counts, in three groups, whatever the threshold is.

        They take a second to make, so they are kept until something in the ledger or about a customer changes, which
        never happens without a record; but not for longer than `_KEPT_FOR`. Not for use within a transaction.
        """
        with self._lock:
            state = (self._entries.estimated_document_count(), self._changes.estimated_document_count())
            if self._kept is not None:
                kept_state, kept_rule, made_at, rankings = self._kept
                is_recent = time.monotonic() - made_at < _KEPT_FOR
                if kept_state == state and is_recent and _count_the_same(rule, kept_rule):
                    return rankings
            rankings = self._rank(rule)
            self._kept = (state, rule, time.monotonic(), rankings)
            return rankings

    def _rank(self, rule: Rule) -> Rankings:
        spent = dict(self.of_everyone(rule))
        rows: dict[SpenderGroup, list[tuple[Decimal, str]]] = {"eligible": [], "excluded": [], "members": []}
        # Both flags and the id are in one index, which is several times quicker than reading customers.
        everyone = {"membershipStatus": {"$in": [True, False]}}
        wanted = {"membershipStatus": True, "membershipHeld": True}
        for document in self._customers.find(everyone, wanted).batch_size(20_000):
            id = str(document["_id"])
            amount = spent.get(id)
            if amount is not None:
                excluded: SpenderGroup = "excluded" if document.get("membershipHeld") else "eligible"
                rows["members" if document["membershipStatus"] else excluded].append((amount, id))
        return {group: Ranking(of_group) for group, of_group in rows.items()}


def _measured(ledger: LedgerMeasures, rule: Rule, scope: Scope) -> Amounts:
    if rule.basis.measure is None:
        raise ValueError(f"The basis {rule.basis.key} is not measured in the ledger")
    return rule.basis.measure(ledger, scope)


def _count_the_same(one: Rule, other: Rule) -> bool:
    """Whether the same counts for both but for what became too old within `_KEPT_FOR`."""
    return one.basis == other.basis and abs(_seconds(one.since) - _seconds(other.since)) < _KEPT_FOR


def _seconds(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0


class Ranking:
    """Answers how many spent how much, and who, without asking the database."""

    def __init__(self, rows: Iterable[tuple[Decimal, str]]) -> None:
        """`rows` are amounts with the `_id`s of customers, in any order."""
        ordered = sorted((int(amount * 100), id) for amount, id in rows)
        self._cents = [cents for cents, _ in ordered]
        self._ids = [id for _, id in ordered]
        self._sums = [0, *accumulate(self._cents)]

    def __len__(self) -> int:
        return len(self._ids)

    def totals(self, *, at_or_above: Decimal | None = None, below: Decimal | None = None) -> tuple[int, Decimal]:
        """How many spent an amount within these bounds, and how much together."""
        start, end = self._bounds(at_or_above, below)
        return end - start, Decimal(self._sums[end] - self._sums[start]) / 100

    def largest(
        self, *, at_or_above: Decimal | None = None, below: Decimal | None = None, limit: int | None = None
    ) -> Sequence[tuple[str, Decimal]]:
        """Who spent an amount within these bounds, the largest spenders first; without `limit` all of them."""
        start, end = self._bounds(at_or_above, below)
        first = start if limit is None else max(start, end - limit)
        places = range(end - 1, first - 1, -1)
        return [(self._ids[place], Decimal(self._cents[place]) / 100) for place in places]

    def amount_with_above(self, number: int) -> Decimal:
        """The amount that at most `number` customers exceed; 0 when there are no more customers than that."""
        return Decimal(self._cents[-1 - number]) / 100 if number < len(self._cents) else Decimal("0.00")

    def _bounds(self, at_or_above: Decimal | None, below: Decimal | None) -> tuple[int, int]:
        start = 0 if at_or_above is None else bisect_left(self._cents, int(at_or_above * 100))
        end = len(self._cents) if below is None else bisect_left(self._cents, int(below * 100))
        return start, max(start, end)
