"""The one dialog of the customers page that is open, if any."""

from __future__ import annotations

import streamlit as st

from kinso.ui.customers.dialogs import ask_about_conflicts
from kinso.ui.customers.grid_state import GridState
from kinso.ui.customers.page_state import Conflicts, OpenCustomer, PageSession
from kinso.ui.customers.panel import show_panel
from kinso.ui.customers.registration import Registration
from kinso.ui.customers.registration_form import draw_registration
from kinso.ui.request_context import RequestContext, current_context


def show_question(session: PageSession, grid: GridState, context: RequestContext) -> None:
    """Draw the dialog for what is being asked."""
    match session.question:
        case Conflicts() as question if grid.conflicts():
            ask_about_conflicts(question, grid, context)
        case OpenCustomer() as question:
            show_panel(question, context)
        case Registration() as form if form.is_finished:
            session.question = None
        case Registration() as form:
            _register(form)


@st.dialog("Register a customer", icon=":material/person_add:", width="medium", dismissible=False)
def _register(form: Registration) -> None:
    draw_registration(form, current_context(), cancel=True)
