"""The membership of one customer: why they are a member or what they lack, and when they were one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from kinso.errors import CUSTOMER_GONE, NotFound
from kinso.models.accounts import Actor, Permission
from kinso.models.customers import Customer
from kinso.models.membership import MembershipInterval
from kinso.models.purchases import MembershipState, MembershipStatus
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.membership.eligibility import amounts_that_count, is_eligible, rule_of
from kinso.services.permissions import use_case


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


def membership_statuses(store: Store, customers: Sequence[Customer]) -> list[MembershipStatus]:
    """The membership status of each of these customers by the shop's rule as of now."""
    rule = rule_of(store.shop.get(), now())
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
    return [store.memberships.count_at(moment) for moment in moments]


@use_case(Permission.READ)
def list_members_at(store: Store, actor: Actor, moment: datetime, *, limit: int = 1000) -> list[Customer]:
    """Who was a member at a moment, the newest members first; without those who are deleted now."""
    ids = store.memberships.customers_at(moment, limit=limit)
    found = store.customers.get_many(ids)
    return [found[id] for id in ids if id in found]
