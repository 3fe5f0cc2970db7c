"""Who spent how much, as far as it counts for membership: over a lifetime, or since a moment."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from threading import Lock
from typing import Any, Protocol

from pymongo import DESCENDING
from pymongo.database import Database

from kinso.errors import FieldError, InvalidInput
from kinso.models.insights import AmountBin
from kinso.models.membership import Spender, SpenderGroup, ThresholdPoint
from kinso.models.money import read_stored_amount
from kinso.models.purchases import PURCHASES
from kinso.models.stored import readable_version
from kinso.repository.customer_documents import VISIBLE, to_customer
from kinso.repository.customers import CustomerRepository
from kinso.repository.documents import Document, object_id, to_stored
from kinso.repository.insights import FigureRepository, Ranking

_GROUPS: Mapping[SpenderGroup, dict[str, Any]] = {
    "eligible": {"membershipStatus": False, "membershipHeld": False},
    "excluded": {"membershipStatus": False, "membershipHeld": True},
    "members": {"membershipStatus": True},
}
_UNDER_THE_RULE: tuple[SpenderGroup, ...] = ("members", "eligible")
_AT_ONCE = 10_000
_MOST_IN_A_FILTER = 500_000
"""MongoDB takes no query of more than 16 MB, and every `_id` in one takes about 20 bytes."""


class SpenderRepository(Protocol):
    """Customers by what they spent; every method takes amounts of one basis."""

    def totals(
        self, group: SpenderGroup, *, at_or_above: Decimal | None = None, below: Decimal | None = None
    ) -> tuple[int, Decimal]:
        """How many of a group spent an amount within these bounds, and how much together."""

    def largest(
        self, group: SpenderGroup, *, at_or_above: Decimal | None = None, below: Decimal | None = None, limit: int
    ) -> list[Spender]:
        """The largest spenders of a group within these bounds, the largest first."""

    def versions(self, group: SpenderGroup, *, at_or_above: Decimal) -> dict[str, int]:
        """Exactly those of a group who are at or above an amount now, the largest first, with their versions."""

    def count_members_below(self, threshold: Decimal) -> int:
        """How many members are below a threshold, also those who spent nothing."""

    def members_below(self, threshold: Decimal) -> dict[str, Decimal]:
        """Exactly the members below a threshold now, with what they spent."""

    def filter(self, *, at_or_above: Decimal) -> dict[str, Any]:
        """The eligible at or above an amount, as MongoDB is asked for them; raises `InvalidInput` for too many."""

    def curve(self, width: Decimal, points: int) -> list[ThresholdPoint]:
        """What the first multiples of `width` would mean as the threshold; who is excluded is left out."""

    def distribution(self, boundaries: list[Decimal]) -> list[AmountBin]:
        """Members and non-members by what they spent, from each boundary to the next."""

    def amount_with_above(self, number: int) -> Decimal:
        """The amount that at most `number` customers exceed; 0 when there are no more customers than that."""


class LifetimeSpenders:
    """By the purchase amount, which is stored and indexed with the customer."""

    def __init__(self, database: Database[dict[str, Any]], figures: FigureRepository) -> None:
        self._customers = database["customers"]
        self._figures = figures
        self.distribution = figures.distribution
        self.amount_with_above = figures.amount_with_above

    def totals(
        self, group: SpenderGroup, *, at_or_above: Decimal | None = None, below: Decimal | None = None
    ) -> tuple[int, Decimal]:
        """See `SpenderRepository`."""
        sums = {"$group": {"_id": None, "count": {"$sum": 1}, "sum": {"$sum": "$purchaseAmount"}}}
        rows = list(self._customers.aggregate([{"$match": _within(group, at_or_above, below)}, sums]))
        return (rows[0]["count"], read_stored_amount(rows[0]["sum"])) if rows else (0, Decimal("0.00"))

    def largest(
        self, group: SpenderGroup, *, at_or_above: Decimal | None = None, below: Decimal | None = None, limit: int
    ) -> list[Spender]:
        """See `SpenderRepository`."""
        order = [("purchaseAmount", DESCENDING), ("_id", DESCENDING)]
        found = self._customers.find(_within(group, at_or_above, below), VISIBLE).sort(order).limit(limit)
        return [Spender(customer, customer.purchase_amount) for customer in map(to_customer, found)]

    def versions(self, group: SpenderGroup, *, at_or_above: Decimal) -> dict[str, int]:
        """See `SpenderRepository`."""
        found = self._customers.find(_within(group, at_or_above, None), {"version": True})
        return _versions(found.sort("purchaseAmount", DESCENDING))

    def count_members_below(self, threshold: Decimal) -> int:
        """See `SpenderRepository`."""
        return self.totals("members", below=threshold)[0]

    def members_below(self, threshold: Decimal) -> dict[str, Decimal]:
        """See `SpenderRepository`."""
        found = self._customers.find(_within("members", None, threshold), {"purchaseAmount": True})
        return {str(document["_id"]): read_stored_amount(document["purchaseAmount"]) for document in found}

    def filter(self, *, at_or_above: Decimal) -> dict[str, Any]:
        """See `SpenderRepository`."""
        return _within("eligible", at_or_above, None)

    def curve(self, width: Decimal, points: int) -> list[ThresholdPoint]:
        """See `SpenderRepository`."""
        # Whole cents divide exactly, which amounts do not.
        cents = {"$floor": {"$add": [{"$multiply": ["$purchaseAmount", 100]}, 0.5]}}
        place = {"$min": [{"$floor": {"$divide": [cents, float(width * 100)]}}, points]}
        sums = {"$group": {"_id": place, "count": {"$sum": 1}, "sum": {"$sum": "$purchaseAmount"}}}
        counts, totals = [0] * (points + 1), [Decimal("0.00")] * (points + 1)
        for group in _UNDER_THE_RULE:
            for row in self._customers.aggregate([{"$match": _within(group, width, None)}, sums]):
                counts[int(row["_id"])] += row["count"]
                totals[int(row["_id"])] += read_stored_amount(row["sum"])
        return [
            ThresholdPoint(width * place, sum(counts[place:]), sum(totals[place:], Decimal("0.00")))
            for place in range(1, points + 1)
        ]


class RecentSpenders:
    """By what was bought since a moment, which the ledger tells."""

    def __init__(
        self,
        database: Database[dict[str, Any]],
        customers: CustomerRepository,
        figures: FigureRepository,
        spending: SpendingRepository,
        since: datetime,
    ) -> None:
        self._documents = database["customers"]
        self._customers = customers
        self._figures = figures
        self._spending = spending
        self._since = since

    def totals(
        self, group: SpenderGroup, *, at_or_above: Decimal | None = None, below: Decimal | None = None
    ) -> tuple[int, Decimal]:
        """See `SpenderRepository`."""
        return self._spending.rankings(self._since)[group].totals(at_or_above=at_or_above, below=below)

    def largest(
        self, group: SpenderGroup, *, at_or_above: Decimal | None = None, below: Decimal | None = None, limit: int
    ) -> list[Spender]:
        """See `SpenderRepository`."""
        ranking = self._spending.rankings(self._since)[group]
        chosen = dict(ranking.largest(at_or_above=at_or_above, below=below, limit=limit))
        found = self._customers.get_many(list(chosen))
        return [Spender(found[id], amount) for id, amount in chosen.items() if id in found]

    def versions(self, group: SpenderGroup, *, at_or_above: Decimal) -> dict[str, int]:
        """See `SpenderRepository`."""
        spent = dict(self._spending.of_everyone(self._since, at_or_above=at_or_above))
        largest_first = sorted(spent, key=lambda id: spent[id], reverse=True)
        versions: dict[str, int] = {}
        for start in range(0, len(largest_first), _AT_ONCE):
            ids = largest_first[start : start + _AT_ONCE]
            match = {**_among(ids), **_GROUPS[group]}
            found = _versions(self._documents.find(match, {"version": True}))
            versions |= {id: found[id] for id in ids if id in found}
        return versions

    def count_members_below(self, threshold: Decimal) -> int:
        """See `SpenderRepository`."""
        return self._figures.totals()[True][0] - self.totals("members", at_or_above=threshold)[0]

    def members_below(self, threshold: Decimal) -> dict[str, Decimal]:
        """See `SpenderRepository`."""
        spent = dict(self._spending.of_everyone(self._since))
        members = (str(document["_id"]) for document in self._documents.find(_GROUPS["members"], {"_id": True}))
        amounts = {id: spent.get(id, Decimal("0.00")) for id in members}
        return {id: amount for id, amount in amounts.items() if amount < threshold}

    def filter(self, *, at_or_above: Decimal) -> dict[str, Any]:
        """See `SpenderRepository`."""
        chosen = self._spending.rankings(self._since)["eligible"].largest(at_or_above=at_or_above)
        if len(chosen) > _MOST_IN_A_FILTER:
            sentence = (
                f"cannot pick out {len(chosen):,} customers by their last 12 months; choose non-members instead,"
                " or raise the threshold."
            )
            raise InvalidInput([FieldError("eligible", f"The filter “Eligible” {sentence}")])
        return {**_among(id for id, _ in chosen), **_GROUPS["eligible"]}

    def curve(self, width: Decimal, points: int) -> list[ThresholdPoint]:
        """See `SpenderRepository`."""
        return [self._point(width * place) for place in range(1, points + 1)]

    def distribution(self, boundaries: list[Decimal]) -> list[AmountBin]:
        """See `SpenderRepository`; who bought nothing is in the first bin."""
        rankings, everyone = self._spending.rankings(self._since), self._figures.totals()
        rest = everyone[True][0] - len(rankings["members"])
        other_rest = everyone[False][0] - len(rankings["eligible"]) - len(rankings["excluded"])
        bins: list[AmountBin] = []
        for lower, upper in pairwise(boundaries):
            # Only damaged data adds up to less than nothing; whoever has that is among those who spent nothing.
            start = lower if bins else None
            counts = {group: ranking.totals(at_or_above=start, below=upper)[0] for group, ranking in rankings.items()}
            members, non_members = counts["members"] + rest, counts["eligible"] + counts["excluded"] + other_rest
            bins.append(AmountBin(lower=lower, upper=upper, members=members, non_members=non_members))
            rest = other_rest = 0
        return bins

    def amount_with_above(self, number: int) -> Decimal:
        """See `SpenderRepository`; told to within a group of equals."""
        rankings = self._spending.rankings(self._since)
        amounts = sorted(
            (amount for ranking in rankings.values() for _, amount in ranking.largest(limit=number + 1)), reverse=True
        )
        return amounts[number] if number < len(amounts) else Decimal("0.00")

    def _point(self, threshold: Decimal) -> ThresholdPoint:
        pairs = [self.totals(group, at_or_above=threshold) for group in _UNDER_THE_RULE]
        return ThresholdPoint(threshold, sum(count for count, _ in pairs), sum((t for _, t in pairs), Decimal("0.00")))


def _within(group: SpenderGroup, at_or_above: Decimal | None, below: Decimal | None) -> dict[str, Any]:
    bounds = {"$gte": at_or_above, "$lt": below}
    amount = to_stored({operator: bound for operator, bound in bounds.items() if bound is not None})
    return {**_GROUPS[group], **({"purchaseAmount": amount} if amount else {})}


def _among(ids: Iterable[str]) -> dict[str, Any]:
    return {"_id": {"$in": [key for id in ids if (key := object_id(id))]}}


def _versions(found: Iterable[Document]) -> dict[str, int]:
    return {str(document["_id"]): readable_version(document.get("version")) for document in found}


_PER_CUSTOMER = {"$group": {"_id": "$customer", "amount": {"$sum": "$amount"}}}
_HALF_A_CENT = 0.005
_KEPT_FOR = 60.0
"""Seconds; for so long a purchase may still count in the rankings that has become too old meanwhile."""

Rankings = dict[SpenderGroup, Ranking]


class SpendingRepository:
    """Sums over the purchases in the ledger that count."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._sales = database["sales"]
        self._changes = database["changes"]
        self._customers = database["customers"]
        self._lock = Lock()
        self._kept: tuple[tuple[int, int], datetime, float, Rankings] | None = None

    def of_customers(self, customers: Sequence[str], since: datetime) -> dict[str, Decimal]:
        """What each of these customers (by `_id`) spent; who bought nothing is left out."""
        match = {"customer": {"$in": list(customers)}, **_purchases(since)}
        rows = self._sales.aggregate([{"$match": match}, _PER_CUSTOMER])
        return {row["_id"]: read_stored_amount(row["amount"]) for row in rows}

    def of_everyone(self, since: datetime, *, at_or_above: Decimal | None = None) -> Iterator[tuple[str, Decimal]]:
        """Everyone's `_id` and what they spent; who bought nothing, or less than `at_or_above`, is left out."""
        stages: list[dict[str, Any]] = [{"$match": _purchases(since)}, _PER_CUSTOMER]
        if at_or_above is not None:
            stages.append({"$match": {"amount": {"$gte": float(at_or_above) - _HALF_A_CENT}}})
        for row in self._sales.aggregate(stages, allowDiskUse=True, batchSize=10_000):
            yield row["_id"], read_stored_amount(row["amount"])

    def rankings(self, since: datetime) -> Rankings:
        """Everyone who bought something, by what they spent, in three groups.

        They take a second to make, so they are kept until something in the ledger or about a customer changes, which
        never happens without a record; but not for longer than `_KEPT_FOR`. Not for use within a transaction.
        """
        with self._lock:
            state = (self._sales.estimated_document_count(), self._changes.estimated_document_count())
            if self._kept is not None:
                kept_state, kept_since, made_at, rankings = self._kept
                is_fresh = abs((since - kept_since).total_seconds()) < _KEPT_FOR
                if kept_state == state and is_fresh and time.monotonic() - made_at < _KEPT_FOR:
                    return rankings
            rankings = self._rank(since)
            self._kept = (state, since, time.monotonic(), rankings)
            return rankings

    def _rank(self, since: datetime) -> Rankings:
        spent = dict(self.of_everyone(since))
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


def _purchases(since: datetime) -> dict[str, Any]:
    return {"void": False, "kind": {"$in": list(PURCHASES)}, "countsAt": {"$gte": since}}
