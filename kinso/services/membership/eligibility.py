"""What “eligible” means, in one place: whom the membership threshold may make a member, and by what amount."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from kinso.models.accounts import Actor, Permission
from kinso.models.customers import Customer, CustomerQuery
from kinso.models.membership import Rule
from kinso.models.shop import ShopSettings, ThresholdBasis
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.permissions import use_case

NOTHING = Decimal("0.00")
_SPENT: Mapping[ThresholdBasis, str] = {
    "lifetime": "Purchase amount",
    "last-12-months": "Purchases of the last 12 months",
}


def is_eligible(customer: Customer, amount: Decimal, threshold: Decimal) -> bool:
    """Whether a rule may make this customer a member; `amount` is what they spent, as far as it counts."""
    return not customer.membership_status and not customer.excluded and amount >= threshold


def rule_of(shop: ShopSettings, at: datetime, threshold: Decimal | None = None) -> Rule:
    """The rule of the shop as of a moment, or one with another threshold on the same basis."""
    since = None if shop.threshold_basis == "lifetime" else twelve_months_before(at, shop.zone)
    return Rule(shop.threshold if threshold is None else threshold, since)


def amounts_that_count(store: Store, rule: Rule, customers: Sequence[Customer]) -> Mapping[str, Decimal]:
    """What is compared with the threshold for each of these customers, by `_id`."""
    if rule.since is None:
        return {customer.id: customer.purchase_amount for customer in customers}
    spent = store.spending.of_customers([customer.id for customer in customers], rule.since)
    return {customer.id: spent.get(customer.id, NOTHING) for customer in customers}


@use_case(Permission.READ)
def find_eligible(store: Store, actor: Actor, customers: Sequence[Customer]) -> frozenset[str]:
    """The `_id`s of those of these customers whom the shop's rule would make members now."""
    rule = rule_of(store.shop.get(), now())
    amounts = amounts_that_count(store, rule, customers)
    return frozenset(
        customer.id for customer in customers if is_eligible(customer, amounts[customer.id], rule.threshold)
    )


def eligible_in(store: Store, query: CustomerQuery) -> Mapping[str, Any] | None:
    """Who is eligible, for a query that asks for it and as the repository of customers wants to be told."""
    if query.eligible is None:
        return None
    rule = rule_of(store.shop.get(), now())
    return store.spenders(rule).filter(at_or_above=rule.threshold)


def why_begun(rule: Rule) -> str:
    """The reason of a membership that the rule begins."""
    return f"{_SPENT[rule.basis]} at or above {rule.threshold:,}"


def why_ended(rule: Rule) -> str:
    """The reason for the end of a membership that the rule had begun."""
    return f"{_SPENT[rule.basis]} below {rule.threshold:,}"


def twelve_months_before(moment: datetime, zone: ZoneInfo) -> datetime:
    """The beginning, in UTC, of the same day of the year before, as the calendar in `zone` has it.

    Whole days, so that no change of the clocks makes count again what had stopped counting. The 29th of February has
    none: it counts from the 1st of March, for the same reason.
    """
    day = moment.astimezone(zone).date()
    try:
        before = day.replace(year=day.year - 1)
    except ValueError:
        before = day.replace(year=day.year - 1, month=3, day=1)
    return datetime.combine(before, time.min, zone).astimezone(UTC)
