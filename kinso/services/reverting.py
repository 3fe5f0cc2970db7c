"""Taking changes back: one mechanism for a failed run, the undo of a whole run and the revert of a single change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from kinso.errors import DuplicateCustomerId, DuplicateSaleId
from kinso.models.customer import Customer
from kinso.models.money import LARGEST
from kinso.models.run import Change, RunException
from kinso.models.user import Actor
from kinso.models.validation import LABELS
from kinso.repository.customers import changed
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.ledger import ALREADY, AMOUNT, PURCHASES, Reversal, registered_by, reversals, take_back
from kinso.services.records import record_of_creation, record_of_deletion, record_of_update
from kinso.services.unfinished import BEING_IMPORTED, being_imported

_MEMBERSHIP = {"membershipStatus", "membershipHeld"}


@dataclass(frozen=True)
class Kept:
    """A change that was not taken back, because somebody built on it since; `reason` is a sentence."""

    change: Change
    reason: str


@dataclass
class _Plan:
    """What is to be done to take a batch of changes back."""

    restored: list[tuple[Customer, Change]] = field(default_factory=list)
    reversals: Mapping[str, Reversal] = field(default_factory=dict)
    thrown_away: list[tuple[Customer, Change]] = field(default_factory=list)
    unmade: list[tuple[Customer, Change]] = field(default_factory=list)
    brought_back: list[Change] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)


def revert(
    store: Store,
    actor: Actor,
    changes: Sequence[Change],
    *,
    run: str | None = None,
    reason: str | None = None,
    unfinished: bool = False,
) -> tuple[list[Change], list[Kept]]:
    """Take `changes` of different customers back, as far as nobody changed the same fields since.

    A customer who was created goes to the trash, one who was deleted comes back from there. When the changes are of an
    `unfinished` run, whom it created is removed altogether, for that run never took place. What a change did to a
    purchase amount is taken off the present amount, so that purchases since then stay. Call it within a transaction,
    and write the returned records down in it. Raises `DuplicateCustomerId` and `DuplicateSaleId` when an ID that has
    to come back was given to somebody else meanwhile.
    """
    plan = _plan(store, changes, run, unfinished=unfinished)
    at = now()
    values = {change.id: _old_values(current, change, plan.reversals) for current, change in plan.restored}
    _restore_fields(store, [(current, values[change.id]) for current, change in plan.restored], at)
    _throw_away(store, actor, plan.thrown_away, at)
    _remove(store, [current.id for current, _ in plan.unmade])
    back = store.trash.bring_back([change.customer for change in plan.brought_back], at)
    records = [
        record_of_update(
            actor,
            current,
            changed(current, values[change.id], at),
            run=run,
            undoes=change.id,
            kind=change.kind if change.kind in PURCHASES else None,
        )
        for current, change in plan.restored
    ]
    take_back(store, plan.reversals, records)
    for current, change in (*plan.thrown_away, *plan.unmade):
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
    """Take `changes` of different customers back in one transaction; returns how many were.

    `write` gets the records and those who were left alone, to write both down in that transaction. Of an `unfinished`
    run, what an earlier attempt has taken back is left out, and see `revert`.
    """

    def work() -> int:
        done = store.changes.undone_among(changes) if unfinished else set()
        left = [change for change in changes if change.id not in done]
        records, kept = revert(store, actor, left, run=run, reason=reason, unfinished=unfinished)
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


def taken_back(latest_first: Sequence[Change]) -> set[str]:
    """The ids of the changes that one of these takes back, and that no later one of them brings back into force."""
    gone: set[str] = set()
    for change in latest_first:
        if change.undoes and change.id not in gone:
            gone.add(change.undoes)
    return gone


def _plan(store: Store, changes: Sequence[Change], run: str | None, *, unfinished: bool) -> _Plan:
    present = store.customers.get_many([change.customer for change in changes])
    trashed = store.trash.versions([change.customer for change in changes if change.after is None])
    versions = {**trashed, **{id: customer.version for id, customer in present.items()}}
    later = _later(store, changes, versions)
    imported = {} if unfinished else being_imported(store, {change.customer for change in changes}, but_for=[run])
    plan = _Plan(reversals=reversals(store, changes))
    for change in changes:
        current, since = present.get(change.customer), later.get(change.customer, [])
        fields = _fields_of(since) & (change.before or {}).keys()
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
            plan.kept.append(Kept(change, "was deleted since"))
        elif change.before is None and since:
            plan.kept.append(Kept(change, "was edited since"))
        elif change.before is None:
            gone = plan.unmade if unfinished and change.kind == "create" else plan.thrown_away
            gone.append((current, change))
        elif fields:
            plan.kept.append(Kept(change, _what_changed_again(fields)))
        elif obstacle := _obstacle(current, plan.reversals.get(change.id)):
            plan.kept.append(Kept(change, obstacle))
        else:
            plan.restored.append((current, change))
    return plan


def _obstacle(current: Customer, reversal: Reversal | None) -> str | None:
    if reversal is None or reversal.obstacle:
        return reversal.obstacle if reversal else None
    if not 0 <= current.purchase_amount + reversal.difference <= LARGEST:
        return "would have a purchase amount below 0, or one that is too large"
    return None


def _old_values(current: Customer, change: Change, reversals: Mapping[str, Reversal]) -> Mapping[str, Any]:
    """What the change replaced; a purchase amount without what the change added to it."""
    before = change.before or {}
    if AMOUNT not in before:
        return before
    return {**before, AMOUNT: current.purchase_amount + reversals[change.id].difference}


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
        if change.kind not in PURCHASES
        for name in (*(change.after or {}), *(change.before or {}))
    }


def _in_force(latest_first: Sequence[Change]) -> Iterator[Change]:
    """The changes without those that were taken back, and without what took those back: together they did nothing."""
    ids, gone = {change.id for change in latest_first}, taken_back(latest_first)
    return (change for change in latest_first if change.id not in gone and change.undoes not in ids)


def _throw_away(store: Store, actor: Actor, thrown_away: Sequence[tuple[Customer, Change]], at: datetime) -> None:
    unmade = registered_by(store, {change.customer: change for _, change in thrown_away})
    store.trash.throw_away([current.id for current, _ in thrown_away], actor, at, unmade=unmade)


def _remove(store: Store, ids: Sequence[str]) -> None:
    if ids:
        store.customers.remove(ids)
        store.memberships.remove(ids)
        store.sales.remove(ids)


def _restore_fields(store: Store, restored: Sequence[tuple[Customer, Mapping[str, Any]]], at: datetime) -> None:
    # A run changes the membership of very many in the same way; one update for all is several times quicker.
    alike: dict[tuple[bool, bool], list[str]] = {}
    others: list[tuple[Customer, Mapping[str, Any]]] = []
    for current, before in restored:
        if _MEMBERSHIP.issuperset(before):
            status = before.get("membershipStatus", current.membership_status)
            held = before.get("membershipHeld", current.membership_held)
            alike.setdefault((status, held), []).append(current.id)
        else:
            others.append((current, before))
    for (status, held), ids in alike.items():
        store.customers.set_membership(ids, at, status=status, held=held)
    if others:
        store.customers.update_many(others, at)
