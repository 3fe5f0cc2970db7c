"""Where one customer stands as to membership: why they are a member, or what they lack to become one."""

from __future__ import annotations

from decimal import Decimal

from kinso.errors import CUSTOMER_GONE, NotFound
from kinso.models.customer import Customer
from kinso.models.purchases import MembershipStanding, Standing
from kinso.models.user import Actor, Permission
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.access import use_case
from kinso.services.eligibility import amounts_that_count, is_eligible, rule_of


@use_case(Permission.READ)
def standing_of(store: Store, actor: Actor, customer: str) -> MembershipStanding:
    """The standing of the customer with this `_id` by the shop's rule as of now; raises `NotFound`."""
    current = store.customers.get(customer)
    if current is None:
        raise NotFound(CUSTOMER_GONE)
    rule = rule_of(store.shop.get(), now())
    amount = amounts_that_count(store, rule, [current])[current.id]
    return MembershipStanding(
        customer=current,
        standing=_standing(current, amount, rule.threshold),
        rule=rule,
        amount=amount,
        missing=max(rule.threshold - amount, Decimal("0.00")),
    )


def _standing(customer: Customer, amount: Decimal, threshold: Decimal) -> Standing:
    if customer.membership_status:
        return "member"
    if is_eligible(customer, amount, threshold):
        return "eligible"
    return "held" if customer.membership_held else "short"
