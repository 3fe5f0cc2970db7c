"""Several ways to do the same work, measured in turn, so that a busy machine slows all of them."""

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

Work = Callable[[], object]

ROUNDS = 5
BUDGET = 2000.0
"""Milliseconds after which a way is measured no more; each is at least once."""
_SLOW = 500.0
"""Milliseconds; what takes longer needs no call beforehand."""


def milliseconds(work: Work) -> float:
    """From the call to the answer."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def side_by_side(works: Mapping[str, Work], rounds: int = ROUNDS) -> dict[str, float]:
    """The median of each; the first call, which may find nothing in any cache, counts where it takes long."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for name, work in works.items():
        if (first := milliseconds(work)) > _SLOW:
            taken[name].append(first)
    for _ in range(rounds):
        for name, work in works.items():
            if sum(taken[name]) < BUDGET and len(taken[name]) < rounds:
                taken[name].append(milliseconds(work))
    return {name: statistics.median(each) for name, each in taken.items()}


def in_turn(steps: Iterable[Sequence[Work]]) -> list[float]:
    """The median of each way of work that cannot be repeated, so that every step brings some of its own."""
    taken = [[milliseconds(work) for work in step] for step in steps]
    return [statistics.median(each) for each in zip(*taken, strict=True)]


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder of this run."""
    with tempfile.TemporaryDirectory(prefix="kinso-bench-") as folder:
        yield Path(folder)


def memory_of(process: int | None = None) -> float:
    """What a process holds, in MB; without its database."""
    lines = Path(f"/proc/{process or os.getpid()}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024
