"""Use cases about deleted customers: bringing them back, and removing a person for good."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from kinso.errors import CUSTOMER_GONE, Conflict, NotFound
from kinso.models.accounts import Actor, Permission
from kinso.models.customers import Customer
from kinso.models.fields import ERASED, FIELDS, identifying_fields
from kinso.models.history import Change, HistoryQuery, TrashedCustomer
from kinso.repository.documents import canonical_id, erased_id, now
from kinso.repository.store import Store
from kinso.services.history.records import demand_imported, record_changes, record_of_creation, record_of_erasure
from kinso.services.permissions import use_case
from kinso.services.purchases.ledger import unregistered_among

_AT_ONCE = 1000
_STILL_LATELY = timedelta(days=1)
_NOT_THERE = "This customer is not in the trash any more; look at the list again."


@use_case(Permission.RESTORE)
def list_trash(store: Store, actor: Actor, *, limit: int = 200) -> list[TrashedCustomer]:
    """Deleted customers, the last deleted first."""
    return store.trash.latest(limit=limit)


@use_case(Permission.RESTORE)
def count_trash(store: Store, actor: Actor) -> int:
    """How many deleted customers can still be restored."""
    return store.trash.count()


@use_case(Permission.RESTORE)
def restore_customers(store: Store, actor: Actor, ids: Sequence[str]) -> list[Customer]:
    """Bring deleted customers back as they were, all of them or none.

    Raises `NotFound` when one is not in the trash, `DuplicateCustomerId` when its ID was given to somebody else, and
    `Conflict` when a purchase of one was recorded again.
    """

    def work() -> list[Customer]:
        wanted = set(map(canonical_id, ids))
        _refuse_recorded_again(store, wanted)
        restored = store.trash.bring_back(list(wanted), now())
        if len(restored) != len(wanted):
            raise NotFound(_NOT_THERE)
        record_changes(store, [record_of_creation(actor, customer, restored=True) for customer in restored.values()])
        return list(restored.values())

    return store.transact(work)


@use_case(Permission.ERASE)
def erase_person(store: Store, actor: Actor, id: str) -> str:
    """Remove who somebody is, for good: every personal field of the customer and in their history; figures stay.

    Works for a customer, for one in the trash, and for one of whom only the history tells any more; everybody who was
    merged into one another is one person. Returns the ID that
    stands in place of theirs; raises `NotFound`.
    """
    id = canonical_id(id)

    def work() -> str:
        record = erase_within(store, actor, id)
        record_changes(store, [record])
        return record.customer_id

    alias = store.transact(work)
    store.mirror.forget_erased()
    return alias


def erase_within(store: Store, actor: Actor, id: str, *, run: str | None = None) -> Change:
    """Do so within a transaction, and return what is to be recorded in it; the mirror has to forget them afterwards."""
    # Beforehand, for afterwards the history does not know the customer ID any more.
    id = store.merged.way_up(id)[-1]
    demand_imported(store, [id])
    for merged in store.merged.all_in(id):
        _erase_traces(store, merged, erased_id(merged), _texts_about(store, merged))
        store.merged.erase(merged, erased_id(merged), now())
    alias = erased_id(id)
    at = now()
    texts = _texts_about(store, id)
    erased = (
        store.customers.erase(id, alias, at)
        or store.trash.erase(id, alias, at)
        or _erased_in_history(store, id, alias, at)
    )
    if erased is None:
        raise NotFound(CUSTOMER_GONE)
    _erase_traces(store, id, alias, texts)
    return record_of_erasure(actor, erased, run=run)


def _erase_traces(store: Store, id: str, alias: str, texts: set[str]) -> None:
    """Remove who somebody is from everything that tells about them elsewhere."""
    store.changes.erase(id, alias)
    store.runs.erase(id, alias, texts)
    store.segments.erase(texts, now())
    store.requests.erase(id)
    store.drafts.erase(id)
    store.recent_customers.erase(id)
    store.different_people.erase(id)
    store.ledger.erase(id)


def _refuse_recorded_again(store: Store, ids: Collection[str]) -> None:
    """No sale ID counts twice; one that was given away while its customer was in the trash has to be freed first."""
    for id, sale in store.ledger.recorded_again(ids).items():
        trashed, holder = store.trash.get(id), store.customers.get(sale.customer)
        # Where the customer ID was given away as well, that is to be told.
        if trashed and holder and not store.customers.get_by_customer_id(trashed.customer.customer_id):
            raise Conflict(
                f"Customer {trashed.customer.customer_id} cannot be restored, because sale “{sale.sale_id}” is recorded"
                f" for customer {holder.customer_id} now; undo that purchase in the history first."
            )


def _texts_about(store: Store, id: str) -> set[str]:
    """Every text of `identifying_fields` that somebody has or had."""
    trashed = store.trash.get(id)
    elsewhere = trashed or store.merged.get(id)
    current = store.customers.get(id) or (elsewhere.customer if elsewhere else None)
    texts = [field.of(current) for field in identifying_fields()] if current else []
    return {*filter(None, texts), *store.changes.texts_about(id)}


def _erased_in_history(store: Store, id: str, alias: str, at: datetime) -> Customer | None:
    """Whom the history tells of, without who that was; None when it tells of nobody."""
    latest = next(iter(store.changes.of_customer(id, limit=1)), None)
    if latest is None:
        return None
    values = {**dict.fromkeys((field.name for field in FIELDS if field.is_required), ERASED), "customerId": alias}
    facts = {"createdAt": at, "updatedAt": at, "version": latest.version + 1, "purchaseAmount": latest.balance}
    return Customer.model_validate({**values, **facts, "membershipStatus": False, "_id": id})


def finish_erasures(store: Store) -> int:
    """Erase once more those who were erased within a day; returns how many they were. Kinso does this itself.

    What had read a customer before the erasure may write the name into an answer or a run just after it, for nothing
    makes the two collide where the customer is not written.
    """
    with store.guarded():
        lately = HistoryQuery(kind="erase", since=now() - _STILL_LATELY)
        changes = list(store.changes.iterate(lately))
        if changes:
            store.mirror.forget_erased(max(change.at for change in changes))
        erased = {change.customer: change.customer_id for change in changes}
        merged = {id: erased_id(id) for customer in erased for id in store.merged.all_in(customer)}
        for customer, alias in (erased | merged).items():
            store.runs.erase(customer, alias)
            store.requests.erase(customer)
            store.drafts.erase(customer)
            store.recent_customers.erase(customer)
        return len(erased)


def complete_revenue(store: Store) -> None:
    """Have in the revenue what customers bought who were deleted before it stayed there. Kinso does this itself."""
    with store.guarded():
        while customers := store.ledger.undecided(limit=_AT_ONCE):
            unregistered = unregistered_among(store, customers)
            store.ledger.decide([customer for customer in customers if customer in unregistered], revenue=False)
            store.ledger.decide([customer for customer in customers if customer not in unregistered], revenue=True)


def empty_trash(store: Store) -> int:
    """Remove for good what was deleted longer ago than the shop keeps it; returns how many. Kinso does this itself.

    What these customers bought stays in the revenue.
    """
    with store.guarded():
        deleted_before = now() - timedelta(days=store.shop.get().trash_days)
        merged = [id for gone in store.trash.deleted_before(deleted_before) for id in store.merged.all_in(gone)]
        removed = store.trash.empty(deleted_before=deleted_before)
        store.merged.remove(merged)
        if removed:
            store.mirror.forget_erased(deleted_before)
        return removed
