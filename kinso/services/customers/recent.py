"""Use cases about the customers whose pages a person opened last."""

from __future__ import annotations

from kinso.models.accounts import Actor, Permission
from kinso.models.customers import Customer
from kinso.models.fields import ERASED
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.customers.finding import SHOWN
from kinso.services.permissions import use_case


@use_case(Permission.READ)
def note_opened(store: Store, actor: Actor, customer: Customer) -> None:
    """Remember that this person opened this customer's page; nobody is remembered who was erased."""
    if customer.customer_name != ERASED:
        store.recent_customers.note(actor.user_id, customer.id, now())


@use_case(Permission.READ)
def list_recent_customers(store: Store, actor: Actor, *, but: str = "", limit: int = SHOWN) -> list[Customer]:
    """Whom this person opened last, the latest first, without who was deleted and without `but` (an `_id`)."""
    ids = [id for id in store.recent_customers.of(actor.user_id) if id != but]
    there = store.customers.get_many(ids)
    return [there[id] for id in ids if id in there and there[id].customer_name != ERASED][:limit]
