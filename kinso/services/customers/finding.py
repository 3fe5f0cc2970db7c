"""Use cases that find and list customers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from kinso.models.accounts import Actor, Permission
from kinso.models.customers import LARGEST_PAGE, LONGEST_SEARCH, Customer, CustomerQuery
from kinso.models.folding import fold, id_key
from kinso.models.history import TrashedCustomer
from kinso.repository.store import Store
from kinso.services.membership.eligibility import eligible_in
from kinso.services.permissions import use_case

SHOWN = 6
_PATIENCE = 1500
"""Milliseconds; on an idle machine, looking through a million customers for a text within a name takes half as long."""


@dataclass(frozen=True)
class Found:
    """The customers who fit best; `is_complete` is False when there was no time to look at all of them."""

    customers: list[Customer]
    is_complete: bool = True


@use_case(Permission.READ)
def find_customers(store: Store, actor: Actor, text: str, *, limit: int = SHOWN) -> Found:
    """At most `limit` customers by what their ID, name, contact or phone number contains; nobody for a blank text.

    Those whose ID, name or contact begins with it come first, and whoever has it as the whole ID needs no further
    search. Texts are searched as typed, never as patterns.
    """
    wanted = text.strip()[:LONGEST_SEARCH]
    if not fold(wanted):
        return Found([])
    found = {customer.id: customer for customer in store.quick_search.beginning_with(wanted, limit=limit)}
    is_whole_id = any(id_key(customer.customer_id) == id_key(wanted) for customer in found.values())
    if is_whole_id or len(found) >= limit:
        return Found(list(found.values()))
    others = store.quick_search.containing(wanted, limit=limit, within=_PATIENCE)
    for customer in others or ():
        found.setdefault(customer.id, customer)
    return Found(list(found.values())[:limit], is_complete=others is not None)


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
