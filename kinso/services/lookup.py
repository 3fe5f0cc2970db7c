"""Use cases that look up what the customers page shows around its list."""

from __future__ import annotations

import re
from collections.abc import Collection

from kinso.models.customer import LARGEST_PAGE, Customer, CustomerQuery
from kinso.models.trash import TrashedCustomer
from kinso.models.user import Actor, Permission
from kinso.repository.store import Store
from kinso.services.access import use_case
from kinso.services.eligibility import eligible_in

_NUMBERED = re.compile(r"(.*?)(\d{1,18})")
_LONGEST_ID = 64
_TRIES = 20


@use_case(Permission.READ)
def find_by_customer_id(store: Store, actor: Actor, customer_id: str) -> Customer | None:
    """The customer with this ID in any letter case, if there is one; raises `AmbiguousCustomerId`."""
    return store.customers.get_by_customer_id(customer_id)


@use_case(Permission.READ)
def get_customers(store: Store, actor: Actor, ids: Collection[str]) -> dict[str, Customer]:
    """Those of these customers that still exist, by `_id`."""
    return store.customers.get_many(ids)


@use_case(Permission.READ)
def find_deleted(store: Store, actor: Actor, id: str) -> TrashedCustomer | None:
    """The customer with this `_id` if they are in the trash; the history tells of them to everyone anyway."""
    return store.trash.get(id)


@use_case(Permission.READ)
def find_page(store: Store, actor: Actor, query: CustomerQuery, *, page: int, limit: int) -> list[Customer]:
    """One page of a query for a caller that knows the total already; a page past the end is empty."""
    return store.customers.find(query, page=page, limit=min(limit, LARGEST_PAGE), eligible=eligible_in(store, query))


@use_case(Permission.CREATE)
def suggest_customer_id(store: Store, actor: Actor) -> str | None:
    """A free ID that continues the one registered last, such as C-0043 after C-0042; None when that has no number."""
    latest = store.customers.find(CustomerQuery(), page=1, limit=1)
    numbered = _NUMBERED.fullmatch(latest[0].customer_id) if latest else None
    if numbered is None:
        return None
    start, digits = numbered.groups()
    following = [f"{start}{int(digits) + step:0{len(digits)}d}" for step in range(1, _TRIES + 1)]
    taken = store.customers.get_by_customer_ids(following)
    return next((each for each in following if each not in taken and len(each) <= _LONGEST_ID), None)
