"""Long work on screen: how far it has come, the way to stop it, and what became of it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from kinso.ui.job import Job
from kinso.ui.wording import number, plain

LOOK_AGAIN = 0.5
"""Seconds."""


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
