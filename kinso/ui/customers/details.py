"""One customer with everything there is to know, and a form to change it: what the grid does, without the grid."""

from __future__ import annotations

import streamlit as st

from kinso.models.history import HistoryQuery
from kinso.models.shop import ShopSettings
from kinso.models.user import Permission
from kinso.models.validation import LABELS
from kinso.services.history import list_history
from kinso.services.lookup import get_customers
from kinso.ui.customers.desk import Deletion, Details, at_desk, current_desk
from kinso.ui.customers.fields import draw_fields
from kinso.ui.customers.saving import save
from kinso.ui.customers.sheet import EDITABLE, Row, Sheet, stored_value
from kinso.ui.customers.words import change_in_words, named, value_in_words
from kinso.ui.feedback import celebrate, failures_as_toasts, warn
from kinso.ui.visit import Visit, current_visit
from kinso.ui.wording import moment, plain

_CHANGES = 10


def open_details_clicked(click: str) -> None:
    """From the grid's callback: `click` is the key that tells which row's button it was."""
    sheet = current_desk().sheet
    row = sheet.row_at(st.session_state[click]["row"]) if sheet else None
    if row is not None:
        open_details(row)


def open_details(row: Row) -> None:
    """From a callback: have the dialog shown, with what is stored now."""
    with at_desk() as desk, failures_as_toasts():
        if desk.sheet is None:
            return
        visit = current_visit()
        present = get_customers(visit.store, visit.actor, [row.base.id])
        if not present:
            warn(f"{named(row.base)} was deleted by someone else meanwhile.")
        elif present[row.base.id].version != row.base.version:
            desk.sheet.refresh(present, present)
        desk.question = Details(row.base.id) if present else None


def show_details(question: Details, sheet: Sheet, visit: Visit) -> None:
    """Draw the dialog, while its customer is on the sheet."""
    row = sheet.find(question.id)
    if row is None:
        current_desk().question = None
        return
    may_edit = visit.may(Permission.EDIT)
    dialog = st.dialog(named(row.base), width="medium", dismissible=not may_edit, on_dismiss=_close)
    dialog(_draw)(question, sheet, row, visit)


def _draw(question: Details, sheet: Sheet, row: Row, visit: Visit) -> None:
    customer, shop = row.base, visit.shop
    registered, changed = (plain(moment(at, shop)) for at in (customer.created_at, customer.updated_at))
    st.caption(f"Registered {registered} · last change {changed}")
    if visit.may(Permission.EDIT):
        _draw_form(question, sheet, row, shop)
    else:
        for name in EDITABLE:
            st.caption(LABELS[name])
            st.text(value_in_words(name, stored_value(customer, name), shop))
    with st.expander(
        "Latest changes", icon=":material/history:", key=f"history_{question.serial}", on_change="rerun"
    ) as history:
        if history.open:
            changes = list_history(
                visit.store, visit.actor, HistoryQuery(customer=customer.id), page=1, limit=_CHANGES
            ).items
            st.text("\n".join(change_in_words(change, shop) for change in changes) or "None are recorded.")
    if visit.may(Permission.DELETE):
        st.button(
            "Delete this customer",
            icon=":material/delete:",
            type="tertiary",
            key="details_delete",
            on_click=_ask_to_delete,
            args=(row,),
        )


def _draw_form(question: Details, sheet: Sheet, row: Row, shop: ShopSettings) -> None:
    pending = sheet.pending(row)
    if pending:
        st.caption(":material/edit_note: Includes your unsaved changes from the grid.")
    errors = {name: problem.message for name, problem in row.problems.items()}
    values = {name: pending.get(name, stored_value(row.base, name)) for name in EDITABLE}
    with st.form(f"details_{question.serial}_form", border=False):
        draw_fields(lambda name: _key(question, name), errors, shop, values=values)
        with st.container(horizontal=True, horizontal_alignment="right"):
            st.form_submit_button("Close", key="details_close", on_click=_close)
            st.form_submit_button("Save", key="details_save", type="primary", on_click=_save, args=(question,))


def _save(question: Details) -> None:
    with at_desk() as desk, failures_as_toasts():
        sheet = desk.sheet
        row = sheet.find(question.id) if sheet else None
        if sheet is None or row is None or desk.question is not question:
            return
        sheet.type_over(row, {name: st.session_state.get(_key(question, name)) for name in EDITABLE})
        edits = [edit for edit in sheet.edits() if edit.before.id == question.id]
        if not edits:
            celebrate("There was nothing to save.")
        report = save(desk, edits)
        if desk.question is question and (report is None or report.is_complete):
            desk.question = None
    st.rerun()


def _close() -> None:
    current_desk().question = None
    st.rerun()


def _ask_to_delete(row: Row) -> None:
    current_desk().question = Deletion([row])
    st.rerun()


def _key(question: Details, name: str) -> str:
    return f"details_{question.serial}_{name}"
