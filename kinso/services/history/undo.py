"""Undoing a single change, or a whole run later."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from kinso.errors import Conflict, DuplicateSaleId, NotFound
from kinso.models.accounts import Actor, Permission
from kinso.models.fields import permissions_to_change
from kinso.models.history import Change, Run
from kinso.models.merging import SeparationPreview, Side
from kinso.repository.store import Store
from kinso.services.history.records import record_changes
from kinso.services.history.reverting import revert, revert_and_report, reverted
from kinso.services.history.runs import (
    FOR_GOOD,
    Progress,
    existing_run,
    ignore_progress,
    ignore_run,
    of_different_customers,
    record_batch,
    running,
)
from kinso.services.history.separating import preview_separation, separate
from kinso.services.permissions import demand, demand_all, use_case
from kinso.services.purchases.ledger import PURCHASE_CHANGES

_WHOLE_MERGE = "This is a part of a merge; undo the merge as a whole."
_MERGE_AGAIN = "This undid a merge; to bring that back, merge the two once more."
_GONE = "What was erased is gone for good; nothing can bring it back."
_UNDONE = "This bulk change was undone already; undo that undo to bring it back."


@use_case(Permission.READ)
def find_reverted(store: Store, actor: Actor, changes: Sequence[Change]) -> set[str]:
    """The ids of those of `changes` that were undone already, as far as the clock was right."""
    return reverted(store.changes.undoing(changes)) & {change.id for change in changes}


@use_case(Permission.EDIT)
def revert_change(store: Store, actor: Actor, change_id: str) -> Change:
    """Undo one change, as a new change; raises `Conflict` when somebody changed the same fields since.

    It takes `permissions_to_revert` as well.
    """
    change = store.changes.get(change_id)
    if change is None:
        raise NotFound("This change does not exist any more; look at the history again.")
    if change.kind == "erase":
        raise Conflict(_GONE)
    demand_all(actor, dict.fromkeys(permissions_to_revert(change), True))
    _refuse_part_of_merge(store, change)

    def work() -> Change:
        records, kept = revert(store, actor, [change])
        if kept:
            raise Conflict(f"This was not undone: customer {change.customer_id} {kept[0].reason}.")
        record_changes(store, records, is_free=True)
        return records[0]

    try:
        return store.transact(work)
    except DuplicateSaleId as error:
        raise Conflict(
            f"This was not undone: sale “{error.sale_id}” was recorded again since; undo that purchase first."
        ) from error


def _refuse_part_of_merge(store: Store, change: Change) -> None:
    run = store.runs.get(change.run) if change.run else None
    if run is not None and run.kind == "merge":
        raise Conflict(_WHOLE_MERGE)
    if run is not None and _undoes_merge(run):
        raise Conflict(_MERGE_AGAIN)


def _undoes_merge(run: Run) -> bool:
    return run.kind == "undo" and run.parameters.get("kind") == "merge"


def permissions_to_revert(change: Change) -> frozenset[Permission]:
    """What undoing this change takes beside the permission to edit.

    Bringing a deleted customer back takes the permission to restore, undoing a registration the one to delete, undoing
    a purchase or a refund the one to record them, and anything else those of its fields.
    """
    needed = {Permission.PURCHASES} if change.kind in PURCHASE_CHANGES else set()
    if change.after is None:
        needed.add(Permission.RESTORE)
    elif change.before is None:
        needed.add(Permission.DELETE)
    else:
        needed |= permissions_to_change(change.before)
    return frozenset(needed)


def may_undo(actor: Actor, run: Run) -> bool:
    """Whether to offer to undo this run: what may be undone at all, by who may; `undo_run` asks again."""
    if run.kind in FOR_GOOD or _undoes_merge(run):
        return False
    is_own_merge = run.kind == "merge" and run.by_id == actor.user_id
    return actor.may(Permission.UNDO) or (is_own_merge and actor.may(Permission.MERGE))


@use_case(Permission.READ)
def preview_undo_of_merge(store: Store, actor: Actor, run_id: str) -> SeparationPreview:
    """Who would stay and who come back when this merge is undone, and the sales since, of which can be chosen."""
    return preview_separation(store, _undoable_merge(store, run_id))


@use_case(Permission.MERGE)
def undo_run(
    store: Store,
    actor: Actor,
    run_id: str,
    *,
    since: Side = "this",
    sales: Mapping[str, Side] | None = None,
    on_progress: Progress = ignore_progress,
    on_done: Callable[[Run], None] = ignore_run,
) -> Run:
    """Undo what a run changed, as a run of its own, which can be undone like any other.

    What somebody changed since is kept, and named in the new run together with what could not be undone. `on_done`
    writes in the transaction that ends the run. Of a merge, `since` and `sales` (by sale ID) say whose purchases since
    then are, and whoever merged may undo it; anything else takes the permission to undo. Raises `NotFound`, and
    `Conflict` for a run that is not done or was undone already.
    """
    original = existing_run(store, run_id)
    if original.kind != "merge" or original.by_id != actor.user_id:
        demand(actor, Permission.UNDO)
    original = _undoable(store, run_id)
    parameters = {"undoes": original.id, "kind": original.kind}
    reason = f"Undo of the bulk change ({original.kind}) by {original.by_name}"

    def claim(run: Run) -> None:
        if not store.runs.claim(original.id, by=run.id):
            raise Conflict(_UNDONE)

    if original.kind == "merge":
        return separate(store, actor, original, since, sales or {}, claim, on_done)

    def end(run: Run) -> None:
        _put_out_of_force(store, original)
        on_done(store.runs.get(run.id) or run)

    with running(
        store,
        actor,
        "undo",
        parameters,
        original.changed,
        on_begin=claim,
        on_done=end,
    ) as run:
        done = 0
        for batch in of_different_customers(store.changes.of_run(original.id, newest_first=True)):
            record = partial(record_batch, store, run, is_free=True)
            revert_and_report(store, actor, batch, record, run=run.id, reason=reason)
            done = min(done + len(batch), original.changed)
            on_progress(done, original.changed)
    return store.runs.get(run.id) or run


def _undoable(store: Store, run_id: str) -> Run:
    run = existing_run(store, run_id)
    if run.kind in FOR_GOOD:
        raise Conflict(_GONE)
    if _undoes_merge(run):
        raise Conflict(_MERGE_AGAIN)
    if run.status != "done":
        raise Conflict("Only a bulk change that is done can be undone.")
    if run.undone_by:
        raise Conflict(_UNDONE)
    return run


def _undoable_merge(store: Store, run_id: str) -> Run:
    run = _undoable(store, run_id)
    if run.kind != "merge":
        raise Conflict("This bulk change is no merge.")
    return run


def _put_out_of_force(store: Store, run: Run | None) -> None:
    """What an undo undid is in force again, once the undo is undone; and so on, when that was an undo itself."""
    while run and run.kind == "undo":
        store.runs.release(claimed_by=run.id)
        again = store.runs.get(run.parameters["undoes"])
        if again is None or again.kind != "undo":
            return
        store.runs.claim(again.parameters["undoes"], by=again.id)
        run = store.runs.get(again.parameters["undoes"])
