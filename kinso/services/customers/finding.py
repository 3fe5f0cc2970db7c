"""Use cases that find and list customers, for people and for programs that keep a copy of all of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from kinso.errors import FieldError, InvalidInput
from kinso.models.accounts import Actor, Permission
from kinso.models.customers import LARGEST_PAGE, LONGEST_SEARCH, Customer, FoundCustomers
from kinso.models.customers_sync import Changed, ChangedPage, Cursor, Deletion, News, Place
from kinso.models.history import TrashedCustomer
from kinso.models.text import fold
from kinso.models.times import moment_of
from kinso.repository.documents import canonical_id
from kinso.repository.similar_names import name_words
from kinso.repository.store import Store
from kinso.services.customers.similar_names import most_similar
from kinso.services.permissions import use_case

SHOWN = 6


@use_case(Permission.READ)
def find_customers(store: Store, actor: Actor, text: str, *, limit: int = SHOWN) -> FoundCustomers:
    """At most `limit` customers by what their ID, name, contact or phone number contains; nobody for a blank text.

    Who fits best comes first. Texts are searched as typed, never as patterns. Where nobody fits, those whose name is
    spelled nearly like it.
    """
    wanted = text.strip()[:LONGEST_SEARCH]
    if not fold(wanted):
        return FoundCustomers([], 0)
    found, total = store.customers.find_at_once(wanted, limit=limit)
    if found:
        return FoundCustomers(found, total)
    similar = most_similar(wanted, store.similar_names.candidates(name_words(wanted)))[:limit]
    customers = store.customers.by_keys([(each.key, each.odd_id) for each in similar])
    return FoundCustomers(customers, len(customers), are_similar=True)


@use_case(Permission.READ)
def find_as_written(store: Store, actor: Actor, text: str, *, limit: int = SHOWN) -> list[Customer]:
    """The same while lists are still being prepared: some who have the text in their ID, name or contact as it is."""
    wanted = text.strip()[:LONGEST_SEARCH]
    return store.customers.find_as_written(wanted, limit=limit) if wanted else []


@use_case(Permission.READ)
def find_by_customer_id(store: Store, actor: Actor, customer_id: str) -> Customer | None:
    """The customer with this ID in any letter case, if there is one; raises `AmbiguousCustomerId`."""
    return store.customers.get_by_customer_id(customer_id)


@use_case(Permission.READ)
def get_customers(store: Store, actor: Actor, ids: Collection[str]) -> dict[str, Customer]:
    """Those of these customers that still exist, by `_id`; for who was merged into another one, that one."""
    found = store.customers.get_many(ids)
    missing = [canonical_id(id) for id in ids if canonical_id(id) not in found]
    holders = store.merged.holders(missing) if missing else {}
    there = store.customers.get_many(set(holders.values())) if holders else {}
    return found | {id: there[holder] for id, holder in holders.items() if holder in there}


@use_case(Permission.READ)
def find_deleted(store: Store, actor: Actor, id: str) -> TrashedCustomer | None:
    """The customer with this `_id` if they are in the trash; the history tells of them to everyone anyway."""
    return store.trash.get(id)


@use_case(Permission.READ)
def list_changed(store: Store, actor: Actor, since: datetime | Cursor, *, limit: int) -> ChangedPage:
    """Who was changed or deleted since a moment or after a cursor, the earliest first.

    Nobody is missed whose change is committed late, and no version is sent twice. Who is changed meanwhile comes again
    at the end. A moment without a zone is meant in the shop's.
    """
    begun = since if isinstance(since, Cursor) else _beginning(store, since)
    limit = min(limit, LARGEST_PAGE)
    # Before anything is read: what is committed after this look is dated later.
    settled = store.connection.settled_until()
    found, total = _look(store, begun, limit)
    news, cursor = begun.next_news(found, limit, settled)
    new = sum(each.mark not in begun.sent for each in found)
    more = new > limit == len(news)
    # Who was sent and has been changed again since is counted once, and is new.
    total = max(total, new)
    return ChangedPage(
        customers=[each.customer for each in news if isinstance(each, Changed)],
        deletions=[each for each in news if isinstance(each, Deletion)],
        page=begun.page + 1,
        total=total,
        more=more,
        cursor=replace(cursor, page=begun.page + 1, total=total) if more else replace(cursor, page=0, total=0),
    )


def _look(store: Store, begun: Cursor, limit: int) -> tuple[list[News], int]:
    found = store.sync.after(begun.place, limit=limit + len(begun.sent) + 1)
    return found, begun.total if begun.page else store.sync.count_after(begun.place) - len(begun.sent)


def _beginning(store: Store, since: datetime) -> Cursor:
    try:
        return Cursor(Place.before(moment_of(since, store.shop.get().zone)))
    except ValueError as error:
        raise InvalidInput([FieldError("updatedSince", f"updatedSince {error}.")]) from error
