"""The database is asked in threads, so that the event loop never waits for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

Result = TypeVar("Result")
_lookups = CapacityLimiter(32)
_proofs = CapacityLimiter(4)
"""Of its own, so that a crowd of people who guess passwords cannot keep those who are signed in waiting."""


async def look_up(function: Callable[..., Result], *args: object) -> Result:
    """Run something quick."""
    return await to_thread.run_sync(lambda: function(*args), limiter=_lookups)


async def prove(function: Callable[..., Result], *args: object) -> Result:
    """Run something that hashes a password or a code."""
    return await to_thread.run_sync(lambda: function(*args), limiter=_proofs)
