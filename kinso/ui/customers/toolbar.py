"""What can be done with the list: save, discard, add, download."""

from __future__ import annotations

import streamlit as st

from kinso.models.transfer.cells import Flavour
from kinso.models.validation import LABELS
from kinso.services.customers.editing import create_customer
from kinso.services.customers.saving import save_edits
from kinso.services.membership.activation import set_membership_of_matching
from kinso.services.transfer.exports import export_customers
from kinso.ui.browser import download_link
from kinso.ui.customers.bulk import draw_actions, is_under_way
from kinso.ui.customers.columns import choose_columns
from kinso.ui.customers.filters import download_address
from kinso.ui.customers.grid_state import GridState, stored_value
from kinso.ui.customers.page_state import current_session
from kinso.ui.customers.registration import Registration
from kinso.ui.customers.saving import discard_changes, save_changes
from kinso.ui.customers.words import value_in_words
from kinso.ui.request_context import RequestContext
from kinso.ui.wording import counted

LEDGER = "/download/ledger.csv"
_FLAVOURS: tuple[tuple[Flavour, str, str], ...] = (
    ("excel", "CSV for Excel", "Opens with a double click; formulas are made harmless."),
    ("raw", "CSV with raw values", "For other programs and for importing it again."),
)


def draw_toolbar(grid: GridState, context: RequestContext) -> None:
    """Everything in one row that wraps; what the role does not allow is not offered."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if context.may(save_edits):
            _draw_saving(grid, context)
        if context.may(set_membership_of_matching):
            draw_actions(grid, context)
        if context.may(create_customer):
            st.button("Add customer", icon=":material/person_add:", key="add_customer", on_click=_add)
        if context.may(export_customers):
            _draw_download(grid)
        choose_columns()


def _draw_saving(grid: GridState, context: RequestContext) -> None:
    pending = grid.pending_count
    idle = not pending or is_under_way()
    st.button("Save", type="primary", icon=":material/save:", key="save_changes", disabled=idle, on_click=save_changes)
    st.button("Discard", icon=":material/undo:", key="discard_changes", disabled=idle, on_click=discard_changes)
    if pending:
        with st.popover(counted(pending, "unsaved change"), type="tertiary", icon=":material/edit_note:"):
            st.text(_in_words(grid, context))


def _in_words(grid: GridState, context: RequestContext) -> str:
    return "\n".join(
        f"{row.base.customer_id} · {LABELS[name]}: {value_in_words(name, stored_value(row.base, name), context.shop)}"
        f" → {value_in_words(name, value, context.shop)}"
        for row, values in grid.all_pending()
        for name, value in values.items()
    )


def _add() -> None:
    current_session().question = Registration("adding")


def _draw_download(grid: GridState) -> None:
    query = grid.view.query
    with st.popover("Download", icon=":material/download:"):
        st.caption(f"{counted(grid.total, 'customer')}, filtered and sorted as here")
        for flavour, title, text in _FLAVOURS:
            download_link(download_address(query, flavour), title, text)
        st.caption("Everyone's purchases")
        download_link(LEDGER, "Purchases as CSV", "With refunds, opening balances and adjustments; can be imported.")
