"""Bulk changes as runs: recorded before they start, done in batches, undone when they cannot be finished."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from kinso.database import connection
from kinso.database.processes import has_ended, this_process
from kinso.errors import BeingImported, Conflict, DatabaseUnavailable, NotFound, NotSignedIn
from kinso.models.accounts import SYSTEM, Actor, Permission
from kinso.models.customers import Customer
from kinso.models.history import Change, Run, RunException, RunKind, RunPage
from kinso.repository.documents import canonical_id, changed, new_id, now
from kinso.repository.store import Store
from kinso.services.history.records import (
    BEING_IMPORTED,
    being_imported,
    record_changes,
    record_of_update,
)
from kinso.services.history.reverting import revert_and_report
from kinso.services.permissions import demand, use_case

BATCH = 500
"""Customers in one transaction. From here on the time hardly depends on it: fewer cost more round trips and more waits
for the disk, and more of them keep others waiting for longer."""
SILENCE = timedelta(seconds=60)
"""A running run that has not moved for this long was interrupted: a batch takes a second at most."""

Progress = Callable[[int, int], None]
"""Called with the number of customers done and the number to do."""

Item = TypeVar("Item")

FOR_GOOD = frozenset({"bulk-erase"})
"""What can neither be undone nor rolled back: as far as such a run came, it stays."""
_BY_RULE = frozenset({"auto-activation", "demotion"})
_SWITCHED_OFF = "This account was switched off meanwhile, so what was under way is undone."
_STOPPED = "This bulk change was stopped meanwhile; start it again."
_ENDED = "This bulk change has ended already; look at the list again."
_UNFINISHED = "The bulk change was not finished"

_REPEATING = frozenset({"import", "purchases", "undo"})
"""What an undo may undo that changed a customer twice: a purchase and the membership that it began, or samples."""

logger = logging.getLogger(__name__)

_at_work: set[str] = set()


def ignore_progress(done: int, total: int) -> None:
    """For callers that do not show any."""


def ignore_run(run: Run) -> None:
    """For callers that have nothing else to write with a run."""


@use_case(Permission.READ)
def list_runs(store: Store, actor: Actor, *, limit: int = 20) -> list[Run]:
    """The latest runs, newest first."""
    return store.runs.recent(limit=limit)


@use_case(Permission.READ)
def list_run_page(store: Store, actor: Actor, *, page: int, limit: int) -> RunPage:
    """One page of all runs, newest first; a page past the end is empty."""
    total = store.runs.count()
    items = store.runs.find(page=page, limit=limit) if (page - 1) * limit < total else []
    return RunPage(items=items, page=page, limit=limit, total=total)


@use_case(Permission.READ)
def get_run(store: Store, actor: Actor, run_id: str) -> Run:
    """One run, however long ago; raises `NotFound`, also for a malformed id."""
    return existing_run(store, run_id)


@use_case(Permission.MEMBERSHIP)
def stop_run(store: Store, actor: Actor, run_id: str) -> None:
    """Let a run that is under way go no further.

    Whoever works on it undoes what it did; if nobody does any more, Kinso does so within some minutes. Runs of
    others need the permission to undo. Raises `NotFound`, and `Conflict` for a run that has ended.
    """
    run = existing_run(store, run_id)
    if run.by_id != actor.user_id:
        demand(actor, Permission.UNDO)
    if not store.runs.begin_reverting(run.id, now()):
        raise Conflict(_ENDED)


@use_case(Permission.READ)
def list_customers_of_run(store: Store, actor: Actor, run_id: str, *, limit: int = 1000) -> Sequence[str]:
    """Customer IDs that a run changed, in its order."""
    return store.changes.customers_of_run(canonical_id(run_id), limit=limit)


def may_stop(actor: Actor, run: Run) -> bool:
    """Whether to offer to stop this run; `stop_run` asks again."""
    return actor.may(Permission.UNDO) or (actor.may(Permission.MEMBERSHIP) and run.by_id == actor.user_id)


def existing_run(store: Store, run_id: str) -> Run:
    """The run with this id; raises `NotFound`, also for a malformed one."""
    run = store.runs.get(run_id)
    if run is None:
        raise NotFound("This bulk change does not exist; look at the list again.")
    return run


def new_run(actor: Actor, kind: RunKind, parameters: dict[str, Any], matched: int) -> Run:
    """A run that begins now; it is not recorded yet."""
    at = now()
    return Run(
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
        worker=this_process(),
    )


@contextmanager
def running(
    store: Store,
    actor: Actor,
    kind: RunKind,
    parameters: dict[str, Any],
    matched: int,
    *,
    on_begin: Callable[[Run], None] = ignore_run,
    on_done: Callable[[Run], None] = ignore_run,
) -> Iterator[Run]:
    """A recorded run around the batches of a bulk change; when they fail, what they did is undone.

    `on_begin` and `on_done` write in the same transaction as the beginning and the end of the run. Raises `Conflict`
    when the run was ended from elsewhere.
    """
    run = new_run(actor, kind, parameters, matched)

    def begin() -> None:
        store.runs.insert(run)
        on_begin(run)

    def end() -> None:
        if not store.runs.finish(run.id, now()):
            raise Conflict(_STOPPED)
        on_done(run)

    with at_work(run.id):
        store.transact(begin)
        try:
            yield run
        except BaseException:
            _revert_now_or_later(store, run)
            raise
        try:
            store.transact(end)
        except Conflict:
            _revert_now_or_later(store, run)
            raise


@contextmanager
def at_work(run_id: str) -> Iterator[None]:
    """While this process works on the run."""
    _at_work.add(run_id)
    try:
        yield
    finally:
        _at_work.discard(run_id)


def is_left(run: Run) -> bool:
    """Whether it is certain that nobody works on the run any more; of another machine's runs it never is."""
    if run.worker == this_process():
        return run.id not in _at_work
    return has_ended(run.worker)


def record_batch(
    store: Store,
    run: Run,
    changes: Sequence[Change],
    exceptions: Sequence[RunException] = (),
    *,
    is_free: bool = False,
) -> None:
    """Record a batch, within its transaction; for `is_free` see `record_changes`.

    Raises `Conflict` when the run was ended from elsewhere, and `NotSignedIn` when its person was switched off.
    """
    again = store.changes.customers_among(run.id, changes) if run.parameters.get("kind") in _REPEATING else set()
    record_changes(store, changes, decided_by="rule" if run.kind in _BY_RULE else "person", is_free=is_free)
    advance(store, run, len({change.customer for change in changes} - again), exceptions)


def advance(store: Store, run: Run, changed: int, exceptions: Sequence[RunException] = ()) -> None:
    """Count the customers whom a batch changed, in its transaction; raises as `record_batch` does."""
    person = store.users.by_id(run.by_id)
    if person is not None and not person.active:
        raise NotSignedIn(_SWITCHED_OFF)
    if not store.runs.advance(run.id, changed=changed, at=now(), exceptions=exceptions):
        raise Conflict(_STOPPED)


@dataclass(frozen=True)
class MembershipChange:
    """What a run does to each of its customers.

    `excluded` says whether no rule may make them members again. `applies_to` is asked in the transaction that
    changes some of them: it answers with the `_id`s of those whom the change still concerns.
    """

    status: bool
    excluded: bool
    reason: str | None
    applies_to: Callable[[Sequence[Customer]], Collection[str]]


def set_membership_of_each(
    store: Store,
    actor: Actor,
    run: Run,
    expected: Mapping[str, int | None],
    change: MembershipChange,
    on_progress: Progress = ignore_progress,
) -> int:
    """Change the membership of the customers in `expected`; returns of how many.

    Whoever is not at the expected version any more (None expects nothing), or to whom the change does not apply any
    more, is left alone and reported as an exception of the run. So is whoever is in an import that has not ended.
    """
    count = done = 0
    for batch in in_batches(expected.items()):

        def work(batch: Sequence[tuple[str, int | None]] = batch) -> int:
            found = store.customers.get_many([id for id, _ in batch])
            imported = being_imported(store, found)
            unchanged = [found[id] for id, version in batch if id in found and version in (None, found[id].version)]
            applies = change.applies_to([customer for customer in unchanged if customer.id not in imported])
            chosen = [customer for customer in unchanged if customer.id in applies]
            skipped = _skipped(batch, found, {customer.id for customer in chosen}, imported, change)
            return _set_membership(store, actor, run, chosen, change, skipped)

        count += store.transact(work)
        done += len(batch)
        on_progress(done, len(expected))
    return count


def _revert_now_or_later(store: Store, run: Run) -> None:
    # What an import changed again meanwhile can be undone once that has ended, and Kinso does so itself.
    with suppress(BeingImported):
        roll_back(store, run)


def roll_back(store: Store, run: Run) -> int:
    """Undo what an unfinished run changed, but for what was changed again since; returns how many were.

    Whom it created is not in the trash afterwards: only the history tells of them. An erasure ends with those it came
    to. It can be repeated when it was interrupted itself, and done by two processes at once. Raises `BeingImported`
    when an import that has not ended changed the same customers: it goes on when that has.
    """
    if not store.runs.begin_reverting(run.id, now()):
        return 0
    if run.kind in FOR_GOOD:
        store.runs.finish_reverting(run.id, now(), status="done")
        return 0

    def note(records: Sequence[Change], exceptions: Sequence[RunException]) -> None:
        record_changes(store, records, reverting=run.id)
        store.runs.note_reverted(run.id, now(), exceptions)

    reverted = 0
    for batch in of_different_customers(store.changes.of_run(run.id, newest_first=True)):
        reverted += revert_and_report(store, SYSTEM, batch, note, reason=_UNFINISHED, unfinished=True)

    def end() -> None:
        store.runs.release(claimed_by=run.id)
        store.runs.finish_reverting(run.id, now())

    store.transact(end)
    return reverted


def recover_interrupted(store: Store, silence: timedelta | None = None) -> int:
    """Roll back the runs that a crash left behind; returns how many were.

    `silence` is how long a run must not have moved for that, by default `SILENCE`, unless its process is known to be
    gone. One that cannot be undone is logged, for it must not keep the others, or Kinso from starting. Raises
    `DatabaseUnavailable`.
    """
    moment = now()
    silent_since = moment - (SILENCE if silence is None else silence)
    interrupted = [
        run
        for run in store.import_locks.running()
        if not silent_since <= run.heartbeat_at <= moment + SILENCE or is_left(run)
    ]
    recovered = 0
    # The later one may have built on the earlier one.
    for run in reversed(interrupted):
        try:
            with store.guarded():
                reverted = roll_back(store, run)
        except DatabaseUnavailable:
            raise
        except BeingImported:
            continue
        except Exception:
            logger.exception("Run %s was interrupted and cannot be undone; `check` names what it left.", run.id)
        else:
            recovered += 1
            logger.warning("Run %s was interrupted; the %d changes that it had made were undone.", run.id, reverted)
    return recovered


def in_batches(items: Iterable[Item]) -> Iterator[Sequence[Item]]:
    """Pieces of a size that one transaction can change."""
    return connection.in_batches(items, BATCH)


def of_different_customers(changes: Iterable[Change]) -> Iterator[Sequence[Change]]:
    """The changes in such pieces that none has two of the same customer: each builds on the one before."""
    batch: dict[str, Change] = {}
    for change in changes:
        if len(batch) == BATCH or change.customer in batch:
            yield tuple(batch.values())
            batch = {}
        batch[change.customer] = change
    if batch:
        yield tuple(batch.values())


def _skipped(
    batch: Sequence[tuple[str, int | None]],
    found: Mapping[str, Customer],
    chosen: Collection[str],
    imported: Collection[str],
    change: MembershipChange,
) -> list[RunException]:
    exceptions = []
    for id, version in batch:
        customer = found.get(id)
        if customer is None:
            exceptions.append(
                RunException(customer=id, customer_id="", outcome="skipped", reason="was deleted meanwhile")
            )
        elif id not in chosen and (version is not None or customer.membership_status is not change.status):
            reason = BEING_IMPORTED if id in imported else "was changed by someone meanwhile"
            exceptions.append(
                RunException(customer=id, customer_id=customer.customer_id, outcome="skipped", reason=reason)
            )
    return exceptions


def _set_membership(
    store: Store,
    actor: Actor,
    run: Run,
    chosen: Sequence[Customer],
    change: MembershipChange,
    skipped: Sequence[RunException],
) -> int:
    at = now()
    store.customers.set_membership(
        [customer.id for customer in chosen], at, status=change.status, excluded=change.excluded
    )
    written = {"membershipStatus": change.status, "membershipHeld": change.excluded}
    records = [
        record_of_update(actor, before, changed(before, written, at), run=run.id, reason=change.reason)
        for before in chosen
    ]
    record_batch(store, run, records, skipped, is_free=True)
    return len(chosen)
