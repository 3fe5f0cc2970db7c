"""Finding customers who may be the same person as one who is about to be registered."""

from __future__ import annotations

from rapidfuzz import fuzz

from kinso.database.search import fold
from kinso.models.customer import Customer
from kinso.models.user import Actor, Permission
from kinso.repository.store import Store
from kinso.services.access import use_case

_SIMILAR_NAME = 88
"""Of 100 in RapidFuzz's token sort ratio: one letter in eight may differ, the order of words may too."""
_NAME_START = 3
_CANDIDATES = 500
_SHOWN = 5


@use_case(Permission.CREATE)
def find_similar_customers(store: Store, actor: Actor, *, customer_name: str, contact_info: str) -> list[Customer]:
    """Customers with the same contact or nearly the same name, the most similar first."""
    found = {customer.id: customer for customer in store.customers.find_with_contact(contact_info, limit=_SHOWN)}
    name = customer_name.strip()
    candidates = store.customers.find_with_name_start(name[:_NAME_START], limit=_CANDIDATES) if name else []
    scored = [(_likeness(name, candidate.customer_name), candidate) for candidate in candidates]
    for likeness, candidate in sorted(scored, key=lambda pair: -pair[0]):
        if likeness >= _SIMILAR_NAME:
            found.setdefault(candidate.id, candidate)
    return list(found.values())[:_SHOWN]


def _likeness(one: str, other: str) -> float:
    return fuzz.token_sort_ratio(one, other, processor=fold)
