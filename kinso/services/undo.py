"""Taking a whole run back, later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from kinso.errors import Conflict, DuplicateCustomerId, NotFound
from kinso.models.run import Change, Run, RunException
from kinso.models.user import Actor, Permission
from kinso.repository.store import Store
from kinso.services.access import use_case
from kinso.services.reverting import revert
from kinso.services.runs import Progress, ignore_progress, in_batches, record_batch, running


@use_case(Permission.UNDO)
def undo_run(store: Store, actor: Actor, run_id: str, *, on_progress: Progress = ignore_progress) -> Run:
    """Take back what a run changed, as a run of its own, which can be undone like any other.

    What somebody changed since is kept, and named in the new run together with what could not be taken back. Raises
    `NotFound`, and `Conflict` for a run that is not done or was undone already.
    """
    original = _undoable(store, run_id)
    parameters = {"undoes": original.id, "kind": original.kind}
    reason = f"Undo of the {original.kind} run by {original.by_name}"
    with running(store, actor, "undo", parameters, original.changed) as run:
        done = 0
        for batch in in_batches(store.changes.of_run(original.id, newest_first=True)):
            _undo_batch(store, actor, run, batch, reason)
            done += len(batch)
            on_progress(done, original.changed)
        store.runs.mark_undone(original.id, by=run.id)
        if original.kind == "undo":
            store.runs.mark_undone(original.parameters["undoes"], by=None)
    return store.runs.get(run.id) or run


def _undoable(store: Store, run_id: str) -> Run:
    run = store.runs.get(run_id)
    if run is None:
        raise NotFound("This run does not exist; look at the list of runs again.")
    if run.status != "done":
        raise Conflict("Only a run that is done can be undone.")
    if run.undone_by:
        raise Conflict("This run was undone already; undo that undo to bring it back.")
    return run


def _undo_batch(store: Store, actor: Actor, run: Run, batch: Sequence[Change], reason: str) -> None:
    def work() -> None:
        records, kept = revert(store, actor, batch, run=run.id, reason=reason)
        record_batch(store, run, records, [_exception(each.change, "kept", each.reason) for each in kept])

    try:
        store.transact(work)
    except DuplicateCustomerId:
        if len(batch) > 1:
            # One ID of the batch is taken; alone, each change shows whether it was its ID.
            for change in batch:
                _undo_batch(store, actor, run, [change], reason)
            return
        taken = _exception(batch[0], "failed", "cannot get its old ID back, because another customer has it now")
        store.transact(lambda: record_batch(store, run, [], [taken]))


def _exception(change: Change, outcome: Literal["kept", "failed"], reason: str) -> RunException:
    return RunException(customer=change.customer, customer_id=change.customer_id, outcome=outcome, reason=reason)
