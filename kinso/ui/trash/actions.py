"""What can be done with deleted customers: bring some back, erase one for good."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from kinso.errors import DatabaseUnavailable, DuplicateCustomerId, KinsoError, NotSignedIn
from kinso.models.accounts import Permission
from kinso.models.history import TrashedCustomer
from kinso.services.history.trash import restore_customers
from kinso.ui.customers.words import isolated, named
from kinso.ui.feedback import celebrate, failures_as_toasts
from kinso.ui.figures import forget_figures
from kinso.ui.trash.erasing import Erasure, draw_erasure, erase_if_confirmed
from kinso.ui.visit import Visit, current_visit
from kinso.ui.wording import counted, plain

REFUSAL, ERASING = "trash_refusal", "trash_erasing"
"""In the session: which customers were not restored and why, and the person who is to be erased."""


def draw_toolbar(chosen: Sequence[TrashedCustomer], visit: Visit) -> None:
    """The buttons for the ticked rows, and why the last attempt was refused."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            f"Restore {counted(len(chosen), 'customer')}" if chosen else "Restore",
            type="primary",
            icon=":material/restore_from_trash:",
            key="trash_restore",
            disabled=not chosen,
            on_click=_restore,
            args=(tuple(chosen),),
        )
        if visit.may(Permission.ERASE):
            st.button(
                "Erase person",
                icon=":material/person_remove:",
                key="trash_erase",
                disabled=len(chosen) != 1,
                help="Tick one customer to erase the person for good.",
                on_click=_ask_to_erase,
                args=(tuple(chosen),),
            )
    asked, refusal = st.session_state.get(REFUSAL) or ((), "")
    if chosen and _ids(chosen) == asked:
        st.error(refusal, icon=":material/error:")


def show_erasure() -> None:
    """Draw the dialog, while it is being asked; call it once, last."""
    if st.session_state.get(ERASING) is not None:
        _ask()


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


def _ask_to_erase(chosen: Sequence[TrashedCustomer]) -> None:
    st.session_state[ERASING] = Erasure(chosen[0].customer) if chosen else None


def _restore(chosen: Sequence[TrashedCustomer]) -> None:
    visit, ids = current_visit(), _ids(chosen)
    try:
        restored = restore_customers(visit.store, visit.actor, ids)
    except (NotSignedIn, DatabaseUnavailable):
        raise
    except DuplicateCustomerId as error:
        refusal = (
            f"Nobody was restored: another customer has the ID “{isolated(error.customer_id)}” now. Give that customer"
            " another ID first, or restore the others only."
        )
        st.session_state[REFUSAL] = (ids, refusal)
    except KinsoError as error:
        st.session_state[REFUSAL] = (ids, f"Nobody was restored. {plain(error.message)}")
    else:
        forget_figures()
        who = named(restored[0]) if len(restored) == 1 else counted(len(restored), "customer")
        celebrate(f"{who} restored.")


def _ids(chosen: Sequence[TrashedCustomer]) -> tuple[str, ...]:
    return tuple(item.id for item in chosen)
