"""Stopping a run that is under way, whoever works on it and wherever."""

from __future__ import annotations

import streamlit as st

from kinso.models.accounts import Permission
from kinso.models.history import Run
from kinso.services.history.runs import stop_run
from kinso.ui.feedback import celebrate, failures_as_toasts
from kinso.ui.visit import Visit, current_visit


def offer_stop(run: Run, visit: Visit) -> None:
    """The button with its question, for those who may and while there is something to stop."""
    may = visit.may(Permission.UNDO) or (visit.may(Permission.MEMBERSHIP) and run.by_id == visit.user.id)
    if run.status != "running" or not may:
        return
    with st.popover("Stop", icon=":material/stop_circle:"):
        st.write("Stop this run, and take back what it has done so far?")
        st.button("Stop and take back", type="primary", key=f"stop_{run.id}", on_click=_stop, args=(run,))


def _stop(run: Run) -> None:
    visit = current_visit()
    with failures_as_toasts():
        stop_run(visit.store, visit.actor, run.id)
        celebrate("The run goes no further; what it did is being taken back.")
    st.rerun()
