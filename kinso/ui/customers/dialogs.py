"""The one dialog that is open, if any."""

from __future__ import annotations

import streamlit as st

from kinso.ui.customers.conflicts import ask_about_conflicts
from kinso.ui.customers.grid_state import GridState
from kinso.ui.customers.page_state import Conflicts, Deletion, PageSession, current_session
from kinso.ui.customers.registration import Registration
from kinso.ui.customers.registration_form import draw_registration
from kinso.ui.customers.saving import discard_and_go_on, save_and_go_on, stay
from kinso.ui.customers.toolbar import ask_about_deletion
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import counted


def show_question(session: PageSession, grid: GridState, context: RequestContext) -> None:
    """Draw the dialog for what is being asked."""
    match session.question:
        case Conflicts() as question if grid.conflicts():
            ask_about_conflicts(question, grid, context)
        case Deletion() as question:
            ask_about_deletion(question)
        case Registration() as form if form.is_finished:
            session.question = None
        case Registration() as form:
            _add_customer(form)


def draw_open_conflicts(grid: GridState) -> None:
    """A reminder of conflicts that were put off."""
    conflicts = len(grid.conflicts())
    if conflicts:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(
                f":orange[:material/call_merge:] {counted(conflicts, 'cell')} changed by someone else too:"
                " decide whose values to keep."
            )
            st.button("Decide", key="decide_conflicts", on_click=_ask_again)


def _ask_again() -> None:
    current_session().question = Conflicts()


@st.dialog("Add customer", icon=":material/person_add:", width="medium", dismissible=False)
def _add_customer(form: Registration) -> None:
    draw_registration(form, current_context(), cancel=True)


@st.dialog("Unsaved changes", icon=":material/edit_note:", on_dismiss=stay)
def ask_before_leaving(pending: int) -> None:
    """What shall become of the changes before another list is shown."""
    verb = "is" if pending == 1 else "are"
    st.write(f"**{counted(pending, 'change')}** in this list {verb} not saved. What should happen before it is left?")
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.button("Stay", key="leaving_stay", on_click=stay)
        st.button("Discard and go on", key="leaving_discard", on_click=discard_and_go_on)
        st.button("Save and go on", key="leaving_save", type="primary", on_click=save_and_go_on)
