"""Use cases about facts of customers, and how these are computed as of now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kinso.models.accounts import Actor, Permission
from kinso.models.customers import CustomerQuery
from kinso.models.facts import FACTS, Fact
from kinso.repository.documents import now
from kinso.repository.facts import FactsNow
from kinso.repository.store import Store
from kinso.services.membership.eligibility import rule_of
from kinso.services.permissions import use_case


@use_case(Permission.READ)
def list_facts(store: Store, actor: Actor) -> list[Fact]:
    """Everything that customers can be filtered and sorted by, and that can be shown of them."""
    return list(FACTS.values())


@use_case(Permission.READ)
def get_facts(store: Store, actor: Actor, customers: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """These facts of the customers with these `_id`s, by `_id` and name, as JSON values; who is gone is left out."""
    return store.customers.facts_of(customers, names, facts_now(store))


def facts_for(store: Store, query: CustomerQuery) -> FactsNow | None:
    """How facts are computed, for a query that asks for any, and as the repository of customers wants to be told."""
    return facts_now(store) if query.asks_for_facts else None


def facts_now(store: Store) -> FactsNow:
    """How facts are computed in this shop, as of now."""
    shop, at = store.shop.get(), now()
    return FactsNow(shop.zone, at.astimezone(shop.zone).date(), rule_of(shop, at), store.different_people.pairs)
