"""Erasing a person for good, from their details."""

from __future__ import annotations

import streamlit as st

from kinso.services.lookup import get_customers
from kinso.ui.customers.desk import at_desk, current_desk
from kinso.ui.feedback import failures_as_toasts
from kinso.ui.trash.erasing import Erasure, draw_erasure, erase_if_confirmed
from kinso.ui.visit import current_visit


def _keep() -> None:
    current_desk().question = None
    st.rerun()


@st.dialog("Erase a person for good", icon=":material/person_remove:", on_dismiss=_keep)
def ask_about_erasure(question: Erasure) -> None:
    """Say what that means, and have the customer ID typed."""
    draw_erasure(question, _keep, _erase)


def _erase(question: Erasure) -> None:
    with at_desk() as desk, failures_as_toasts():
        if desk.question is question and not erase_if_confirmed(question):
            return
        desk.question = None
        if desk.sheet is not None and (row := desk.sheet.find(question.customer.id)):
            visit = current_visit()
            desk.sheet.type_over(row, {})
            present = get_customers(visit.store, visit.actor, [row.base.id])
            desk.sheet.refresh([row.base.id], present)
    st.rerun()
