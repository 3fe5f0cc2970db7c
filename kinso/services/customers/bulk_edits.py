"""One field of many customers changed at once, and what that would come to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from kinso.models.accounts import Actor, Permission
from kinso.models.bulk import BulkPreview, Chosen, FieldEdit, ValueGroup
from kinso.models.customers import Customer
from kinso.models.edits import tag_set
from kinso.models.fields import BY_NAME, Field, permissions_to_change
from kinso.models.history import Run, RunException
from kinso.repository.documents import canonical_id, changed, now
from kinso.repository.store import Store
from kinso.services.facts import facts_for
from kinso.services.history.records import BEING_IMPORTED, being_imported, record_of_update
from kinso.services.history.runs import (
    Progress,
    ignore_progress,
    ignore_run,
    in_batches,
    record_batch,
    running,
)
from kinso.services.permissions import demand_all, use_case

SHOWN = 10
"""Customers who are named before a bulk change."""


@use_case(Permission.EDIT)
def preview_edit(store: Store, actor: Actor, chosen: Chosen, edit: FieldEdit) -> BulkPreview:
    """What `edit_customers` would do now."""
    return _preview(store, chosen, edit)


@use_case(Permission.MEMBERSHIP)
def preview_membership(store: Store, actor: Actor, chosen: Chosen, *, membership_status: bool) -> BulkPreview:
    """What making them members, or non-members, would do now."""
    return _preview(store, chosen, FieldEdit(BY_NAME["membershipStatus"], "set", membership_status))


@use_case(Permission.READ)
def list_values(store: Store, actor: Actor, chosen: Chosen, field: Field) -> list[str]:
    """The words that they have in a field of words, in alphabetical order."""
    if chosen.ids is not None:
        values = [field.of(each) for each in customers_of(store, chosen.ids)]
    else:
        groups = store.chosen.by_value(chosen.query, field, facts=facts_for(store, chosen.query))
        values = [group.value for group in groups]
    return list(tag_set(word for words in values for word in words))


@use_case(Permission.EDIT)
def edit_customers(
    store: Store,
    actor: Actor,
    chosen: Chosen,
    edit: FieldEdit,
    *,
    on_progress: Progress = ignore_progress,
    on_done: Callable[[Run], None] = ignore_run,
) -> Run:
    """Change one field of all of them, as one run; whom it would not change stays untouched.

    What each has is read in the transaction that changes it. Whoever cannot hold what would become of the field, or is
    in an import that has not ended, is left alone and named in the run. `on_done` writes in the transaction that ends
    the run.
    """
    demand_all(actor, dict.fromkeys(permissions_to_change([edit.field.name]), True))
    ids = _ids_to_change(store, chosen, edit)
    parameters = {**edit.parameters(), **chosen.parameters()}
    with running(
        store, actor, "bulk-edit", parameters, len(ids), on_done=lambda run: on_done(finished(store, run))
    ) as run:
        done = 0
        for batch in in_batches(ids):

            def work(batch: Sequence[str] = batch) -> None:
                _edit_some(store, actor, run, batch, edit)

            store.transact(work)
            done += len(batch)
            on_progress(done, len(ids))
    return finished(store, run)


def customers_of(store: Store, ids: Sequence[str]) -> list[Customer]:
    """Those of these who are still there, in this order."""
    found = store.customers.get_many(ids)
    return [found[id] for id in dict.fromkeys(map(canonical_id, ids)) if id in found]


def finished(store: Store, run: Run) -> Run:
    """The run as it is stored now."""
    return store.runs.get(run.id) or run


def _preview(store: Store, chosen: Chosen, edit: FieldEdit) -> BulkPreview:
    if chosen.ids is not None:
        customers = customers_of(store, chosen.ids)
        groups = [ValueGroup(edit.field.of(each), 1, each.purchase_amount) for each in customers]
    else:
        facts = facts_for(store, chosen.query)
        groups = store.chosen.by_value(chosen.query, edit.field, facts=facts)
        customers = store.customers.find(chosen.query, page=1, limit=SHOWN, facts=facts)
    changed = [group for group in groups if edit.changes(group.value)]
    return BulkPreview(
        matched=sum(group.count for group in groups),
        count=sum(group.count for group in changed),
        total=sum((group.total for group in changed), Decimal("0.00")),
        refused=sum(group.count for group in groups if _problem(edit, group.value)),
        first=customers[:SHOWN],
    )


def _ids_to_change(store: Store, chosen: Chosen, edit: FieldEdit) -> list[str]:
    """Whoever cannot hold what would become of the field is among them: the run says so."""
    if chosen.ids is not None:
        return [each.id for each in customers_of(store, chosen.ids) if _concerns(edit, edit.field.of(each))]
    found = store.chosen.values(chosen.query, edit.field, facts=facts_for(store, chosen.query))
    return [id for id, value in found if _concerns(edit, value)]


def _concerns(edit: FieldEdit, value: Any) -> bool:
    return edit.changes(value) or _problem(edit, value) is not None


def _problem(edit: FieldEdit, value: Any) -> str | None:
    try:
        edit.applied(value)
    except ValueError as error:
        return str(error)
    return None


def _edit_some(store: Store, actor: Actor, run: Run, ids: Sequence[str], edit: FieldEdit) -> None:
    found = store.customers.get_many(ids)
    imported = being_imported(store, found)
    at, name = now(), edit.field.name
    updates: list[tuple[Customer, dict[str, Any]]] = []
    skipped: list[RunException] = []
    for customer in found.values():
        value = edit.field.of(customer)
        problem = _problem(edit, value)
        if customer.id in imported:
            skipped.append(skip(customer, BEING_IMPORTED))
        elif problem is not None:
            skipped.append(skip(customer, f"was left as it is: {edit.field.label.lower()} {problem}"))
        elif edit.changes(value):
            updates.append((customer, {name: edit.applied(value)}))
    skipped += [gone(id) for id in ids if id not in found]
    if updates:
        store.customers.update_many(updates, at)
    records = [record_of_update(actor, before, changed(before, values, at), run=run.id) for before, values in updates]
    record_batch(store, run, records, skipped, is_free=True)


def skip(customer: Customer, reason: str) -> RunException:
    """Somebody whom a run leaves alone."""
    return RunException(customer=customer.id, customer_id=customer.customer_id, outcome="skipped", reason=reason)


def gone(id: str) -> RunException:
    """Somebody who is not there any more."""
    return RunException(customer=id, customer_id="", outcome="skipped", reason="was deleted meanwhile")
