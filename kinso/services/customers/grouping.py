"""Use cases that sum up the customers of a list."""

from __future__ import annotations

from kinso.models.accounts import Actor, Permission
from kinso.models.customers import CustomerGroup, CustomerQuery, MembershipCounts
from kinso.models.facts import CHOICE, DAY, FACTS, WORDS, YES_NO
from kinso.models.fields import FIELDS
from kinso.repository.store import Store
from kinso.services.facts import facts_now
from kinso.services.permissions import use_case

_COMPUTED = ("createdAt", "lastPurchase", "rfm", "source", "registeredBy")
_OF_FIELDS = tuple(field.name for field in FIELDS if FACTS[field.name].type in (DAY, YES_NO, CHOICE, WORDS))
GROUPINGS = (*_COMPUTED[:2], *_OF_FIELDS, *_COMPUTED[2:])
"""The facts by which customers can be grouped; days are grouped by their month."""


@use_case(Permission.READ)
def count_by_membership(store: Store, actor: Actor, query: CustomerQuery) -> MembershipCounts:
    """How many customers of a query are members or eligible, whatever it asks of both."""
    return store.groups.count_by_membership(query, facts_now(store))


@use_case(Permission.READ)
def group_customers(store: Store, actor: Actor, query: CustomerQuery, by: str) -> list[CustomerGroup]:
    """The customers of a query by one of `GROUPINGS`: count, members and total spent of each group.

    Months begin with the latest, other groups with the largest; those without a value come last.
    """
    groups = store.groups.groups(query, by, facts_now(store))
    named = [each for each in groups if each.value is not None]
    named.sort(key=lambda each: each.value if FACTS[by].type is DAY else each.customers, reverse=True)
    return [*named, *(each for each in groups if each.value is None)]
