"""Customers by what counts for membership: as it is stored with them, or as it is measured in the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise
from typing import Any, Protocol

from pymongo import DESCENDING
from pymongo.database import Database

from kinso.errors import FieldError, InvalidInput
from kinso.models.insights import AmountBin
from kinso.models.membership import Rule, Spender, SpenderGroup, ThresholdPoint
from kinso.models.money import read_stored_amount
from kinso.models.stored import readable_version
from kinso.repository.customers import CustomerRepository
from kinso.repository.documents import VISIBLE, Document, object_id, to_customer, without_decimals
from kinso.repository.insights import FigureRepository
from kinso.repository.spending import GROUPS, SpendingRepository

_UNDER_THE_RULE: tuple[SpenderGroup, ...] = ("members", "eligible")
_AT_ONCE = 10_000
_MOST_IN_A_FILTER = 500_000
"""MongoDB takes no query of more than 16 MB, and every `_id` in one takes about 20 bytes."""


class SpenderRepository(Protocol):
    """Customers by what counts; every method takes amounts of one basis."""

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


class StoredSpenders:
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


class MeasuredSpenders:
    """By what the ledger tells."""

    def __init__(
        self,
        database: Database[dict[str, Any]],
        customers: CustomerRepository,
        figures: FigureRepository,
        spending: SpendingRepository,
        rule: Rule,
    ) -> None:
        self._documents = database["customers"]
        self._customers = customers
        self._figures = figures
        self._spending = spending
        self._rule = rule

    def totals(
        self, group: SpenderGroup, *, at_or_above: Decimal | None = None, below: Decimal | None = None
    ) -> tuple[int, Decimal]:
        """See `SpenderRepository`."""
        return self._spending.rankings(self._rule)[group].totals(at_or_above=at_or_above, below=below)

    def largest(
        self, group: SpenderGroup, *, at_or_above: Decimal | None = None, below: Decimal | None = None, limit: int
    ) -> list[Spender]:
        """See `SpenderRepository`."""
        ranking = self._spending.rankings(self._rule)[group]
        chosen = dict(ranking.largest(at_or_above=at_or_above, below=below, limit=limit))
        found = self._customers.get_many(list(chosen))
        return [Spender(found[id], amount) for id, amount in chosen.items() if id in found]

    def versions(self, group: SpenderGroup, *, at_or_above: Decimal) -> dict[str, int]:
        """See `SpenderRepository`."""
        spent = dict(self._spending.of_everyone(self._rule, at_or_above=at_or_above))
        largest_first = sorted(spent, key=lambda id: spent[id], reverse=True)
        versions: dict[str, int] = {}
        for start in range(0, len(largest_first), _AT_ONCE):
            ids = largest_first[start : start + _AT_ONCE]
            match = {**_among(ids), **GROUPS[group]}
            found = _versions(self._documents.find(match, {"version": True}))
            versions |= {id: found[id] for id in ids if id in found}
        return versions

    def count_members_below(self, threshold: Decimal) -> int:
        """See `SpenderRepository`."""
        return self._figures.totals()[True][0] - self.totals("members", at_or_above=threshold)[0]

    def members_below(self, threshold: Decimal) -> dict[str, Decimal]:
        """See `SpenderRepository`."""
        spent = dict(self._spending.of_everyone(self._rule))
        members = (str(document["_id"]) for document in self._documents.find(GROUPS["members"], {"_id": True}))
        amounts = {id: spent.get(id, Decimal("0.00")) for id in members}
        return {id: amount for id, amount in amounts.items() if amount < threshold}

    def filter(self, *, at_or_above: Decimal) -> dict[str, Any]:
        """See `SpenderRepository`."""
        chosen = self._spending.rankings(self._rule)["eligible"].largest(at_or_above=at_or_above)
        if len(chosen) > _MOST_IN_A_FILTER:
            sentence = (
                f"cannot pick out {len(chosen):,} customers by their {self._rule.basis.name}; choose non-members"
                " instead, or raise the threshold."
            )
            raise InvalidInput([FieldError("eligible", f"The filter “Eligible” {sentence}")])
        return {**_among(id for id, _ in chosen), **GROUPS["eligible"]}

    def curve(self, width: Decimal, points: int) -> list[ThresholdPoint]:
        """See `SpenderRepository`."""
        return [self._point(width * place) for place in range(1, points + 1)]

    def distribution(self, boundaries: list[Decimal]) -> list[AmountBin]:
        """See `SpenderRepository`; who bought nothing is in the first bin."""
        rankings, everyone = self._spending.rankings(self._rule), self._figures.totals()
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
        rankings = self._spending.rankings(self._rule)
        amounts = sorted(
            (amount for ranking in rankings.values() for _, amount in ranking.largest(limit=number + 1)), reverse=True
        )
        return amounts[number] if number < len(amounts) else Decimal("0.00")

    def _point(self, threshold: Decimal) -> ThresholdPoint:
        pairs = [self.totals(group, at_or_above=threshold) for group in _UNDER_THE_RULE]
        return ThresholdPoint(threshold, sum(count for count, _ in pairs), sum((t for _, t in pairs), Decimal("0.00")))


def _within(group: SpenderGroup, at_or_above: Decimal | None, below: Decimal | None) -> dict[str, Any]:
    bounds = {"$gte": at_or_above, "$lt": below}
    amount = without_decimals({operator: bound for operator, bound in bounds.items() if bound is not None})
    return {**GROUPS[group], **({"purchaseAmount": amount} if amount else {})}


def _among(ids: Iterable[str]) -> dict[str, Any]:
    return {"_id": {"$in": [key for id in ids if (key := object_id(id))]}}


def _versions(found: Iterable[Document]) -> dict[str, int]:
    return {str(document["_id"]): readable_version(document.get("version")) for document in found}
