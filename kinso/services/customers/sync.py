"""Use cases of programs that keep a copy of all customers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from kinso.errors import FieldError, InvalidInput
from kinso.models.accounts import Actor, Permission
from kinso.models.customers import LARGEST_PAGE
from kinso.models.customers_sync import Changed, ChangedPage, Cursor, Deletion, News, Place
from kinso.models.times import moment_of
from kinso.repository.store import Store
from kinso.services.permissions import use_case


@use_case(Permission.READ)
def list_changed(store: Store, actor: Actor, since: datetime | Cursor, *, limit: int) -> ChangedPage:
    """Who was changed or deleted since a moment or after a cursor, the earliest first.

    Nobody is missed whose change is committed late, and no version is told twice. Who is changed meanwhile comes again
    at the end. A moment without a zone is meant in the shop's.
    """
    begun = since if isinstance(since, Cursor) else _beginning(store, since)
    limit = min(limit, LARGEST_PAGE)
    # Before anything is read: what is committed after this look is dated later.
    settled = store.connection.settled_until()
    found, total = store.transact(lambda: _look(store, begun, limit))
    untold, cursor = begun.tell(found, limit, settled)
    new = sum(each.mark not in begun.told for each in found)
    more = new > limit == len(untold)
    # Who was told and has been changed again since is counted once, and is new.
    total = max(total, new)
    return ChangedPage(
        customers=[each.customer for each in untold if isinstance(each, Changed)],
        deletions=[each for each in untold if isinstance(each, Deletion)],
        page=begun.page + 1,
        total=total,
        more=more,
        cursor=replace(cursor, page=begun.page + 1, total=total) if more else replace(cursor, page=0, total=0),
    )


def _look(store: Store, begun: Cursor, limit: int) -> tuple[list[News], int]:
    """In one transaction: who is deleted and restored meanwhile must not be told in the wrong order."""
    found = store.sync.after(begun.place, limit=limit + len(begun.told) + 1)
    return found, begun.total if begun.page else store.sync.count_after(begun.place) - len(begun.told)


def _beginning(store: Store, since: datetime) -> Cursor:
    try:
        return Cursor(Place.before(moment_of(since, store.shop.get().zone)))
    except ValueError as error:
        raise InvalidInput([FieldError("updatedSince", f"updatedSince {error}.")]) from error
