"""Undoing changes: one mechanism for a failed run, the undo of a whole run and the revert of a single change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from kinso.errors import DuplicateCustomerId, DuplicateSaleId
from kinso.models.accounts import Actor
from kinso.models.customers import Customer
from kinso.models.fields import BY_NAME
from kinso.models.history import Change, ChangeKind, RunException
from kinso.models.money import LARGEST
from kinso.models.validation import LABELS
from kinso.repository.documents import changed, now
from kinso.repository.store import Store
from kinso.services.history.records import (
    BEING_IMPORTED,
    MEMBERSHIP_FIELDS,
    being_imported,
    record_of_creation,
    record_of_deletion,
    record_of_update,
)
from kinso.services.purchases.ledger import (
    ALREADY,
    AMOUNT,
    PURCHASE_CHANGES,
    REFUNDED,
    Reversal,
    registered_by,
    reversals,
    revert_entries,
)

_EDITED = "was edited since"


@dataclass(frozen=True)
class Kept:
    """A change that was not undone, because somebody built on it since; `reason` is a sentence."""

    change: Change
    reason: str


@dataclass
class _Plan:
    """What undoing a batch of changes takes; who is restored gets the values that go with them."""

    restored: list[tuple[Customer, Change, Mapping[str, Any]]] = field(default_factory=list)
    reversals: dict[str, Reversal] = field(default_factory=dict)
    thrown_away: list[tuple[Customer, Change]] = field(default_factory=list)
    unregistered: list[tuple[Customer, Change]] = field(default_factory=list)
    brought_back: list[Change] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)


def revert(
    store: Store,
    actor: Actor,
    changes: Sequence[Change],
    *,
    run: str | None = None,
    reason: str | None = None,
    partly: bool = False,
    unfinished: bool = False,
) -> tuple[list[Change], list[Kept]]:
    """Undo `changes` of different customers, as far as nobody changed the same fields since.

    A customer who was created goes to the trash, one who was deleted comes back from there. When the changes are of an
    `unfinished` run, whom it created is removed altogether, for that run never took place. What a change did to a
    purchase amount is taken off the present amount, so that purchases since then stay. Call it within a transaction,
    and record the changes that it returns in it; whether an import is under way was asked, but for an `unfinished` run.

    What somebody built on stays, and with it all of its change, or `partly` only what that needs; either way it is
    among what was kept. Raises `DuplicateCustomerId` and `DuplicateSaleId` when an ID that has to come back was given
    to somebody else meanwhile.
    """
    plan = _plan(store, changes, run, partly=partly, unfinished=unfinished)
    at = now()
    _restore_fields(store, [(current, values) for current, _, values in plan.restored], at)
    _throw_away(store, actor, plan.thrown_away, at)
    _remove(store, [current.id for current, _ in plan.unregistered])
    back = store.trash.bring_back([change.customer for change in plan.brought_back], at)
    records = [
        record_of_update(
            actor,
            current,
            changed(current, values, at),
            run=run,
            undoes=change.id,
            kind=_kind_of_reversal(change),
        )
        for current, change, values in plan.restored
    ]
    revert_entries(store, plan.reversals, records)
    for current, change in (*plan.thrown_away, *plan.unregistered):
        gone = current.model_copy(update={"updated_at": at})
        records.append(record_of_deletion(actor, gone, run=run, undoes=change.id))
    for change in plan.brought_back:
        records.append(record_of_creation(actor, back[change.customer], run=run, undoes=change.id, restored=True))
    return [record.model_copy(update={"reason": reason}) for record in records], plan.kept


def revert_and_report(
    store: Store,
    actor: Actor,
    changes: Sequence[Change],
    write: Callable[[Sequence[Change], Sequence[RunException]], None],
    *,
    run: str | None = None,
    reason: str | None = None,
    unfinished: bool = False,
) -> int:
    """Undo `changes` of different customers in one transaction; returns how many were.

    `write` gets the records and those who were left alone, to write both down in that transaction; who was left alone
    in a part only is in both. Of an `unfinished` run, what an earlier attempt has undone is left out, and see
    `revert`.
    """

    def work() -> int:
        done = store.changes.undone_among(changes) if unfinished else set()
        left = [change for change in changes if change.id not in done]
        records, kept = revert(store, actor, left, run=run, reason=reason, partly=True, unfinished=unfinished)
        write(records, [_exception(each.change, "kept", each.reason) for each in kept])
        return len(records)

    try:
        return store.transact(work)
    except (DuplicateCustomerId, DuplicateSaleId) as error:
        if len(changes) > 1:
            # One ID of the batch is taken; alone, each change shows whether it was its ID.
            alone = ([change] for change in changes)
            return sum(
                revert_and_report(store, actor, one, write, run=run, reason=reason, unfinished=unfinished)
                for one in alone
            )
        what = "its old ID" if isinstance(error, DuplicateCustomerId) else "a purchase"
        taken = _exception(changes[0], "failed", f"cannot get {what} back, because another customer has it now")
        store.transact(lambda: write([], [taken]))
        return 0


def _exception(change: Change, outcome: Literal["kept", "failed"], reason: str) -> RunException:
    return RunException(customer=change.customer, customer_id=change.customer_id, outcome=outcome, reason=reason)


def reverted(latest_first: Sequence[Change]) -> set[str]:
    """The ids of the changes that one of these undoes, and that no later one of them brings back into force."""
    gone: set[str] = set()
    for change in latest_first:
        if change.undoes and change.id not in gone:
            gone.add(change.undoes)
    return gone


def _plan(store: Store, changes: Sequence[Change], run: str | None, *, partly: bool, unfinished: bool) -> _Plan:
    present = store.customers.get_many([change.customer for change in changes])
    trashed = store.trash.versions([change.customer for change in changes if change.after is None])
    versions = {**trashed, **{id: customer.version for id, customer in present.items()}}
    later = _later(store, changes, versions)
    imported = {} if unfinished else being_imported(store, {change.customer for change in changes}, but_for=[run])
    staying = _registrations_that_stay(store, changes, later) if partly else set()
    plan = _Plan(reversals=reversals(store, changes, registrations=staying))
    for change in changes:
        current, since = present.get(change.customer), later.get(change.customer, [])
        if any(each.undoes == change.id for each in since):
            plan.kept.append(Kept(change, ALREADY))
        elif change.customer in imported:
            plan.kept.append(Kept(change, BEING_IMPORTED))
        elif change.after is None and change.customer not in trashed:
            plan.kept.append(Kept(change, "is not in the trash any more"))
        elif change.after is None and since:
            plan.kept.append(Kept(change, "was deleted again or erased since"))
        elif change.after is None:
            plan.brought_back.append(change)
        elif current is None:
            is_merged = store.merged.get(change.customer) is not None
            plan.kept.append(
                Kept(change, "was merged into another customer since" if is_merged else "was deleted since")
            )
        elif change.before is None and since and change.id not in staying:
            plan.kept.append(Kept(change, _EDITED))
        elif change.before is None and not since:
            gone = plan.unregistered if unfinished and change.kind == "create" else plan.thrown_away
            gone.append((current, change))
        else:
            _plan_to_restore(plan, current, change, since, partly=partly)
    return plan


def _registrations_that_stay(
    store: Store, changes: Sequence[Change], later: Mapping[str, Sequence[Change]]
) -> set[str]:
    """Registrations by imports of purchases on which somebody built since: without the purchases, as far as can be."""
    built_on = [change for change in changes if change.kind == "create" and change.run and later.get(change.customer)]
    runs = {id: store.runs.get(id) for id in {change.run for change in built_on if change.run}}
    of_purchases = {id for id, run in runs.items() if run and run.kind == "purchases"}
    return {change.id for change in built_on if change.run in of_purchases}


def _plan_to_restore(plan: _Plan, current: Customer, change: Change, since: Sequence[Change], *, partly: bool) -> None:
    before, reversal = change.before or {}, plan.reversals.get(change.id)
    possible = {*before, *({AMOUNT} if reversal else ())}
    fields = _changed_again(possible, since)
    apart = _taken_back(current, change, fields) if partly else {}
    fields -= apart.keys()
    reasons = [_EDITED] if change.before is None else []
    reasons += [_what_changed_again(fields)] if fields else []
    if reversal and AMOUNT not in fields and (obstacle := _obstacle(current, reversal, partly=partly)):
        reasons.append(obstacle)
        fields.add(AMOUNT)
    if reasons and not (partly and possible - fields):
        plan.kept.append(Kept(change, reasons[-1]))
        return
    if reversal and AMOUNT in fields:
        del plan.reversals[change.id]
    elif reversal and reversal.stays:
        reasons.append(reversal.stays)
    if reasons:
        plan.kept.append(Kept(change, f"{' and '.join(reasons)}; the rest was undone"))
    values = {name: value for name, value in before.items() if name not in {AMOUNT, *fields}}
    values |= apart
    values |= _old_amount(current, plan.reversals.get(change.id))
    plan.restored.append((current, change, values))


def _changed_again(possible: set[str], since: Sequence[Change]) -> set[str]:
    """Which of these fields somebody changed since; who is a member and why belong together."""
    fields = _fields_of(since) & possible
    return fields | (MEMBERSHIP_FIELDS & possible) if fields & MEMBERSHIP_FIELDS else fields


def _taken_back(current: Customer, change: Change, fields: set[str]) -> dict[str, Any]:
    """The present values of these fields without what the change did, where that can be told from later edits."""
    told = {}
    for name in fields & BY_NAME.keys() - {AMOUNT} - MEMBERSHIP_FIELDS:
        field, value = BY_NAME[name], BY_NAME[name].of(current)
        before, after = ((side or {}).get(name, field.type.empty) for side in (change.before, change.after))
        left = field.type.taken_back(before, after, value)
        if left is not None and left != value:
            told[name] = left
    return told


def _obstacle(current: Customer, reversal: Reversal, *, partly: bool) -> str | None:
    if reversal.obstacle:
        return reversal.obstacle
    if reversal.stays and not partly:
        return REFUNDED
    if not 0 <= current.purchase_amount + reversal.difference <= LARGEST:
        return "would have a purchase amount below 0, or one that is too large"
    return None


def _old_amount(current: Customer, reversal: Reversal | None) -> Mapping[str, Any]:
    """The present purchase amount without what the change added to it."""
    return {} if reversal is None else {AMOUNT: current.purchase_amount + reversal.difference}


def _kind_of_reversal(change: Change) -> ChangeKind | None:
    """Of a registration, only the purchases are undone while the customer stays."""
    if change.before is None:
        return "purchase"
    return change.kind if change.kind in PURCHASE_CHANGES else None


def _what_changed_again(fields: set[str]) -> str:
    labels = sorted({LABELS.get(name, LABELS["membershipStatus"]).lower() for name in fields})
    return f"{' and '.join(labels)} changed again since"


def _later(store: Store, changes: Sequence[Change], reached: Mapping[str, int]) -> Mapping[str, Sequence[Change]]:
    """For each customer what is in force after their change in `changes`; `reached` are versions of now."""
    versions = {
        change.customer: change.version
        for change in changes
        if reached.get(change.customer, change.version) != change.version
    }
    ids = {change.id for change in changes}
    later: dict[str, list[Change]] = {}
    for change in _in_force([change for change in store.changes.after_versions(versions) if change.id not in ids]):
        later.setdefault(change.customer, []).append(change)
    return later


def _fields_of(changes: Sequence[Change]) -> set[str]:
    """What they replaced; a purchase replaces no amount, so it stands in nobody's way."""
    return {
        name
        for change in changes
        if change.kind not in PURCHASE_CHANGES
        for name in (*(change.after or {}), *(change.before or {}))
        # A merge adds to the amount what another one bought.
        if change.kind != "merge" or name != AMOUNT
    }


def _in_force(latest_first: Sequence[Change]) -> Iterator[Change]:
    """The changes without those that were undone, and without what undid those: together they did nothing."""
    ids, gone = {change.id for change in latest_first}, reverted(latest_first)
    return (change for change in latest_first if change.id not in gone and change.undoes not in ids)


def _throw_away(store: Store, actor: Actor, thrown_away: Sequence[tuple[Customer, Change]], at: datetime) -> None:
    unregistered = registered_by(store, {change.customer: change for _, change in thrown_away})
    store.trash.throw_away([current.id for current, _ in thrown_away], actor, at, unregistered=unregistered)


def _remove(store: Store, ids: Sequence[str]) -> None:
    if ids:
        store.customers.remove(ids)
        store.memberships.remove(ids)
        store.ledger.remove(ids)


def _restore_fields(store: Store, restored: Sequence[tuple[Customer, Mapping[str, Any]]], at: datetime) -> None:
    # A run changes the membership of very many in the same way; one update for all is several times quicker.
    alike: dict[tuple[bool, bool], list[str]] = {}
    others: list[tuple[Customer, Mapping[str, Any]]] = []
    for current, before in restored:
        if MEMBERSHIP_FIELDS.issuperset(before):
            status = before.get("membershipStatus", current.membership_status)
            excluded = before.get("membershipHeld", current.excluded)
            alike.setdefault((status, excluded), []).append(current.id)
        else:
            others.append((current, before))
    for (status, excluded), ids in alike.items():
        store.customers.set_membership(ids, at, status=status, excluded=excluded)
    if others:
        store.customers.update_many(others, at)
