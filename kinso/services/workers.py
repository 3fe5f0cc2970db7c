"""Which process works on a run, and whether it still does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kinso.database.processes import has_ended, this_process
from kinso.models.history import Run

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
