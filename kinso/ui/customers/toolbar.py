"""What can be done with the list: save, discard, act on many, add, download."""

from __future__ import annotations

import streamlit as st

from kinso.models.validation import LABELS
from kinso.services.customers.editing import create_customer, delete_customer, save_edits
from kinso.services.membership.activation import set_membership_of_matching
from kinso.services.transfer.exports import Flavour, export_customers
from kinso.ui.browser import download_link, open_customer
from kinso.ui.customers.bulk import BULK
from kinso.ui.customers.filters import download_address
from kinso.ui.customers.grid_state import GridState, stored_value
from kinso.ui.customers.page_state import BulkChange, Deletion, PageSession, current_session, in_session
from kinso.ui.customers.registration import Registration
from kinso.ui.customers.saving import discard_changes, save_changes
from kinso.ui.customers.words import value_in_words
from kinso.ui.request_context import RequestContext
from kinso.ui.wording import counted, number

_ACTIONS = "customers_actions"
LEDGER = "/download/ledger.csv"
_FLAVOURS: tuple[tuple[Flavour, str, str], ...] = (
    ("excel", "CSV for Excel", "Opens with a double click; formulas are made harmless."),
    ("raw", "CSV with raw values", "For other programs and for importing it again."),
)


def draw_toolbar(session: PageSession, grid: GridState, context: RequestContext) -> None:
    """Everything in one row that wraps; what the role does not allow is not offered."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if context.may(save_edits):
            _draw_saving(session, grid, context)
        if context.may(set_membership_of_matching):
            _draw_actions(session, grid, context)
        if context.may(create_customer):
            st.button("Add customer", icon=":material/person_add:", key="add_customer", on_click=_add)
        if context.may(export_customers):
            _draw_download(grid)


def _draw_saving(session: PageSession, grid: GridState, context: RequestContext) -> None:
    pending = grid.pending_count
    idle = not pending or BULK.is_under_way
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


def _draw_actions(session: PageSession, grid: GridState, context: RequestContext) -> None:
    chosen = len(grid.selection())
    options = _options(grid, chosen, may_delete=context.may(delete_customer))
    pending = bool(grid.pending_count)
    st.menu_button(
        f"Actions · {number(chosen)} selected" if chosen else "Actions",
        list(options),
        format_func=options.__getitem__,
        icon=":material/checklist:",
        key=_ACTIONS,
        disabled=BULK.is_under_way,
        help="Bulk changes wait until your changes are saved or discarded." if pending else None,
        on_click=_act,
    )


def _options(grid: GridState, chosen: int, *, may_delete: bool) -> dict[str, str]:
    shown, selected, everyone = len(grid.rows), f"{number(chosen)} selected", f"all {number(grid.total)} in this list"
    options: dict[str, str] = {}
    if chosen == 1:
        options["details"] = "Open details"
    if chosen:
        options["members"] = f"Make {selected} members"
        options["non-members"] = f"Make {selected} non-members"
    if chosen and may_delete:
        options["delete"] = f"Delete {selected}"
    if chosen:
        options["select-none"] = "Clear selection"
    return options | {
        "select-all": f"Select all {number(shown)} shown",
        "all-members": f"Make {everyone} members",
        "all-non-members": f"Make {everyone} non-members",
    }


def _act() -> None:
    with in_session() as session:
        if session.grid is not None:
            _begin(st.session_state[_ACTIONS], session, session.grid)


def _begin(action: str | None, session: PageSession, grid: GridState) -> None:
    rows = grid.selection()
    match action:
        case "select-all":
            grid.select(grid.rows)
        case "select-none":
            grid.select([])
        case "details" if rows:
            open_customer(rows[0].base.id)
        case "delete" if rows:
            session.question = Deletion(rows)
        case "members" | "non-members" as status if rows:
            BULK.ask(BulkChange(status == "members", grid.view.query, rows))
        case "all-members" | "all-non-members" as status:
            BULK.ask(BulkChange(status == "all-members", grid.view.query))


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
