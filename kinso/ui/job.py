"""Long work in a thread of its own: whatever the person does on the page meanwhile, it is not stopped half-way."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Thread

from kinso.errors import KinsoError
from kinso.services.runs import Progress

_UNEXPECTED = "Something went wrong on our side; nothing was changed. Try again."

logger = logging.getLogger(__name__)


class Job:
    """Work that tells how far it is; afterwards `outcome` is its sentence of success or `problem` one of failure."""

    def __init__(self, title: str, work: Callable[[Progress], str]) -> None:
        self.title = title
        self.done, self.total = 0, 0
        self.outcome: str | None = None
        self.problem: str | None = None
        self._work = work
        self._thread = Thread(target=self._run, name="job", daemon=True)
        self._thread.start()

    def has_ended(self, within: float = 0.0) -> bool:
        """Whether it has ended or does so within some seconds."""
        self._thread.join(within)
        return not self._thread.is_alive()

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
