"""Saving what people typed over rows that they saw a while ago: the grid and the edit form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kinso.errors import BeingImported, DuplicateCustomerId, FieldError, InvalidInput, StaleVersion
from kinso.models.accounts import Actor, Permission
from kinso.models.customers import Customer, CustomerEdit, CustomerPatch, EditOutcome, FieldConflict
from kinso.models.validation import parse
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.access import demand, use_case
from kinso.services.records import decided_by_person, record_of_update, specified_fields, write_down

_DELETED = "was deleted by someone else meanwhile, so this change cannot be saved"


@use_case(Permission.EDIT)
def save_edits(store: Store, actor: Actor, edits: Sequence[CustomerEdit]) -> list[EditOutcome]:
    """Save every good cell, each row in a transaction of its own, and report the rest.

    A field that someone else changed meanwhile is merged when it was not typed over, and reported as a conflict when it
    was; nothing of theirs is overwritten. Nothing is saved when the actor may not do all of it.
    """
    validated = [_validate(edit) for edit in edits]
    if any("membershipStatus" in good for good, _ in validated):
        demand(actor, Permission.MEMBERSHIP)
    return [_save_edit(store, actor, edit, good, errors) for edit, (good, errors) in zip(edits, validated, strict=True)]


def _save_edit(
    store: Store, actor: Actor, edit: CustomerEdit, good: dict[str, Any], errors: list[FieldError]
) -> EditOutcome:
    try:
        outcome = _save_good(store, actor, edit, good, errors)
    except BeingImported as error:
        waiting = (FieldError(name, error.message) for name in good)
        return EditOutcome(edit, edit.before, errors=(*errors, *waiting))
    return EditOutcome(edit, outcome.current, outcome.saved, (*errors, *outcome.errors), outcome.conflicts)


def _save_good(
    store: Store, actor: Actor, edit: CustomerEdit, good: dict[str, Any], errors: list[FieldError]
) -> EditOutcome:
    """Save the good fields, without an ID that somebody else has: that is one of the `errors` then."""
    try:
        return store.transact(lambda: _merge_and_save(store, actor, edit, good))
    except DuplicateCustomerId as error:
        errors += error.errors
        del good["customerId"]
        return store.transact(lambda: _merge_and_save(store, actor, edit, good))


def _validate(edit: CustomerEdit) -> tuple[dict[str, Any], list[FieldError]]:
    """Each field by itself, so that one bad cell does not hold back the others; unchanged ones are left out."""
    good: dict[str, Any] = {}
    errors: list[FieldError] = []
    shown = specified_fields(edit.before)
    for name, value in edit.values.items():
        if isinstance(value, str) and shown[name] == value:
            # An earlier application may have stored what nobody could type now.
            continue
        try:
            good |= parse(CustomerPatch, {name: value}).changes()
        except InvalidInput as error:
            errors += error.errors
    return {name: value for name, value in good.items() if shown[name] != value}, errors


def _merge_and_save(store: Store, actor: Actor, edit: CustomerEdit, good: dict[str, Any]) -> EditOutcome:
    current = store.customers.get(edit.before.id)
    if current is None:
        gone = FieldError("_id", f"Customer {edit.before.customer_id} {_DELETED}.")
        return EditOutcome(edit, None, errors=(gone,))
    conflicts = _conflicts(edit.before, current, good)
    taken = {conflict.field for conflict in conflicts}
    stored = specified_fields(current)
    changes = {name: value for name, value in good.items() if name not in taken and stored[name] != value}
    after = _write(store, actor, current, changes) if changes else current
    return EditOutcome(edit, after, saved=changes, conflicts=tuple(conflicts))


def _conflicts(before: Customer, current: Customer, good: dict[str, Any]) -> list[FieldConflict]:
    shown, stored = specified_fields(before), specified_fields(current)
    return [
        FieldConflict(name, before=shown[name], theirs=stored[name], mine=mine)
        for name, mine in good.items()
        if stored[name] != shown[name] and stored[name] != mine
    ]


def _write(store: Store, actor: Actor, current: Customer, changes: dict[str, Any]) -> Customer:
    after = store.customers.update(current, decided_by_person(changes), now())
    if after is None:
        raise StaleVersion(current)
    write_down(store, [record_of_update(actor, current, after)])
    return after
