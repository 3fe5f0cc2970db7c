"""Look-ups that many requests need at the same moment."""

from __future__ import annotations

from asyncio import Task, create_task, shield, wait
from collections.abc import Callable, Collection, Hashable
from typing import Generic, TypeVar

from anyio import CapacityLimiter, to_thread

Key = TypeVar("Key", bound=Hashable)
Found = TypeVar("Found")

_MOST_THREADS = 32
"""Of their own, so that slow lists keep nobody waiting who asks for something quick."""


class SharedLookups(Generic[Key, Found]):
    """Asks the database in a thread, once for all requests that wait for an answer to the same question.

    For each key one look-up is under way at a time. Who asks meanwhile waits for the next one, together with everybody
    else who does: it begins after they asked, so nobody is told what was true before they came. Each may name `wanted`
    things, and the look-up gets those of all of them. A crowd of requests so costs a few look-ups, and a lone request
    waits for nobody.
    """

    def __init__(self, look_up: Callable[[Key, Collection[str]], Found]) -> None:
        self._look_up = look_up
        self._latest: dict[Key, _Round[Found]] = {}
        self._threads = CapacityLimiter(_MOST_THREADS)

    async def __call__(self, key: Key, *wanted: str) -> Found:
        """What is found now; raises whatever the look-up raises."""
        latest = self._latest.get(key)
        if latest is None or latest.has_begun:
            latest = self._latest[key] = _Round(latest)
            latest.task = create_task(self._run(key, latest))
            latest.task.add_done_callback(_forget_error)
        latest.wanted.update(wanted)
        # Whoever hangs up takes nothing away from the others.
        return await shield(latest.task)

    async def _run(self, key: Key, own: _Round[Found]) -> Found:
        if own.before:
            await wait([own.before])
            own.before = None
        own.has_begun = True
        try:
            return await to_thread.run_sync(self._look_up, key, own.wanted, limiter=self._threads)
        finally:
            if self._latest[key] is own:
                del self._latest[key]


class _Round(Generic[Found]):
    task: Task[Found]

    def __init__(self, earlier: _Round[Found] | None) -> None:
        self.before = earlier.task if earlier else None
        self.wanted: set[str] = set()
        self.has_begun = False


def _forget_error(task: Task[Found]) -> None:
    """Nobody may be left to hear of it, and then asyncio would complain."""
    if not task.cancelled():
        task.exception()
