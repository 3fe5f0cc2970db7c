"""Undoing a merge: the one who was merged comes back with what was theirs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from kinso.database.search import ALIASES
from kinso.errors import Conflict, DuplicateCustomerId, FieldError, InvalidInput, StaleVersion
from kinso.models.accounts import Actor
from kinso.models.customers import Customer
from kinso.models.fields import entered
from kinso.models.history import Change, Run, RunException
from kinso.models.merging import SUMMED, SeparationPreview, Side
from kinso.models.text import sale_key
from kinso.models.validation import LABELS
from kinso.repository.documents import now
from kinso.repository.merged import Merged, MovableEntry
from kinso.repository.store import Store
from kinso.services.history.records import (
    MEMBERSHIP_FIELDS,
    demand_imported,
    record_changes,
    record_of_creation,
    record_of_update,
)
from kinso.services.history.runs import new_run

_GONE = "Who was merged was erased, or is gone for good with the one who stayed; nothing can bring them back."
_ALL_OR_ONE = ("this", "other")


_Going = dict[MovableEntry, Sequence[tuple[str, str]] | None]
"""Entries that go to another customer, with the steps by which they had come to that one; None for those given."""


@dataclass(frozen=True)
class _Merge:
    """A merge that is to be undone: who comes back, and who stands for both now.

    `way` are the `_id`s of the one who stayed, of whom that one was merged into, and so on; `since` is from when on
    each of them stood for the one who comes back.
    """

    run: Run
    record: Merged
    way: Sequence[str]
    since: Mapping[str, datetime]
    holder: Customer

    @property
    def ids(self) -> tuple[str, ...]:
        """The IDs that come back."""
        return self.record.customer.customer_id, *self.record.customer.aliases

    def owns(self, entry: MovableEntry) -> bool:
        """Whether the entry came with the one who comes back."""
        return any(run == self.run.id for run, _ in entry.steps)

    def is_since(self, entry: MovableEntry) -> bool:
        """Whether it is a sale that counts and was recorded for both of them."""
        if entry.kind != "sale" or not entry.counts or entry.recorded_at is None or self.owns(entry):
            return False
        first = entry.steps[0][1] if entry.steps else self.holder.id
        return first in self.since and entry.recorded_at >= self.since[first]


def preview_separation(store: Store, run: Run) -> SeparationPreview:
    """Who would stay and who come back, and the sales of which can be chosen whose they are."""
    merge = _merge_of(store, run)
    found = [entry for entry in store.merged_ledger.of_customer(merge.holder.id) if merge.is_since(entry)]
    entries = store.ledger.get_by_ids([str(entry.id) for entry in found])
    latest_first = sorted(entries.values(), key=lambda entry: (entry.sold_at, entry.id), reverse=True)
    return SeparationPreview(merge.holder, merge.record.customer, latest_first)


def separate(
    store: Store,
    actor: Actor,
    original: Run,
    since: Side,
    sales: Mapping[str, Side],
    claim: Callable[[Run], None],
    on_done: Callable[[Run], None],
) -> Run:
    """Undo a merge in one transaction, as a run of its own.

    The ledger entries that came along go back, with refunds of them since. Sales since go to the side that `sales`
    (by sale ID) or else `since` says, and their refunds with them. Fields that were not changed since are what they
    were before. Raises `Conflict` where a purchase amount would be below 0, and when one of both is gone.
    """
    if since not in _ALL_OR_ONE:
        raise InvalidInput([FieldError("since", "Purchases since the merge go to this or to other; name one of them.")])

    def work() -> Run:
        merge = _merge_of(store, original)
        demand_imported(store, [merge.holder.id])
        parameters = {"undoes": original.id, "kind": original.kind, "since": since}
        run = new_run(actor, "undo", parameters, matched=2)
        claim(run)
        going = _going_back(merge, store.merged_ledger.of_customer(merge.holder.id), since, sales)
        kept = _write(store, actor, run, merge, going)
        done = run.model_copy(
            update={
                "status": "done",
                "changed": 2,
                "finished_at": now(),
                "exceptions": kept,
                "exception_count": len(kept),
            }
        )
        store.runs.insert(done)
        on_done(done)
        return done

    return store.transact(work)


def _merge_of(store: Store, run: Run) -> _Merge:
    record = store.merged.of_run(run.id)
    if record is None or record.is_erased:
        raise Conflict(_GONE)
    way = store.merged.way_up(record.into)
    since = {record.into: record.at}
    for below, above in pairwise(way):
        if merged := store.merged.get(below):
            since[above] = merged.at
    holder = store.customers.get(way[-1])
    if holder is None:
        if trashed := store.trash.get(way[-1]):
            raise Conflict(f"Customer {trashed.customer.customer_id} was deleted since; have them restored first.")
        raise Conflict(_GONE)
    return _Merge(run, record, way, since, holder)


def _going_back(merge: _Merge, entries: Sequence[MovableEntry], since: Side, sales: Mapping[str, Side]) -> _Going:
    """The entries that go to the one who comes back, as they came or given."""
    chosen = {sale_key(id): side for id, side in sales.items()}
    later = {entry.sale_id for entry in entries if merge.is_since(entry)}
    errors = [
        FieldError("sales", f"Sale “{id}” was not recorded since the merge, or goes to this or to other; correct it.")
        for id, side in chosen.items()
        if id not in later or side not in _ALL_OR_ONE
    ]
    if errors:
        raise InvalidInput(errors)
    going: _Going = {}
    for entry in entries:
        if merge.owns(entry):
            place = next(place for place, (each, _) in enumerate(entry.steps) if each == merge.run.id)
            going[entry] = entry.steps[:place]
        elif entry.sale_id in later and merge.is_since(entry) and chosen.get(entry.sale_id, since) == "other":
            going[entry] = None
    sold = {entry.sale_id for entry in going if entry.kind == "sale" and entry.counts}
    for entry in entries:
        if entry not in going and entry.counts and entry.refund_of in sold:
            going[entry] = None
    return going


def _write(
    store: Store,
    actor: Actor,
    run: Run,
    merge: _Merge,
    going: _Going,
) -> list[RunException]:
    at = run.started_at
    amount = sum((entry.amount for entry in going if entry.counts), Decimal("0.00"))
    left = merge.holder.purchase_amount - amount
    _demand_not_below_zero(merge, amount, left)
    changes = {change.customer: change for change in store.changes.of_run(merge.run.id, newest_first=True)}
    values, exceptions = _values(store, merge, changes)
    holder = merge.holder
    after = store.customers.update(holder, {**values, SUMMED: left}, at)
    if after is None:
        raise StaleVersion(store.customers.get(holder.id) or holder)
    try:
        back = store.merged.move_back(merge.record.customer.id, amount, at)
    except DuplicateCustomerId as error:
        raise Conflict(
            f"Customer ID “{merge.record.customer.customer_id}” is that of another customer now; change it there first."
        ) from error
    store.merged_ledger.give(
        back.id,
        {entry.id: steps or () for entry, steps in going.items()},
        given={entry.id for entry, steps in going.items() if steps is None},
        run=run.id,
    )
    undone = changes[holder.id].id if holder.id in changes else None
    records = [
        record_of_update(actor, holder, after, run=run.id, undoes=undone, kind="merge"),
        _record_of_return(actor, back, run, changes[back.id]),
    ]
    record_changes(store, records, is_free=True)
    return exceptions


def _record_of_return(actor: Actor, back: Customer, run: Run, gone: Change) -> Change:
    """As of anybody who comes back; with everything, for an undo of an earlier merge may have emptied fields."""
    record = record_of_creation(actor, back, run=run.id, undoes=gone.id, restored=True)
    emptied = {name: value for name, value in entered(back).items() if name in (gone.before or {})}
    return record.model_copy(update={"after": {**emptied, **(record.after or {}), "membershipHeld": back.excluded}})


def _demand_not_below_zero(merge: _Merge, amount: Decimal, left: Decimal) -> None:
    for customer, total in ((merge.record.customer, amount), (merge.holder, left)):
        if total < 0:
            raise Conflict(
                f"Customer {customer.customer_id} would have a purchase amount of {total:,} then; undo the refunds or"
                " corrections of it since the merge first."
            )


def _values(store: Store, merge: _Merge, changes: Mapping[str, Change]) -> tuple[dict[str, Any], list[RunException]]:
    """What becomes of the fields of the one who stays; of whoever is merged in between, that is written here."""
    change = changes[merge.record.into]
    # What the one who stayed was called before taking the other's ID is no alias any more.
    former = (change.before or {}).get("customerId")
    gone = {*merge.ids, *([former] if former else [])}
    for id in merge.way[:-1]:
        between = store.merged.get(id)
        fields = _unchanged(between.customer, change)[0] if between and id == merge.record.into else {}
        store.merged.change(id, fields, without_ids=gone - _ids_left(store, merge, id))
    holder = merge.holder
    values: dict[str, Any] = {}
    kept: list[str] = []
    if holder.id == merge.record.into:
        values, kept = _unchanged(holder, change)
    own = values.get("customerId", holder.customer_id)
    others = _ids_left(store, merge, holder.id)
    left = (id for id in holder.aliases if id in others or (others and id not in gone))
    values[ALIASES] = tuple(id for id in left if id != own)
    if not kept:
        return values, []
    labels = " and ".join(sorted(LABELS.get(name, name).lower() for name in kept))
    reason = f"keeps {labels}, changed again since"
    return values, [RunException(customer=holder.id, customer_id=holder.customer_id, outcome="kept", reason=reason)]


def _ids_left(store: Store, merge: _Merge, holder: str) -> set[str]:
    """The IDs of everybody else who is merged into this one (by `_id`)."""
    leaving = {merge.record.customer.id, *store.merged.all_in(merge.record.customer.id)}
    found = [store.merged.get(id) for id in store.merged.all_in(holder) if id not in leaving]
    return {id for each in found if each for id in (each.customer.customer_id, *each.customer.aliases)}


def _unchanged(customer: Customer, change: Change) -> tuple[dict[str, Any], list[str]]:
    """The fields that are as the merge left them, as they were before; and those that are not."""
    present = {**entered(customer), "membershipHeld": customer.excluded}
    before, after = change.before or {}, change.after or {}
    names = [name for name in before if name != SUMMED]
    other = {name for name in names if present[name] != after[name]}
    if other & MEMBERSHIP_FIELDS:
        other |= MEMBERSHIP_FIELDS & set(names)
    is_back = {name for name in other if present[name] == before[name]}
    return {name: before[name] for name in names if name not in other}, sorted(other - is_back - {"membershipHeld"})
