"""Saving what was typed over many customers at once: everything good in one transaction, the rest told row by row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from kinso.errors import BeingImported, DuplicateCustomerId, FieldError, InvalidInput, StaleVersion
from kinso.models.accounts import Actor, Permission
from kinso.models.customers import Customer, CustomerEdit, CustomerPatch, EditOutcome, FieldConflict
from kinso.models.fields import entered, permissions_to_change
from kinso.models.text import id_key
from kinso.models.validation import parse
from kinso.repository.documents import changed, now
from kinso.repository.store import Store
from kinso.services.history.records import being_imported, decided_by_person, record_changes, record_of_update
from kinso.services.history.runs import BATCH
from kinso.services.permissions import demand_all, use_case

_DELETED = "was deleted by someone else meanwhile, so this change cannot be saved"


@dataclass(frozen=True)
class _Row:
    """An edit with what of it is `good`: acceptable, and not what was shown."""

    edit: CustomerEdit
    good: Mapping[str, Any]
    errors: Sequence[FieldError]

    @property
    def id(self) -> str:
        """The customer's `_id`."""
        return self.edit.before.id


@use_case(Permission.EDIT)
def save_edits(store: Store, actor: Actor, edits: Sequence[CustomerEdit]) -> list[EditOutcome]:
    """Save every good cell, all of them in one transaction, and report the rest.

    A field that someone else changed meanwhile is merged when it was not typed over, and reported as a conflict when it
    was; nothing of theirs is overwritten. No row keeps another one from being saved. Nothing is saved when the actor
    may not do all of it.
    """
    rows = [_validated(edit) for edit in edits]
    needed = permissions_to_change(name for row in rows for name in row.good)
    demand_all(actor, dict.fromkeys(needed, True))
    portions = _of_different_customers(rows)
    return [outcome for each in portions for outcome in store.transact(partial(_save, store, actor, each))]


def _validated(edit: CustomerEdit) -> _Row:
    """Each field by itself, so that one bad cell does not hold back the others; unchanged ones are left out."""
    good: dict[str, Any] = {}
    errors: list[FieldError] = []
    shown = entered(edit.before)
    for name, value in edit.values.items():
        if isinstance(value, str) and shown[name] == value:
            # An earlier application may have stored what nobody could type now.
            continue
        try:
            good |= parse(CustomerPatch, {name: value}).changes()
        except InvalidInput as error:
            errors += error.errors
    return _Row(edit, {name: value for name, value in good.items() if shown[name] != value}, errors)


def _of_different_customers(rows: Iterable[_Row]) -> Iterator[Sequence[_Row]]:
    """The rows in such pieces that one transaction can change and that none has two of the same customer."""
    portion: dict[str, _Row] = {}
    for row in rows:
        if len(portion) == BATCH or row.id in portion:
            yield tuple(portion.values())
            portion = {}
        portion[row.id] = row
    if portion:
        yield tuple(portion.values())


def _save(store: Store, actor: Actor, rows: Sequence[_Row]) -> list[EditOutcome]:
    present = store.customers.get_many([row.id for row in rows])
    imported = being_imported(store, [row.id for row in rows if row.good])
    holders = _Holders(store, rows)
    outcomes = [_merge(row, present.get(row.id), imported, holders) for row in rows]
    updates = [
        (current, decided_by_person(outcome.saved))
        for outcome in outcomes
        if outcome.saved and (current := present.get(outcome.edit.before.id))
    ]
    after = _write(store, actor, updates, now())
    return [_as_stored(outcome, after) for outcome in outcomes]


def _merge(row: _Row, current: Customer | None, imported: Mapping[str, str], holders: _Holders) -> EditOutcome:
    """What becomes of a row; `saved` is still to be written."""
    if current is None:
        gone = FieldError("_id", f"Customer {row.edit.before.customer_id} {_DELETED}.")
        return EditOutcome(row.edit, None, errors=(*row.errors, gone))
    conflicts = _conflicts(row, current)
    taken, stored = {conflict.field for conflict in conflicts}, entered(current)
    changes = {name: value for name, value in row.good.items() if name not in taken and stored[name] != value}
    if changes and row.id in imported:
        waiting = (FieldError(name, BeingImported(imported[row.id]).message) for name in row.good)
        return EditOutcome(row.edit, row.edit.before, errors=(*row.errors, *waiting))
    errors = [*row.errors]
    if "customerId" in changes and not holders.give(changes["customerId"], current):
        errors += DuplicateCustomerId(changes.pop("customerId")).errors
    return EditOutcome(row.edit, current, changes, tuple(errors), tuple(conflicts))


def _conflicts(row: _Row, current: Customer) -> list[FieldConflict]:
    shown, stored = entered(row.edit.before), entered(current)
    return [
        FieldConflict(name, before=shown[name], theirs=stored[name], mine=mine)
        for name, mine in row.good.items()
        if stored[name] not in (shown[name], mine)
    ]


class _Holders:
    """Who holds the customer IDs that some rows want, while one row after the other gets its own."""

    def __init__(self, store: Store, rows: Sequence[_Row]) -> None:
        self._holders = store.customers.holders(row.good["customerId"] for row in rows if "customerId" in row.good)

    def give(self, customer_id: str, customer: Customer) -> bool:
        """Have the customer hold this ID instead of the present one; False when it is somebody else's."""
        wanted, present = id_key(customer_id), id_key(customer.customer_id)
        if wanted == present:
            return True
        if self._holders.get(wanted, customer.id) != customer.id:
            return False
        if self._holders.get(present) == customer.id:
            del self._holders[present]
        self._holders[wanted] = customer.id
        return True


def _write(
    store: Store, actor: Actor, updates: Sequence[tuple[Customer, Mapping[str, Any]]], at: datetime
) -> Mapping[str, Customer]:
    """Write these changes with their records; returns the customers as they are now, by `_id`."""
    if not updates:
        return {}
    if store.customers.update_many(updates, at) != len(updates):
        raise StaleVersion(updates[0][0])
    after = {before.id: changed(before, changes, at) for before, changes in updates}
    record_changes(store, [record_of_update(actor, before, after[before.id]) for before, _ in updates], is_free=True)
    return after


def _as_stored(outcome: EditOutcome, after: Mapping[str, Customer]) -> EditOutcome:
    current = after.get(outcome.edit.before.id, outcome.current)
    return EditOutcome(outcome.edit, current, outcome.saved, outcome.errors, outcome.conflicts)
