"""Use cases about what happened to customers, and taking a single change back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from kinso.errors import Conflict, DuplicateSaleId, NotFound
from kinso.models.accounts import Actor, Permission
from kinso.models.history import Change, HistoryPage, HistoryQuery, Run
from kinso.models.transfer.cells import escape_formula
from kinso.repository.store import Store
from kinso.services.history.records import record_changes
from kinso.services.history.reverting import revert, revert_and_report, reverted
from kinso.services.history.runs import (
    Progress,
    existing_run,
    ignore_progress,
    ignore_run,
    of_different_customers,
    record_batch,
    running,
)
from kinso.services.permissions import demand, use_case
from kinso.services.purchases.ledger import PURCHASES
from kinso.services.shop.settings import in_the_shops_time
from kinso.services.transfer.exports import Flavour, moment_for, started, stream_csv

COLUMNS = ("at", "customerId", "kind", "field", "before", "after", "by", "source", "reason", "run")
HIDDEN = frozenset({"membershipHeld", "createdAt"})
"""Recorded for taking changes back; nothing that people enter."""


@use_case(Permission.READ)
def list_history(store: Store, actor: Actor, query: HistoryQuery, *, page: int, limit: int) -> HistoryPage:
    """One page of changes, newest first."""
    query = in_the_shops_time(store, query)
    total = store.changes.count(query)
    items = store.changes.find(query, page=page, limit=limit) if (page - 1) * limit < total else []
    return HistoryPage(items=items, page=page, limit=limit, total=total)


@use_case(Permission.READ)
def find_reverted(store: Store, actor: Actor, changes: Sequence[Change]) -> set[str]:
    """The ids of those of `changes` that were taken back already, as far as the clock was right."""
    return reverted(store.changes.undoing(changes)) & {change.id for change in changes}


@use_case(Permission.READ)
def list_people_in_history(store: Store, actor: Actor) -> list[str]:
    """The names of everyone who ever changed a customer."""
    return store.changes.names_of_people()


@use_case(Permission.EXPORT)
def export_history(store: Store, actor: Actor, query: HistoryQuery, flavour: Flavour = "excel") -> Iterator[bytes]:
    """The whole result as a CSV file, one row for each field that changed; flavours are those of all exports."""
    return started(_history_file(store, in_the_shops_time(store, query), flavour))


@use_case(Permission.EDIT)
def revert_change(store: Store, actor: Actor, change_id: str) -> Change:
    """Take one change back, as a new change; raises `Conflict` when somebody changed the same fields since.

    Bringing a deleted customer back needs the permission to restore, taking a registration back the one to delete, and
    taking a purchase or a refund back the one to record them.
    """
    change = store.changes.get(change_id)
    if change is None:
        raise NotFound("This change does not exist any more; look at the history again.")
    if change.kind == "erase":
        raise Conflict("What was erased is gone for good; nothing can bring it back.")
    if change.kind in PURCHASES:
        demand(actor, Permission.PURCHASES)
    if change.after is None:
        demand(actor, Permission.RESTORE)
    elif change.before is None:
        demand(actor, Permission.DELETE)
    elif "membershipStatus" in change.before:
        demand(actor, Permission.MEMBERSHIP)

    def work() -> Change:
        records, kept = revert(store, actor, [change])
        if kept:
            raise Conflict(f"This was not taken back: customer {change.customer_id} {kept[0].reason}.")
        record_changes(store, records)
        return records[0]

    try:
        return store.transact(work)
    except DuplicateSaleId as error:
        raise Conflict(
            f"This was not taken back: sale “{error.sale_id}” was recorded again since; take that purchase back first."
        ) from error


def _history_file(store: Store, query: HistoryQuery, flavour: Flavour) -> Iterator[bytes]:
    with store.guarded():
        zone = store.shop.get().zone
        rows = (row for change in store.changes.iterate(query) for row in _rows(change, zone, flavour))
        yield from stream_csv(COLUMNS, rows, flavour)


def _rows(change: Change, zone: ZoneInfo, flavour: Flavour) -> Iterator[list[str]]:
    before, after = change.before or {}, change.after or {}
    at = moment_for(flavour, change.at, zone)
    # What changed nothing that people enter, such as an erasure, is told as well.
    for field in [name for name in {**before, **after} if name not in HIDDEN] or [""]:
        texts = [change.customer_id, change.kind, field, _written(before, field), _written(after, field)]
        texts += [change.by_name, change.source, change.reason or "", change.run or ""]
        yield [at, *(escape_formula(text) if flavour == "excel" else text for text in texts)]


def _written(side: Mapping[str, Any], field: str) -> str:
    value = side.get(field, "")
    return str(value).lower() if isinstance(value, bool) else str(value)


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
