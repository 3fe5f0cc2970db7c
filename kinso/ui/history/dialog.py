"""Whether to take a change back, asked with its old and new values."""

from __future__ import annotations

import streamlit as st

from kinso.models.history import Change
from kinso.ui.customers.words import isolated
from kinso.ui.history.taking_back import Asked, draw_question, take_back
from kinso.ui.visit import current_visit

ASKED = "history_asked"


def ask_to_take_back(change: Change) -> None:
    """From a callback: have the dialog shown."""
    st.session_state[ASKED] = Asked(change)


def show_question() -> None:
    """Draw the dialog, while it is being asked; call it once, last."""
    asked: Asked | None = st.session_state.get(ASKED)
    if asked is not None:
        title = f"Take back: {isolated(asked.change.customer_id)}"
        st.dialog(title, icon=":material/undo:", on_dismiss=_keep)(_ask)(asked)


def _ask(asked: Asked) -> None:
    draw_question(asked, current_visit().shop, on_keep=_keep, on_take_back=_take_back)


def _take_back(asked: Asked) -> None:
    # A second click while the first one is at work finds nothing to do.
    if st.session_state.pop(ASKED, None) == asked:
        st.session_state[ASKED] = take_back(asked)
    st.rerun()


def _keep() -> None:
    st.session_state[ASKED] = None
    st.rerun()
