"""Erasing a person for good: asked with a customer ID to type, because nothing can bring it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import streamlit as st

from kinso.models.customers import Customer
from kinso.models.folding import id_key
from kinso.models.history import Change
from kinso.services.history.trash import erase_person
from kinso.ui.customers.grid_state import new_serial
from kinso.ui.customers.words import isolated, named
from kinso.ui.feedback import celebrate, failures_as_toasts
from kinso.ui.history.words import as_they_were
from kinso.ui.insights.figures import forget_figures
from kinso.ui.request_context import current_context

ERASING = "erasing"


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


@dataclass
class Erasure:
    """Whether to erase this person; `problem` is why what was typed does not confirm it."""

    customer: Customer
    problem: str = ""
    serial: int = field(default_factory=new_serial)

    @property
    def key(self) -> str:
        """Of the text input."""
        return f"erasure_{self.serial}_id"


def draw_erasure(erasure: Erasure, on_keep: Callable[[], None], on_erase: Callable[[Erasure], None]) -> None:
    """Say what goes and what stays, and ask for the customer ID; within a dialog, with callbacks for both buttons."""
    customer = erasure.customer
    st.markdown(f"**{named(customer)}**")
    st.write(
        "Customer ID, name and contact are removed for good, here and in the whole history. Amounts, dates and"
        " membership stay without a name, so that the figures remain right. This cannot be undone."
    )
    with st.form(f"erasure_{erasure.serial}", border=False):
        st.text_input(f"Type the customer ID {isolated(customer.customer_id)} to confirm", key=erasure.key)
        if erasure.problem:
            st.markdown(f":red[:material/error: {erasure.problem}]")
        with st.container(horizontal=True, horizontal_alignment="right"):
            st.form_submit_button("Keep", key="erasure_keep", on_click=on_keep)
            st.form_submit_button(
                "Erase for good",
                type="primary",
                icon=":material/person_remove:",
                key="erasure_confirm",
                on_click=on_erase,
                args=(erasure,),
            )


def erase_if_confirmed(erasure: Erasure) -> bool:
    """From a callback: erase when the right ID was typed; False when it was not, which the dialog then says."""
    typed = str(st.session_state.get(erasure.key) or "")
    if id_key(typed) != id_key(erasure.customer.customer_id):
        erasure.problem = "This is not the customer ID; nothing was erased."
        return False
    context = current_context()
    alias = erase_person(context.store, context.actor, erasure.customer.id)
    forget_figures()
    celebrate(f"The person was erased for good; their figures stay under {isolated(alias)}.")
    return True
