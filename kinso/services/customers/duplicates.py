"""Use cases about customers who may be the same person: finding them, and remembering that they are not."""

from __future__ import annotations

from dataclasses import dataclass

from rapidfuzz import fuzz

from kinso.database import search
from kinso.errors import CUSTOMER_GONE, Conflict, NotFound
from kinso.models.accounts import Actor, Permission
from kinso.models.customers import Alike, DifferentPeople, DuplicatePair, DuplicatePairs
from kinso.repository.documents import canonical_id, now
from kinso.repository.duplicates import Candidates
from kinso.repository.store import Store
from kinso.services.customers.registering import customers_of, likeness_of_names, words_in_order
from kinso.services.permissions import use_case

_MOST = 5000
"""Pairs that are compared for what they have in common of a contact, and as many for names; nobody decides on more."""
_REACHED, _CONTACT, _OF_NAME = 100.0, 40.0, 0.6
"""What a shared phone number or e-mail address weighs, the same contact, and each hundredth of alike names."""
_SAME = 100.0
_HERSELF = "A customer cannot be compared with themselves; name another one."


@use_case(Permission.READ)
def find_duplicate_pairs(store: Store, actor: Actor, *, limit: int, offset: int = 0) -> DuplicatePairs:
    """Pairs of customers who may be the same person, the likeliest first; those known to be different are left out.

    They have the same phone number, e-mail address or contact, the same name in any order of its words, or nearly the
    same name. What bounds it, however large the shop is: each value groups customers once, in the mirror; a value that
    more than ten of them have, such as a number of the shop's own, makes no pairs; of the pairs by contact and of those
    by name, the first 5,000 are compared here, those with the rarest names before others.
    """
    apart = store.different_people.pairs()
    by_contact = store.duplicates.pairs_by_contact(apart, limit=_MOST)
    by_name = store.duplicates.pairs_by_name(apart, limit=_MOST)
    found = {(each.one.key, each.other.key): _Pair.of(each) for each in (*by_name, *by_contact)}
    country = store.shop.get().country
    ranked = sorted((pair for pair in found.values() if pair.score), key=lambda pair: pair.place)
    shown = ranked[offset : offset + limit]
    customers = customers_of(store, [each for pair in shown for each in pair.candidates[:2]])
    items = [
        DuplicatePair(customers[one.key], customers[other.key], pair.alike(country))
        for pair in shown
        for one, other, _ in [pair.candidates]
        if one.key in customers and other.key in customers
    ]
    return DuplicatePairs(items, len(ranked), is_cut=_MOST in (len(by_contact), len(by_name)))


@use_case(Permission.MERGE)
def remember_different(store: Store, actor: Actor, one: str, other: str) -> None:
    """From now on these two (by `_id`) are no likely duplicates; raises `NotFound` and `Conflict`."""

    def work() -> None:
        if canonical_id(one) == canonical_id(other):
            raise Conflict(_HERSELF)
        if len(store.customers.get_many([one, other])) < 2:
            raise NotFound(CUSTOMER_GONE)
        store.different_people.remember(one, other, actor, now())

    store.transact(work)


@use_case(Permission.MERGE)
def forget_different(store: Store, actor: Actor, one: str, other: str) -> None:
    """Withdraw that these two are not the same person; raises `NotFound` where nobody said so."""
    if not store.different_people.forget(one, other):
        raise NotFound("Nobody said that these two are different people; look at the list again.")


@use_case(Permission.READ)
def list_different(store: Store, actor: Actor, id: str) -> list[DifferentPeople]:
    """Who is known not to be the same person as this customer, the last said first."""
    return store.different_people.of_customer(id)


@dataclass(frozen=True)
class _Pair:
    """Two customers as they are compared; `likeness` is that of their names, from 0 to 100."""

    candidates: Candidates
    likeness: float

    @classmethod
    def of(cls, candidates: Candidates) -> _Pair:
        one, other, _ = candidates
        same = words_in_order(one.name) == words_in_order(other.name)
        return cls(candidates, 100.0 if same else likeness_of_names(one.name, other.name))

    @property
    def score(self) -> float:
        """How likely they are the same person; 0 if nothing tells."""
        one, other, is_reached = self.candidates
        has_contact = one.contact == other.contact
        if not (is_reached or has_contact or self.likeness):
            return 0.0
        # Of namesakes, those with nearly the same contact come first.
        closeness = 0.0 if has_contact else fuzz.ratio(one.contact, other.contact) / 10
        return is_reached * _REACHED + has_contact * _CONTACT + self.likeness * _OF_NAME + closeness

    @property
    def place(self) -> tuple[float, int, int]:
        """Where they come among others."""
        return -self.score, self.candidates.one.key, self.candidates.other.key

    def alike(self, country: str) -> tuple[Alike, ...]:
        """What they have in common, the strongest of it first."""
        one, other, is_reached = self.candidates
        found: list[Alike] = []
        if is_reached:
            theirs = (set(search.contact_keys(each.contact, country)) for each in (one, other))
            shared = set.intersection(*theirs)
            found += ["phone"] if any(not search.is_email_key(key) for key in shared) else []
            found += ["email"] if any(map(search.is_email_key, shared)) else []
        if not found and (is_reached or one.contact == other.contact):
            found.append("phone" if is_reached else "contact")
        if self.likeness:
            found.append("name" if self.likeness == _SAME else "similar name")
        return tuple(found)
