"""What can be done with the list: register, import, download; and what was typed into it: save or discard."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from kinso.models.transfer.cells import Flavour
from kinso.models.validation import LABELS
from kinso.services.customers.editing import create_customer
from kinso.services.transfer.customer_imports import import_customers
from kinso.services.transfer.exports import export_customers
from kinso.ui.browser import download_link
from kinso.ui.customers.bulk import is_under_way
from kinso.ui.customers.bulk_download import draw_selected_download
from kinso.ui.customers.columns import columns_of_the_file
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
_IMPORT = Path(__file__).parents[3] / "pages" / "imports.py"


def draw_toolbar(grid: GridState, context: RequestContext) -> None:
    """Beside the title; what the role does not allow is not offered."""
    if context.may(export_customers):
        _draw_download(grid, context)
    if context.may(import_customers):
        st.page_link(_IMPORT, label="Import", icon=":material/upload_file:")
    if context.may(create_customer):
        st.button(
            "Register",
            type="primary",
            icon=":material/person_add:",
            key="add_customer",
            on_click=_register,
            help="A new customer",
        )


def draw_saving(grid: GridState, context: RequestContext) -> None:
    """How many cells were typed over, in how many rows, and both answers."""
    rows = sum(1 for _ in grid.all_pending())
    busy = is_under_way()
    with st.container(key="save_bar", horizontal=True, vertical_alignment="center"):
        with st.popover(counted(grid.pending_count, "unsaved change"), type="tertiary", icon=":material/edit_note:"):
            st.text(_in_words(grid, context))
        st.markdown(f"in {counted(rows, 'row')}", width="content")
        st.button("Discard", icon=":material/undo:", key="discard_changes", disabled=busy, on_click=discard_changes)
        st.button(
            "Save",
            type="primary",
            icon=":material/save:",
            key="save_changes",
            disabled=busy,
            on_click=save_changes,
            shortcut="Ctrl+S",
        )


def _in_words(grid: GridState, context: RequestContext) -> str:
    return "\n".join(
        f"{row.base.customer_id} · {LABELS[name]}: {value_in_words(name, stored_value(row.base, name), context.shop)}"
        f" → {value_in_words(name, value, context.shop)}"
        for row, values in grid.all_pending()
        for name, value in values.items()
    )


def _register() -> None:
    current_session().question = Registration("adding")


def _draw_download(grid: GridState, context: RequestContext) -> None:
    query = grid.view.query
    with st.popover("Download", icon=":material/download:"):
        draw_selected_download(grid, context)
        st.caption(f"{counted(grid.total, 'customer')}, filtered and sorted as here")
        for flavour, title, text in _FLAVOURS:
            download_link(download_address(query, flavour, columns_of_the_file()), title, text)
        st.caption("Everyone's purchases")
        download_link(LEDGER, "Purchases as CSV", "With refunds, opening balances and adjustments; can be imported.")
