"""Which process works on a run, whether it still does, and what an import that has not ended leaves open."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from kinso.database.processes import has_ended, this_process
from kinso.errors import BeingImported
from kinso.models.history import Change, Run
from kinso.repository.store import Store

_at_work: set[str] = set()


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


BEING_IMPORTED = "is in an import that has not ended yet"
"""Why a customer is left alone, as the rest of a sentence that begins with the customer."""


def being_imported(store: Store, customers: Collection[str], *, but_for: Collection[str | None] = ()) -> dict[str, str]:
    """Those of these customers (by `_id`) whom an import that has not ended wrote, with their customer IDs.

    `but_for` are runs that may go on. Whoever writes to one of these has read this within the same transaction, and
    then collides with the import where that writes to the customer at the same time.
    """
    imports = [run for run in store.import_locks.unfinished_imports() if run not in but_for]
    return store.import_locks.written_by(imports, list(customers)) if imports and customers else {}


def demand_imported(store: Store, customers: Collection[str], *, but_for: Collection[str | None] = ()) -> None:
    """Raise `BeingImported` when one of these customers (by `_id`) is in an import that has not ended."""
    for customer_id in being_imported(store, customers, but_for=but_for).values():
        raise BeingImported(customer_id)


def demand_nothing_unfinished(store: Store, changes: Sequence[Change], *, reverting: str | None = None) -> None:
    """Raise `BeingImported` when a change builds on an import that is not its own and has not ended.

    The run `reverting` may be written over, for that is how it ends.
    """
    own = {reverting, *(change.run for change in changes)}
    demand_imported(store, {change.customer for change in changes}, but_for=own)
