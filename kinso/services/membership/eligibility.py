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
from kinso.models.shop import ShopSettings
from kinso.repository.documents import now
from kinso.repository.store import Store
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


def eligible_in(store: Store, query: CustomerQuery) -> Mapping[str, Any] | None:
    """Who is eligible, for a query that asks for it and as the repository of customers wants to be told."""
    if query.eligible is None:
        return None
    rule = rule_of(store.shop.get(), now())
    return store.spenders(rule).filter(at_or_above=rule.threshold)


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
