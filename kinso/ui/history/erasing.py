"""Erasing a person of whom only the history, or the trash, tells any more."""

from __future__ import annotations

import streamlit as st

from kinso.models.history import Change
from kinso.ui.feedback import failures_as_toasts
from kinso.ui.history.words import as_they_were
from kinso.ui.trash.erasing import Erasure, draw_erasure, erase_if_confirmed

ERASING = "history_erasing"


def ask_to_erase(change: Change) -> None:
    """From a callback: have the dialog shown for the person whom this deletion tells of."""
    st.session_state[ERASING] = Erasure(as_they_were(change))


def show_erasure() -> bool:
    """Draw the dialog, while it is being asked; returns whether it is."""
    asked = st.session_state.get(ERASING) is not None
    if asked:
        _ask()
    return asked


def _keep() -> None:
    st.session_state[ERASING] = None
    st.rerun()


@st.dialog("Erase a person for good", icon=":material/person_remove:", on_dismiss=_keep)
def _ask() -> None:
    draw_erasure(st.session_state[ERASING], _keep, _erase)


def _erase(erasure: Erasure) -> None:
    with failures_as_toasts():
        if st.session_state.get(ERASING) is erasure and not erase_if_confirmed(erasure):
            return
    st.session_state[ERASING] = None
    st.rerun()
