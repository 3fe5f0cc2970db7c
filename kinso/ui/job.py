"""Long work in a thread of its own, and on screen: how far it has come, and the way to stop it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event, Thread

import streamlit as st

from kinso.errors import KinsoError
from kinso.services.history.runs import Progress
from kinso.ui.wording import number, plain

LOOK_AGAIN = 0.5
"""Seconds."""
_UNEXPECTED = "Something went wrong on our side; nothing was changed. Try again."

logger = logging.getLogger(__name__)


class _Stopped(KinsoError):
    """Somebody stopped the job; the work undoes what it has done when this passes through it."""


class Job:
    """Work that tells how far it is; afterwards `outcome` is its sentence of success or `problem` one of failure."""

    def __init__(
        self, title: str, work: Callable[[Progress], str], *, when_stopped: str = "what was done is undone"
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
        """End before the next batch, and undo what was done; has no effect on work that has ended."""
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


@st.fragment(run_every=LOOK_AGAIN)
def watch(find: Callable[[], Job | None]) -> None:
    """Show the job that `find` finds until it has ended; then the page is drawn anew."""
    job = find()
    if job is None or job.has_ended():
        st.rerun()
    so_far = f"{number(job.done)} of {number(job.total)}"
    text = f"Stopping: {job.when_stopped}" if job.is_stopping else f"{job.title}: {so_far}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.progress(job.share, text=text)
        st.button(
            "Stop",
            icon=":material/stop_circle:",
            key=f"stop_{job.title}",
            help=f"Stop; {job.when_stopped}",
            disabled=job.is_stopping,
            on_click=job.stop,
        )


def draw_ending(job: Job) -> None:
    """The sentence that a job left."""
    if job.outcome:
        st.success(plain(job.outcome), icon=":material/check_circle:")
    else:
        st.error(plain(job.problem or ""), icon=":material/error:")
