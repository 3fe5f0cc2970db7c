"""Use cases about when somebody was a member, and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from kinso.models.accounts import Actor, Permission
from kinso.models.customers import Customer
from kinso.models.membership import MembershipInterval
from kinso.repository.store import Store
from kinso.services.access import use_case


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
