"""How far the mirror is, what it holds, and since when it was changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kinso.database.adoption_progress import AdoptionProgress


@dataclass(frozen=True)
class MirrorState:
    """`loaded` of `expected` documents are read, or adopted before that; `position` is how far it follows then."""

    is_ready: bool
    loaded: int
    expected: int
    position: int

    @property
    def share(self) -> float:
        """How much of it is loaded, from 0 to 1."""
        return min(1.0, self.loaded / self.expected) if self.expected else 0.0


@dataclass(frozen=True)
class MirrorMetrics:
    """`seconds_behind` is how long nothing has been heard from the database, which usually is a tenth of a second.

    `memory` is in bytes; `snapshot_at` is the moment that the file on disk shows, if there is one.
    """

    customers: int
    entries: int
    memory: int
    seconds_behind: float
    snapshot_at: datetime | None


def progress(state: MirrorState, adoption: AdoptionProgress) -> str:
    """What somebody is told who has to wait for it."""
    if state.is_ready:
        return "The lists are being brought up to date; please try again in a few seconds."
    if adoption.problem:
        return f"The customers of another application cannot be taken over: {adoption.problem}"
    if adoption.is_under_way:
        return (
            f"The customers of another application are being taken over ({state.loaded:,} of about"
            f" {state.expected:,}); they can be found, opened and sold to meanwhile."
        )
    share = f" ({state.loaded:,} of about {state.expected:,} records)" if state.expected else ""
    return f"The lists are being prepared{share}; customers can be found, opened and sold to meanwhile."


class Touched:
    """Which times something happened to: for figures about periods that have ended."""

    def __init__(self) -> None:
        self._latest: list[tuple[datetime, int]] = []
        """From the earliest day on that a version touched, in the order of both."""

    def note(self, since: datetime, version: int) -> None:
        """This version, the highest so far, may have changed what counts at this moment or later."""
        # By days, so that a year of purchases needs no more than a few hundred.
        day = since.replace(hour=0, minute=0, second=0, microsecond=0)
        self._latest = [*(each for each in self._latest if each[0] < day), (day, version)]

    def version_before(self, moment: datetime) -> int:
        """The highest version that may have changed what counts before this moment; 0 if there is none."""
        return max((version for day, version in self._latest if day < moment), default=0)
