"""Who is a member and why, who would be at another threshold, and what counts towards it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from decimal import ROUND_CEILING, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from kinso.errors import CUSTOMER_GONE, FieldError, InvalidInput, NotFound
from kinso.models.accounts import Actor, Permission
from kinso.models.customers import Customer
from kinso.models.insights import AmountBin
from kinso.models.membership import Comparison, MembershipInterval, Rule, SpenderGroup, Spenders, ThresholdPoint
from kinso.models.money import CENT
from kinso.models.purchases import MembershipState, MembershipStatus
from kinso.models.rule_bases import Unit
from kinso.models.shop import ShopSettings
from kinso.repository.documents import now
from kinso.repository.spenders import SpenderRepository
from kinso.repository.store import Store
from kinso.services.insights import bin_edges, usual_maximum
from kinso.services.permissions import use_case


def is_eligible(customer: Customer, amount: Decimal, threshold: Decimal) -> bool:
    """Whether a rule may make this customer a member; `amount` is what they spent, as far as it counts."""
    return not customer.membership_status and not customer.excluded and amount >= threshold


def rule_of(shop: ShopSettings, at: datetime, threshold: Decimal | None = None) -> Rule:
    """The rule of the shop as of a moment, or one with another threshold on the same basis."""
    basis = shop.basis
    since = months_before(at, basis.months, shop.zone) if basis.months else None
    return Rule(shop.threshold if threshold is None else threshold, basis, since)


def amounts_that_count(store: Store, rule: Rule, customers: Sequence[Customer]) -> Mapping[str, Decimal]:
    """What is compared with the threshold for each of these customers, by `_id`."""
    if rule.basis.measure is None:
        return {customer.id: customer.purchase_amount for customer in customers}
    spent = store.spending.of_customers(rule, [customer.id for customer in customers])
    return {customer.id: spent.get(customer.id, rule.basis.unit.nothing) for customer in customers}


@use_case(Permission.READ)
def find_eligible(store: Store, actor: Actor, customers: Sequence[Customer]) -> frozenset[str]:
    """The `_id`s of those of these customers whom the shop's rule would make members now."""
    rule = rule_of(store.shop.get(), now())
    amounts = amounts_that_count(store, rule, customers)
    return frozenset(
        customer.id for customer in customers if is_eligible(customer, amounts[customer.id], rule.threshold)
    )


def why_begun(rule: Rule) -> str:
    """The reason of a membership that the rule begins."""
    return f"{rule.basis.title} at or above {rule.in_words}"


def why_ended(rule: Rule) -> str:
    """The reason for the end of a membership that the rule had begun."""
    return f"{rule.basis.title} below {rule.in_words}"


def months_before(moment: datetime, months: int, zone: ZoneInfo) -> datetime:
    """The beginning, in UTC, of the same day so many months before, as the calendar in `zone` has it.

    Whole days, so that no change of the clocks makes count again what had stopped counting. Where that month has no
    such day, as the year before a leap day, it is the 1st of the next one, for the same reason.
    """
    day = moment.astimezone(zone).date()
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    try:
        before = day.replace(year=year, month=month + 1)
    except ValueError:
        # December has all days, so the next month is in the same year.
        before = day.replace(year=year, month=month + 2, day=1)
    return datetime.combine(before, time.min, zone).astimezone(UTC)


def check_threshold(value: Any, unit: Unit) -> Decimal:
    """A usable threshold; raises `InvalidInput` for what is none in this unit, and for 0, which would activate all."""
    try:
        return unit.check(value)
    except ValueError as error:
        raise InvalidInput([FieldError("threshold", f"Threshold {error}.")]) from error


@use_case(Permission.READ)
def membership_status_of(store: Store, actor: Actor, customer: str) -> MembershipStatus:
    """The membership status of the customer with this `_id` by the shop's rule as of now; raises `NotFound`."""
    current = store.customers.get(customer)
    if current is None:
        raise NotFound(CUSTOMER_GONE)
    return membership_statuses(store, [current])[0]


@use_case(Permission.READ)
def find_below(store: Store, actor: Actor, customers: Sequence[Customer]) -> list[MembershipStatus]:
    """Those of these customers who are members although they spent less than the threshold of the shop's rule."""
    return [found for found in membership_statuses(store, customers) if found.is_below]


def membership_statuses(
    store: Store, customers: Sequence[Customer], shop: ShopSettings | None = None
) -> list[MembershipStatus]:
    """The membership status of each of these customers by the shop's rule as of now; `shop` if it was read already."""
    rule = rule_of(shop or store.shop.get(), now())
    amounts = amounts_that_count(store, rule, customers)
    return [
        MembershipStatus(
            customer=customer,
            status=_state(customer, amounts[customer.id], rule.threshold),
            rule=rule,
            amount=amounts[customer.id],
            missing=max(rule.threshold - amounts[customer.id], rule.basis.unit.nothing),
        )
        for customer in customers
    ]


def _state(customer: Customer, amount: Decimal, threshold: Decimal) -> MembershipState:
    if customer.membership_status:
        return "member"
    if is_eligible(customer, amount, threshold):
        return "eligible"
    return "excluded" if customer.excluded else "short"


@use_case(Permission.READ)
def list_memberships(store: Store, actor: Actor, customer: str) -> list[MembershipInterval]:
    """All memberships of one customer, the latest first; an open one tells why they are a member now."""
    return store.memberships.of_customer(customer)


@use_case(Permission.READ)
def count_members_at(store: Store, actor: Actor, moments: Sequence[datetime]) -> list[int]:
    """How many customers were members at each of these moments."""
    return store.memberships.count_at(moments)


@use_case(Permission.READ)
def list_members_at(store: Store, actor: Actor, moment: datetime, *, limit: int = 1000) -> list[Customer]:
    """Who was a member at a moment, the newest members first; without those who are deleted now."""
    ids = store.memberships.customers_at(moment, limit=limit)
    found = store.customers.get_many(ids)
    return [found[id] for id in ids if id in found]


_POINTS = 96
_NOBODY = Spenders(0, Decimal("0.00"), [])


@use_case(Permission.READ)
def get_spending_distribution(store: Store, actor: Actor) -> list[AmountBin]:
    """Customers by what counts for the shop's rule, in bins of one round width; the last one holds everyone beyond."""
    everyone = store.figures.count()
    if not everyone:
        return []
    rule = rule_of(store.shop.get(), now())
    with store.spenders(rule).at_once() as spenders:
        return spenders.distribution(bin_edges(usual_maximum(spenders, everyone), rule.basis.unit.smallest))


@use_case(Permission.READ)
def get_curve(store: Store, actor: Actor, *, up_to: Decimal = CENT) -> list[ThresholdPoint]:
    """How many members each threshold would mean if it alone decided, and what they spent together.

    It covers what all but the few largest spenders spent, and reaches `up_to` at least. Non-members whom a person made
    so are left out.
    """
    rule = rule_of(store.shop.get(), now())
    everyone, smallest = store.figures.count(), rule.basis.unit.smallest
    with store.spenders(rule).at_once() as spenders:
        usual = bin_edges(usual_maximum(spenders, everyone), smallest)[-2]
        furthest = max(usual, up_to)
        width = max((furthest / _POINTS).quantize(smallest, rounding=ROUND_CEILING), smallest)
        return spenders.curve(width, int((furthest / width).to_integral_value(ROUND_CEILING)))


@use_case(Permission.READ)
def compare_thresholds(store: Store, actor: Actor, threshold: Any, *, shown: int = 200) -> Comparison:
    """What `threshold` would mean instead of the shop's own; lists are cut to the `shown` largest spenders."""
    rule = rule_of(store.shop.get(), now())
    other = check_threshold(threshold, rule.basis.unit)
    with store.spenders(rule).at_once() as spenders:
        gained = _between(spenders, "eligible", other, rule.threshold, shown)
        lost = _between(spenders, "members", rule.threshold, other, shown)
        saved = _point(spenders, rule.threshold)
        compared = saved if other == rule.threshold else _point(spenders, other)
    why = store.memberships.why_members([each.customer.id for each in lost.first])
    named = [replace(each, member_by=why.get(each.customer.id)) for each in lost.first]
    return Comparison(saved=saved, other=compared, gained=gained, lost=replace(lost, first=named))


def _between(spenders: SpenderRepository, group: SpenderGroup, lower: Decimal, upper: Decimal, shown: int) -> Spenders:
    if lower >= upper:
        return _NOBODY
    count, total = spenders.totals(group, at_or_above=lower, below=upper)
    return Spenders(count, total, spenders.largest(group, at_or_above=lower, below=upper, limit=shown))


def _point(spenders: SpenderRepository, threshold: Decimal) -> ThresholdPoint:
    members, their_total = spenders.totals("members", at_or_above=threshold)
    eligible, more = spenders.totals("eligible", at_or_above=threshold)
    return ThresholdPoint(threshold, members + eligible, their_total + more)
