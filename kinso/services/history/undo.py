"""Taking a whole run back, later."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from kinso.errors import Conflict
from kinso.models.accounts import Actor, Permission
from kinso.models.history import Run
from kinso.repository.store import Store
from kinso.services.history.reverting import revert_and_report
from kinso.services.history.runs import (
    Progress,
    existing_run,
    ignore_progress,
    ignore_run,
    of_different_customers,
    record_batch,
    running,
)
from kinso.services.permissions import use_case

_UNDONE = "This run was undone already; undo that undo to bring it back."


@use_case(Permission.UNDO)
def undo_run(
    store: Store,
    actor: Actor,
    run_id: str,
    *,
    on_progress: Progress = ignore_progress,
    on_done: Callable[[Run], None] = ignore_run,
) -> Run:
    """Take back what a run changed, as a run of its own, which can be undone like any other.

    What somebody changed since is kept, and named in the new run together with what could not be taken back. `on_done`
    writes in the transaction that ends the run. Raises `NotFound`, and `Conflict` for a run that is not done or was
    undone already.
    """
    original = _undoable(store, run_id)
    parameters = {"undoes": original.id, "kind": original.kind}
    reason = f"Undo of the {original.kind} run by {original.by_name}"

    def claim(run: Run) -> None:
        if not store.runs.claim(original.id, by=run.id):
            raise Conflict(_UNDONE)

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
            revert_and_report(store, actor, batch, partial(record_batch, store, run), run=run.id, reason=reason)
            done = min(done + len(batch), original.changed)
            on_progress(done, original.changed)
    return store.runs.get(run.id) or run


def _undoable(store: Store, run_id: str) -> Run:
    run = existing_run(store, run_id)
    if run.status != "done":
        raise Conflict("Only a run that is done can be undone.")
    if run.undone_by:
        raise Conflict(_UNDONE)
    return run


def _put_out_of_force(store: Store, run: Run | None) -> None:
    """What an undo took back is in force again, once the undo is undone; and so on, when that was an undo itself."""
    while run and run.kind == "undo":
        store.runs.release(claimed_by=run.id)
        again = store.runs.get(run.parameters["undoes"])
        if again is None or again.kind != "undo":
            return
        store.runs.claim(again.parameters["undoes"], by=again.id)
        run = store.runs.get(again.parameters["undoes"])
