"""An import that is under way, and what became of it."""

from __future__ import annotations

import streamlit as st

from kinso.models.history import Run
from kinso.services.history.runs import get_run
from kinso.ui.history.filters import link_to_history
from kinso.ui.importing.desk import Desk, current_desk
from kinso.ui.job import Job
from kinso.ui.membership.undoing import offer_undo
from kinso.ui.progress import LOOK_AGAIN, draw_ending, watch
from kinso.ui.visit import Visit


def show_progress(desk: Desk) -> bool:
    """Draw how far the import has come; returns whether it goes on."""
    if desk.importing is None:
        return False
    if desk.importing.has_ended(within=LOOK_AGAIN):
        desk.close()
        return False
    watch(_under_way)
    return True


def show_outcome(desk: Desk, visit: Visit) -> None:
    """What became of the last import, with the way back."""
    if desk.ended is None:
        return
    run = get_run(visit.store, visit.actor, desk.run.id) if desk.run else None
    if run is None or not run.undone_by:
        draw_ending(desk.ended)
    if run is not None:
        _show_ways(run, visit)


def _show_ways(run: Run, visit: Visit) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        offer_undo(run, visit)
        link_to_history("Its changes in the history", run=run.id)


def _under_way() -> Job | None:
    return current_desk().importing
