"""The question whose values to keep where two people changed the same cells of the list."""

from __future__ import annotations

import streamlit as st

from kinso.ui.customers.contested import Contested, draw_contested
from kinso.ui.customers.desk import Conflicts, current_desk
from kinso.ui.customers.saving import settle
from kinso.ui.customers.sheet import Sheet
from kinso.ui.visit import Visit


def _put_off() -> None:
    current_desk().question = None
    st.rerun()


@st.dialog("Changed by someone else too", icon=":material/call_merge:", width="medium", on_dismiss=_put_off)
def ask_about_conflicts(question: Conflicts, sheet: Sheet, visit: Visit) -> None:
    """Let the person choose for each cell; nothing of theirs is overwritten before."""
    contested = [Contested(row, conflict, sheet.pending(row)[conflict.field]) for row, conflict in sheet.conflicts()]
    draw_contested(question.serial, contested, visit.shop, on_put_off=_put_off, on_apply=settle)
