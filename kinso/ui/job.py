"""Long work in a thread of its own: whatever the person does on the page meanwhile, it is not left half done."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event, Thread

from kinso.errors import KinsoError
from kinso.services.history.runs import Progress

_UNEXPECTED = "Something went wrong on our side; nothing was changed. Try again."

logger = logging.getLogger(__name__)


class _Stopped(KinsoError):
    """Somebody stopped the job; the work takes back what it has done when this passes through it."""


class Job:
    """Work that tells how far it is; afterwards `outcome` is its sentence of success or `problem` one of failure."""

    def __init__(
        self, title: str, work: Callable[[Progress], str], *, when_stopped: str = "what was done is taken back"
    ) -> None:
        """`when_stopped` tells what becomes of work that somebody stops."""
        self.title = title
        self.when_stopped = when_stopped
        self.done, self.total = 0, 0
        self.outcome: str | None = None
        self.problem: str | None = None
        self._work = work
        self._stop = Event()
        self._thread = Thread(target=self._run, name="job", daemon=True)
        self._thread.start()

    def has_ended(self, within: float = 0.0) -> bool:
        """Whether it has ended or does so within some seconds."""
        self._thread.join(within)
        return not self._thread.is_alive()

    @property
    def is_stopping(self) -> bool:
        """Whether it was asked to stop."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Go no further than what is in hand, and take back what was done; has no effect on work that has ended."""
        self._stop.set()

    @property
    def share(self) -> float:
        """How much of it is done, from 0 to 1."""
        return min(1.0, self.done / self.total) if self.total else 0.0

    def _run(self) -> None:
        try:
            self.outcome = self._work(self._advance)
        except KinsoError as error:
            self.problem = error.message
        except Exception:
            logger.exception("A job failed: %s", self.title)
            self.problem = _UNEXPECTED

    def _advance(self, done: int, total: int) -> None:
        self.done, self.total = done, total
        if self._stop.is_set():
            raise _Stopped(f"Stopped as you asked; {self.when_stopped}.")
