"""Deleting a customer, erasing a person and bringing a deleted customer back, from their page."""

from __future__ import annotations

import streamlit as st

from kinso.models.history import TrashedCustomer
from kinso.services.history.trash import restore_customers
from kinso.ui.customers.bulk import delete_each, draw_deletion
from kinso.ui.customers.card import Deletion, at_card, close_question
from kinso.ui.customers.words import named
from kinso.ui.feedback import celebrate, failures_as_toasts
from kinso.ui.history.erasing import Erasure, draw_erasure, erase_if_confirmed
from kinso.ui.insights.figures import forget_figures
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import moment, plain


@st.dialog("Delete this customer?", icon=":material/delete:", on_dismiss=close_question)
def ask_to_delete(question: Deletion) -> None:
    """Say what that means, and ask once."""
    draw_deletion([question.customer], on_keep=close_question, on_delete=lambda: _delete(question))


@st.dialog("Erase a person for good", icon=":material/person_remove:", on_dismiss=close_question)
def ask_to_erase(question: Erasure) -> None:
    """Say what that means, and have the customer ID typed."""
    draw_erasure(question, close_question, _erase)


def draw_deleted(trashed: TrashedCustomer, context: RequestContext) -> None:
    """Instead of the page of a deleted customer: that they are, and the way back for those who may."""
    with st.container(border=True, width=640, gap="medium"):
        st.subheader(f"{named(trashed.customer)} was deleted", icon=":material/delete:", anchor=False)
        st.markdown(f"On {plain(moment(trashed.deleted_at, context.shop))} by {plain(trashed.by_name)}.")
        if context.may(restore_customers):
            st.button(
                "Restore",
                type="primary",
                icon=":material/restore_from_trash:",
                key="customer_restore",
                on_click=_restore,
                args=(trashed.id,),
            )
        else:
            st.write("A manager can restore deleted customers from the trash.")


def _delete(question: Deletion) -> None:
    with at_card() as card, failures_as_toasts():
        if card.question is question:
            card.ask(None)
            delete_each(current_context(), [question.customer])
    st.rerun()


def _erase(question: Erasure) -> None:
    with at_card() as card, failures_as_toasts():
        if card.question is question and erase_if_confirmed(question):
            card.ask(None)
    st.rerun()


def _restore(id: str) -> None:
    with failures_as_toasts():
        context = current_context()
        (restored,) = restore_customers(context.store, context.actor, [id])
        forget_figures()
        celebrate(f"{named(restored)} restored.")
