"""How far the mirror is, and what it holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


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
