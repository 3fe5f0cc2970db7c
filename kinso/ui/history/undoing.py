"""Undoing a whole run: asked once with the number of customers, with progress, reported in numbers."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from kinso.models.history import Run
from kinso.services.history.runs import Progress
from kinso.services.history.undo import undo_run
from kinso.ui.customers.words import isolated
from kinso.ui.feedback import celebrate, warn
from kinso.ui.history.run_words import describe
from kinso.ui.insights.figures import forget_figures
from kinso.ui.job import LOOK_AGAIN, Job, draw_ending, watch
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import counted, number, plain

ASKED = "undo_asked"
_UNDER_WAY, _ENDED = "undo_under_way", "undo_ended"


def offer_undo(run: Run, context: RequestContext) -> None:
    """The button, for those who may and where there is something to undo."""
    if context.may(undo_run) and run.status == "done" and run.changed and not run.undone_by:
        st.button(
            "Undo this undo" if run.kind == "undo" else "Undo this run",
            icon=":material/undo:",
            key=f"undo_{run.id}",
            disabled=_UNDER_WAY in st.session_state,
            on_click=_ask,
            args=(run,),
        )


def show_undo_question() -> bool:
    """Draw the dialog, while it is being asked; returns whether it is."""
    run = st.session_state.get(ASKED)
    if run is not None:
        _confirm(run)
    return run is not None


def _keep() -> None:
    st.session_state.pop(ASKED, None)
    st.rerun()


@st.dialog("Undo a run", icon=":material/undo:", on_dismiss=_keep)
def _confirm(run: Run) -> None:
    shop = current_context().shop
    st.markdown(f"**{plain(describe(run, shop))}**, by {isolated(run.by_name)}")
    st.markdown(
        f"Take back what it did to **{counted(run.changed, 'customer')}**? What somebody changed since is kept and"
        " reported. The undo is a run of its own and can be undone as well."
    )
    if run.kind == "import":
        st.caption("Customers whom it registered go to the trash; those whom it changed get their old values again.")
    elif run.kind == "purchases":
        st.caption(
            "Customers whom it registered go to the trash, unless something was done for them since; what it added to"
            " the others is taken off again. Only sales of which money went back since stay."
        )
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.button("Keep", key="undo_keep", on_click=_keep)
        st.button(
            f"Undo for {counted(run.changed, 'customer')}",
            type="primary",
            key="undo_confirm",
            on_click=_start,
            args=(run,),
        )


def show_undo_progress() -> None:
    """How far an undo has come, until it has ended; then what became of it."""
    job = st.session_state.get(_UNDER_WAY)
    if job is not None:
        if not job.has_ended(within=LOOK_AGAIN):
            watch(_under_way)
            return
        _close(job)
    _show_result()


def _show_result() -> None:
    job = st.session_state.get(_ENDED)
    if job is not None:
        draw_ending(job)


def forget_undo() -> None:
    """Something else is done now; what was undone before is listed under the recent runs."""
    st.session_state.pop(_ENDED, None)


def report_in_words(undo: Run) -> str:
    """`Taken back 34 · kept 2 because changed since · failed 0`."""
    outcomes = Counter(each.outcome for each in undo.exceptions)
    if undo.exception_count > len(undo.exceptions):
        rest = f"left {number(undo.exception_count)} as they are; the run lists the first of them with the reasons"
    else:
        rest = f"kept {number(outcomes['kept'])} because changed since · failed {number(outcomes['failed'])}"
    return f"Taken back {number(undo.changed)} · {rest}"


def _ask(run: Run) -> None:
    st.session_state[ASKED] = run
    st.rerun()


def _start(run: Run) -> None:
    if st.session_state.pop(ASKED, None) is not None and _UNDER_WAY not in st.session_state:
        forget_undo()
        st.session_state[_UNDER_WAY] = _begin(run, current_context())
    st.rerun()


def _begin(run: Run, context: RequestContext) -> Job:
    def work(on_progress: Progress) -> str:
        try:
            return report_in_words(undo_run(context.store, context.actor, run.id, on_progress=on_progress))
        finally:
            forget_figures()

    return Job("Undoing", work)


def _under_way() -> Job | None:
    job: Job | None = st.session_state.get(_UNDER_WAY)
    return job


def _close(job: Job) -> None:
    del st.session_state[_UNDER_WAY]
    st.session_state[_ENDED] = job
    if job.outcome:
        celebrate(plain(job.outcome))
    else:
        warn("The run was not undone.")
