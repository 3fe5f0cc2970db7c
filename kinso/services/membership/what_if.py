"""Use cases about other thresholds than the one of the shop: how many members they would mean, and whom."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_CEILING, Decimal
from typing import Any

from kinso.models.accounts import Actor, Permission
from kinso.models.customers import CustomerQuery
from kinso.models.insights import AmountBin
from kinso.models.membership import Comparison, SpenderGroup, Spenders, ThresholdPoint
from kinso.models.money import CENT
from kinso.repository.documents import now
from kinso.repository.spenders import SpenderRepository
from kinso.repository.store import Store
from kinso.services.insights import bin_edges, usual_maximum
from kinso.services.membership.activation import check_threshold
from kinso.services.membership.eligibility import rule_of
from kinso.services.permissions import use_case

_POINTS = 96
_NOBODY = Spenders(0, Decimal("0.00"), [])


@use_case(Permission.READ)
def get_spending_distribution(store: Store, actor: Actor) -> list[AmountBin]:
    """Customers by what counts for the shop's rule, in bins of one round width; the last one holds everyone beyond."""
    everyone = store.customers.count(CustomerQuery())
    if not everyone:
        return []
    rule = rule_of(store.shop.get(), now())
    spenders = store.spenders(rule)
    return spenders.distribution(bin_edges(usual_maximum(spenders, everyone), rule.basis.unit.smallest))


@use_case(Permission.READ)
def get_curve(store: Store, actor: Actor, *, up_to: Decimal = CENT) -> list[ThresholdPoint]:
    """How many members each threshold would mean if it alone decided, and what they spent together.

    It covers what all but the few largest spenders spent, and reaches `up_to` at least. Non-members whom a person made
    so are left out.
    """
    rule = rule_of(store.shop.get(), now())
    spenders, smallest = store.spenders(rule), rule.basis.unit.smallest
    usual = bin_edges(usual_maximum(spenders, store.customers.count(CustomerQuery())), smallest)[-2]
    furthest = max(usual, up_to)
    width = max((furthest / _POINTS).quantize(smallest, rounding=ROUND_CEILING), smallest)
    return spenders.curve(width, int((furthest / width).to_integral_value(ROUND_CEILING)))


@use_case(Permission.READ)
def compare_thresholds(store: Store, actor: Actor, threshold: Any, *, shown: int = 200) -> Comparison:
    """What `threshold` would mean instead of the shop's own; lists are cut to the `shown` largest spenders."""
    rule = rule_of(store.shop.get(), now())
    other = check_threshold(threshold, rule.basis.unit)
    spenders = store.spenders(rule)
    gained = _between(spenders, "eligible", other, rule.threshold, shown)
    lost = _between(spenders, "members", rule.threshold, other, shown)
    why = store.memberships.why_members([each.customer.id for each in lost.first])
    named = [replace(each, member_by=why.get(each.customer.id)) for each in lost.first]
    return Comparison(
        saved=_point(spenders, rule.threshold),
        other=_point(spenders, other),
        gained=gained,
        lost=replace(lost, first=named),
    )


def _between(spenders: SpenderRepository, group: SpenderGroup, lower: Decimal, upper: Decimal, shown: int) -> Spenders:
    if lower >= upper:
        return _NOBODY
    count, total = spenders.totals(group, at_or_above=lower, below=upper)
    return Spenders(count, total, spenders.largest(group, at_or_above=lower, below=upper, limit=shown))


def _point(spenders: SpenderRepository, threshold: Decimal) -> ThresholdPoint:
    members, their_total = spenders.totals("members", at_or_above=threshold)
    eligible, more = spenders.totals("eligible", at_or_above=threshold)
    return ThresholdPoint(threshold, members + eligible, their_total + more)
