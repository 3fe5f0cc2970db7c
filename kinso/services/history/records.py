"""The record of a change, written in its transaction, and the imports that a change has to wait for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from kinso.errors import BeingImported
from kinso.models.accounts import Actor
from kinso.models.customers import Customer
from kinso.models.fields import entered, recorded
from kinso.models.history import Change, ChangeKind
from kinso.models.membership import DecidedBy, Decision
from kinso.models.purchases import LedgerEntry
from kinso.models.stored import trusted
from kinso.repository.documents import new_id
from kinso.repository.store import Store
from kinso.services.purchases.ledger import typed_entry

BEING_IMPORTED = "is in an import that has not ended yet"
"""Why a customer is left alone, as the rest of a sentence that begins with the customer."""
MEMBERSHIP_FIELDS = frozenset({"membershipStatus", "membershipHeld"})
"""Who is a member and whether a rule may make them one: they belong together."""


def record_changes(
    store: Store,
    changes: Sequence[Change],
    *,
    decided_by: DecidedBy = "person",
    entries: Sequence[LedgerEntry] = (),
    reverting: str | None = None,
    is_free: bool = False,
) -> None:
    """Store the records, the memberships that they begin and end, and what they do to the ledger.

    `decided_by` is who or what decided on the memberships. `entries` are the purchases and refunds behind some of the
    changes; what other changes do to a purchase amount was typed. A membership that comes back is what it was before,
    whoever brings it back. `reverting` is a run that cannot be finished, when it is that one's changes that are undone.
    `is_free` says that the same transaction has asked already whether one of these customers is `being_imported`.
    Raises `DuplicateSaleId`, and `BeingImported` for a customer whom an import wrote that has not ended.
    """
    if not is_free:
        demand_nothing_unfinished(store, changes, reverting=reverting)
    store.changes.record(changes)
    explained = {entry.change for entry in entries}
    typed = [entry for change in changes if change.id not in explained and (entry := typed_entry(change))]
    store.ledger.record([*entries, *typed])
    before = store.memberships.why_last_members([change.customer for change in changes if _returns(change)])
    begun, ended = [], []
    for change in changes:
        was, is_now = ((side or {}).get("membershipStatus", None) for side in (change.before, change.after))
        if was is is_now:
            continue
        decider = before.get(change.customer, decided_by) if is_now and _returns(change) else decided_by
        decision = Decision(
            decided_by=decider, by_name=change.by_name, balance=change.balance, reason=change.reason, run=change.run
        )
        if is_now:
            begun.append((change.customer, change.at, decision))
        elif was:
            ended.append((change.customer, change.at, decision))
    new = {change.customer for change in changes if change.kind == "create"}
    store.memberships.begin_and_end(begun, ended, new=new)


def _returns(change: Change) -> bool:
    """Whether a membership begins with it that had been ended by what it undoes."""
    is_undone = change.undoes is not None or change.kind == "restore"
    return is_undone and bool((change.after or {}).get("membershipStatus"))


def record_of_creation(
    actor: Actor, created: Customer, *, run: str | None = None, undoes: str | None = None, restored: bool = False
) -> Change:
    """The record that belongs to a new or a restored customer."""
    kind: ChangeKind = "restore" if restored else "create"
    return _record(actor, created, kind, before=None, after=recorded(created), run=run, undoes=undoes)


def record_of_update(
    actor: Actor,
    before: Customer,
    after: Customer,
    *,
    run: str | None = None,
    undoes: str | None = None,
    reason: str | None = None,
    kind: ChangeKind | None = None,
) -> Change:
    """The record that belongs to an update; it holds only the fields that differ."""
    old, new = _recorded_fields(before), _recorded_fields(after)
    changed = [name for name in old if old[name] != new[name]]
    kind = kind or ("membership" if MEMBERSHIP_FIELDS.issuperset(changed) else "edit")
    was, is_now = ({name: side[name] for name in changed} for side in (old, new))
    return _record(actor, after, kind, before=was, after=is_now, run=run, undoes=undoes, reason=reason)


def record_of_deletion(actor: Actor, deleted: Customer, *, run: str | None = None, undoes: str | None = None) -> Change:
    """The record that belongs to a deletion; it holds everything that people had entered."""
    before = {**recorded(deleted), "createdAt": deleted.created_at}
    return _record(actor, deleted, "delete", before=before, after=None, run=run, undoes=undoes)


def record_of_erasure(actor: Actor, erased: Customer, *, run: str | None = None) -> Change:
    """The record that a person was erased; it holds nothing about them."""
    return _record(actor, erased, "erase", before={}, after={}, run=run)


def decided_by_person(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes, and when a person ends a membership with them, that no rule may begin it again."""
    if "membershipStatus" not in changes:
        return dict(changes)
    return {**changes, "membershipHeld": not changes["membershipStatus"]}


def _recorded_fields(customer: Customer) -> dict[str, Any]:
    return {**entered(customer), "membershipHeld": customer.excluded}


def _record(
    actor: Actor,
    customer: Customer,
    kind: ChangeKind,
    *,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    run: str | None = None,
    undoes: str | None = None,
    reason: str | None = None,
) -> Change:
    values = {
        "id": new_id(),
        "customer": customer.id,
        "customer_id": customer.customer_id,
        "kind": kind,
        "by_id": actor.user_id,
        "by_name": actor.name,
        "source": actor.source,
        "at": customer.updated_at,
        "before": before,
        "after": after,
        "version": customer.version,
        "balance": customer.purchase_amount,
        "reason": reason,
        "run": run,
        "undoes": undoes,
    }
    return trusted(Change, values)


def being_imported(store: Store, customers: Collection[str], *, but_for: Collection[str | None] = ()) -> dict[str, str]:
    """Those of these customers (by `_id`) whom an import that has not ended wrote, with their customer IDs.

    `but_for` are runs that may go on. Whoever writes to one of these has read this within the same transaction, and
    then collides with the import where that writes to the customer at the same time.
    """
    if not customers:
        return {}
    imports = [run for run in store.import_locks.unfinished_imports() if run not in but_for]
    return store.import_locks.written_by(imports, list(customers)) if imports else {}


def demand_imported(store: Store, customers: Collection[str], *, but_for: Collection[str | None] = ()) -> None:
    """Raise `BeingImported` when one of these customers (by `_id`) is in an import that has not ended."""
    for customer_id in being_imported(store, customers, but_for=but_for).values():
        raise BeingImported(customer_id)


def demand_nothing_unfinished(store: Store, changes: Sequence[Change], *, reverting: str | None = None) -> None:
    """Raise `BeingImported` when a change builds on an import that is not its own and has not ended.

    The run `reverting` may be written over, for that is how it ends. Whoever was not there before is in no import.
    """
    own = {reverting, *(change.run for change in changes)}
    demand_imported(store, {change.customer for change in changes if change.kind != "create"}, but_for=own)
