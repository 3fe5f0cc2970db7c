"""Deleted customers as a table, what can be done with them, and erasing a person for good."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zlib import crc32

import pandas as pd
import streamlit as st

from kinso.errors import DatabaseUnavailable, DuplicateCustomerId, KinsoError, NotSignedIn
from kinso.models.customers import Customer
from kinso.models.fields import FIELDS
from kinso.models.history import Change, TrashedCustomer
from kinso.models.shop import ShopSettings
from kinso.models.text import id_key
from kinso.models.validation import LABELS
from kinso.services.history.trash import erase_person, restore_customers
from kinso.ui.customers.grid_state import new_serial
from kinso.ui.customers.words import isolated, named
from kinso.ui.feedback import celebrate, failures_as_toasts
from kinso.ui.history.words import as_they_were
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import counted, currency_symbol, listed, membership, plain

SELECTED = "Select"
ERASING = "erasing"
REFUSAL = "trash_refusal"
"""In the session: which customers were not restored and why, and the person who is to be erased."""
_PERSONAL = listed([field.label for field in FIELDS if field.personal])
_ROW, _HEAD, _MOST_ROWS = 35, 36, 15


@dataclass
class Erasure:
    """Whether to erase this person; `problem` is why what was typed does not confirm it."""

    customer: Customer
    problem: str = ""
    serial: int = dataclasses.field(default_factory=new_serial)

    @property
    def key(self) -> str:
        """Of the text input."""
        return f"erasure_{self.serial}_id"


def draw_toolbar(chosen: Sequence[TrashedCustomer], context: RequestContext) -> None:
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
        if context.may(erase_person):
            st.button(
                "Erase personal data",
                icon=":material/person_remove:",
                key="trash_erase",
                disabled=len(chosen) != 1,
                help="Tick one customer to erase their personal data for good.",
                on_click=_ask_about_ticked,
                args=(tuple(chosen),),
            )
    asked, refusal = st.session_state.get(REFUSAL) or ((), "")
    if chosen and _ids(chosen) == asked:
        st.error(refusal, icon=":material/error:")


def draw_table(items: Sequence[TrashedCustomer], context: RequestContext, at: datetime) -> None:
    """The last deleted first; only the boxes can be changed."""
    column, frame = st.column_config, frame_of(items, context.shop, at)
    st.data_editor(
        frame,
        hide_index=True,
        disabled=[str(name) for name in frame if name != SELECTED],
        height=_HEAD + _ROW * min(len(items), _MOST_ROWS) + 2,
        row_height=_ROW,
        key=table_key(items),
        alt="Deleted customers",
        column_config={
            SELECTED: column.CheckboxColumn(SELECTED, width=84),
            LABELS["customerId"]: column.TextColumn(width=125),
            LABELS["customerName"]: column.TextColumn(width=185),
            "Deleted": column.DatetimeColumn(width=150, format="D MMM YYYY, HH:mm", timezone=context.shop.time_zone),
            "Deleted by": column.TextColumn(width=150),
            "Removed for good": column.TextColumn(width=140),
            LABELS["contactInfo"]: column.TextColumn(width=205),
            LABELS["purchaseAmount"]: column.NumberColumn(
                f"{LABELS['purchaseAmount']} ({currency_symbol(context.shop)})", width=175, format="%,.2f"
            ),
            LABELS["membershipStatus"]: column.TextColumn(width=110),
        },
    )


def table_key(items: Sequence[TrashedCustomer]) -> str:
    """The widget's key: ticks go by the place of a row, so other rows are another table."""
    return f"trash_table_{crc32(' '.join(item.id for item in items).encode())}"


def frame_of(items: Sequence[TrashedCustomer], shop: ShopSettings, at: datetime) -> pd.DataFrame:
    """One row for each deleted customer, as they were."""
    customers = [item.customer for item in items]
    return pd.DataFrame(
        {
            SELECTED: [False] * len(items),
            LABELS["customerId"]: [customer.customer_id for customer in customers],
            LABELS["customerName"]: [customer.customer_name for customer in customers],
            "Deleted": pd.to_datetime([item.deleted_at for item in items], utc=True),
            "Deleted by": [item.by_name for item in items],
            "Removed for good": [time_left(item, shop, at) for item in items],
            LABELS["contactInfo"]: [customer.contact_info for customer in customers],
            LABELS["purchaseAmount"]: [float(customer.purchase_amount) for customer in customers],
            LABELS["membershipStatus"]: [membership(customer.membership_status) for customer in customers],
        }
    )


def time_left(item: TrashedCustomer, shop: ShopSettings, at: datetime) -> str:
    """`in 12 days`, counted from `at` and rounded up."""
    left = item.deleted_at + timedelta(days=shop.trash_days) - at
    if left > timedelta(days=1):
        return f"in {counted(-(-left // timedelta(days=1)), 'day')}"
    return "within a day" if left > timedelta(0) else "within the hour"


def ticked(items: Sequence[TrashedCustomer]) -> list[TrashedCustomer]:
    """The deleted customers whose boxes are ticked."""
    edited = st.session_state.get(table_key(items), {}).get("edited_rows", {})
    chosen = {int(place) for place, values in edited.items() if values.get(SELECTED)}
    return [item for place, item in enumerate(items) if place in chosen]


def ask_to_erase(change: Change) -> None:
    """From a callback: have the dialog shown for the person whom this deletion tells of."""
    st.session_state[ERASING] = Erasure(as_they_were(change))


def show_erasure() -> bool:
    """Draw the dialog, while it is being asked; returns whether it is."""
    asked = st.session_state.get(ERASING) is not None
    if asked:
        _ask()
    return asked


def draw_erasure(erasure: Erasure, on_keep: Callable[[], None], on_erase: Callable[[Erasure], None]) -> None:
    """Say what goes and what stays, and ask for the customer ID; within a dialog, with callbacks for both buttons."""
    customer = erasure.customer
    st.markdown(f"**{named(customer)}**")
    st.write(
        f"{_PERSONAL} are removed for good, here and in the whole history. Amounts, dates and membership stay without a"
        " name, so that the figures remain right. This cannot be undone."
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
    celebrate(f"The personal data was erased for good; the figures stay under {isolated(alias)}.")
    return True


def _ask_about_ticked(chosen: Sequence[TrashedCustomer]) -> None:
    st.session_state[ERASING] = Erasure(chosen[0].customer) if chosen else None


def _restore(chosen: Sequence[TrashedCustomer]) -> None:
    context, ids = current_context(), _ids(chosen)
    try:
        restored = restore_customers(context.store, context.actor, ids)
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
        who = named(restored[0]) if len(restored) == 1 else counted(len(restored), "customer")
        celebrate(f"{who} restored.")


def _ids(chosen: Sequence[TrashedCustomer]) -> tuple[str, ...]:
    return tuple(item.id for item in chosen)


def _keep() -> None:
    st.session_state[ERASING] = None
    st.rerun()


@st.dialog("Erase personal data", icon=":material/person_remove:", on_dismiss=_keep)
def _ask() -> None:
    draw_erasure(st.session_state[ERASING], _keep, _erase)


def _erase(erasure: Erasure) -> None:
    with failures_as_toasts():
        if st.session_state.get(ERASING) is erasure and not erase_if_confirmed(erasure):
            return
    st.session_state[ERASING] = None
    st.rerun()
