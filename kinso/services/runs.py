"""Bulk changes as runs: recorded before they start, done in batches, taken back when they cannot be finished."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from typing import Any, TypeVar

from kinso.errors import Conflict
from kinso.models.customer import Customer
from kinso.models.run import Change, Run, RunKind
from kinso.models.user import SYSTEM, Actor, Permission
from kinso.repository.customers import changed
from kinso.repository.documents import new_id, now
from kinso.repository.store import Store
from kinso.services.access import use_case
from kinso.services.records import record_of_deletion, record_of_update

BATCH = 500
SILENCE = timedelta(seconds=60)
"""A running run that has not moved for this long was interrupted: a batch takes a second at most."""

Progress = Callable[[int, int], None]
"""Called with the number of customers done and the number to do."""

Item = TypeVar("Item")

logger = logging.getLogger(__name__)


def ignore_progress(done: int, total: int) -> None:
    """For callers that do not show any."""


@use_case(Permission.READ)
def list_runs(store: Store, actor: Actor, *, limit: int = 20) -> list[Run]:
    """The latest runs, newest first."""
    return store.runs.recent(limit=limit)


@use_case(Permission.READ)
def list_customers_of_run(store: Store, actor: Actor, run_id: str, *, limit: int = 1000) -> Sequence[str]:
    """Customer IDs that a run changed, in its order."""
    return store.changes.customers_of_run(run_id, limit=limit)


@contextmanager
def running(store: Store, actor: Actor, kind: RunKind, parameters: dict[str, Any], matched: int) -> Iterator[Run]:
    """A recorded run around the batches of a bulk change; when they fail, what they did is taken back."""
    at = now()
    run = Run(
        id=new_id(),
        kind=kind,
        status="running",
        by_id=actor.user_id,
        by_name=actor.name,
        source=actor.source,
        parameters=parameters,
        matched=matched,
        changed=0,
        started_at=at,
        heartbeat_at=at,
    )
    store.runs.insert(run)
    try:
        yield run
    except BaseException:
        roll_back(store, run)
        raise
    store.runs.finish(run.id, "done", now())


def record_batch(store: Store, run: Run, changes: Sequence[Change]) -> None:
    """Write down a batch, within its transaction; raises `Conflict` when the run was ended from elsewhere."""
    store.changes.record(changes)
    if not store.runs.advance(run.id, changed=len(changes), at=now()):
        raise Conflict("This run was stopped meanwhile; start it again.")


def set_membership_of_each(
    store: Store,
    actor: Actor,
    run: Run,
    ids: Sequence[str],
    *,
    membership_status: bool,
    still_applies: Callable[[Customer], bool],
    on_progress: Progress = ignore_progress,
) -> int:
    """Change the membership of those of `ids` to whom it still applies when their turn comes; returns how many."""
    changed = done = 0
    for batch in in_batches(ids):

        def work(batch: Sequence[str] = batch) -> int:
            found = store.customers.get_many(batch)
            chosen = [found[id] for id in batch if id in found and still_applies(found[id])]
            return _set_membership(store, actor, run, chosen, membership_status)

        changed += store.transact(work)
        done += len(batch)
        on_progress(done, len(ids))
    return changed


def roll_back(store: Store, run: Run) -> int:
    """Take back what an unfinished run changed, but for what was changed again since; returns how many were."""
    reverted = 0
    for batch in in_batches(store.changes.of_run(run.id, newest_first=True)):

        def work(batch: Sequence[Change] = batch) -> int:
            return _revert(store, batch)

        reverted += store.transact(work)
    store.runs.finish(run.id, "rolled-back", now())
    return reverted


def recover_interrupted(store: Store) -> int:
    """Roll back the runs that a crash left behind; returns how many there were."""
    interrupted = store.runs.interrupted(silent_since=now() - SILENCE)
    for run in interrupted:
        reverted = roll_back(store, run)
        logger.warning("Run %s was interrupted; the %d changes that it had made were taken back.", run.id, reverted)
    return len(interrupted)


def in_batches(items: Iterable[Item]) -> Iterator[Sequence[Item]]:
    """Pieces of a size that one transaction can change."""
    iterator = iter(items)
    while batch := tuple(islice(iterator, BATCH)):
        yield batch


def _set_membership(store: Store, actor: Actor, run: Run, chosen: Sequence[Customer], status: bool) -> int:
    at = now()
    updates = [(customer, {"membershipStatus": status}) for customer in chosen]
    if updates and store.customers.update_many(updates, at) != len(chosen):
        raise Conflict("Some of these customers were changed at the same moment; start again.")
    written = {"membership_status": status, "updated_at": at}
    after = [before.model_copy(update={**written, "version": before.version + 1}) for before in chosen]
    records = [record_of_update(actor, old, new, run=run.id) for old, new in zip(chosen, after, strict=True)]
    record_batch(store, run, records)
    return len(chosen)


def _revert(store: Store, changes: Sequence[Change]) -> int:
    at = now()
    present = store.customers.get_many([change.customer for change in changes])
    untouched = [
        (current, change)
        for change in changes
        if (current := present.get(change.customer)) and current.version == change.version
    ]
    created = [(current, change) for current, change in untouched if change.before is None]
    edited = [(current, change, change.before) for current, change in untouched if change.before is not None]
    # No count is checked: within the transaction nobody else can write to what was read in it.
    if created:
        store.customers.delete_many([current for current, _change in created])
    if edited:
        store.customers.update_many([(current, before) for current, _change, before in edited], at)
    store.changes.record(
        [
            record_of_deletion(SYSTEM, current.model_copy(update={"updated_at": at}), undoes=change.id)
            for current, change in created
        ]
    )
    store.changes.record(
        [
            record_of_update(SYSTEM, current, changed(current, before, at), undoes=change.id)
            for current, change, before in edited
        ]
    )
    return len(untouched)
