"""Which process works on a run, and whether it still does."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from kinso.models.run import Run

_TOKEN = uuid.uuid4().hex
_at_work: set[str] = set()


def this_worker() -> str:
    """What a run is marked with while this process works on it."""
    return f"{_place()} {os.getpid()} {_TOKEN}"


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
    if run.worker == this_worker():
        return run.id not in _at_work
    place, _, process = run.worker.partition(" ")
    number = process.partition(" ")[0]
    if not place or place != _place() or not number.isdecimal():
        return False
    # A process with our own number was another one, before a restart.
    return int(number) == os.getpid() or not _exists(int(number))


@cache
def _place() -> str:
    """Where process numbers mean the same as here, until the next start of the machine; nothing where that is unknown.

    Containers may share everything else, their names included, but number their processes each for themselves.
    """
    if sys.platform != "linux":
        return ""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
