"""Use cases that look up what the customers page shows around its list."""

from __future__ import annotations

from collections.abc import Collection

from kinso.models.accounts import Actor, Permission
from kinso.models.customers import LARGEST_PAGE, Customer, CustomerQuery
from kinso.models.history import TrashedCustomer
from kinso.repository.store import Store
from kinso.services.access import use_case
from kinso.services.eligibility import eligible_in


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
