"""One customer with everything there is to know, and a form to change it: what the grid does, without the grid."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from kinso.models.customer import Customer
from kinso.models.run import Change
from kinso.models.shop import ShopSettings
from kinso.models.user import Permission
from kinso.models.validation import LABELS
from kinso.services.lookup import get_customers
from kinso.ui.customers.desk import Deletion, Details, at_desk, current_desk
from kinso.ui.customers.fields import draw_fields
from kinso.ui.customers.saving import save
from kinso.ui.customers.sheet import EDITABLE, Row, Sheet, stored_value
from kinso.ui.customers.words import named, value_in_words
from kinso.ui.feedback import celebrate, failures_as_toasts, warn
from kinso.ui.history.customer import draw_history, draw_membership
from kinso.ui.history.filters import HISTORY
from kinso.ui.history.taking_back import Asked, take_back
from kinso.ui.links import go_to
from kinso.ui.trash.erasing import Erasure
from kinso.ui.visit import Visit, current_visit
from kinso.ui.wording import moment, plain

_TABS = ["Details", "History", "Membership"]


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
    data, history, membership = st.tabs(_TABS, key=_key(question, "tab"), on_change="rerun")
    with data:
        # Always drawn, because what is typed into a form must not be lost by looking at another tab.
        _draw_data(question, sheet, row, visit)
    if history.open:
        with history:
            draw_history(
                customer,
                visit,
                question.undoing,
                on_ask=_ask_to_take_back,
                on_keep=_keep_change,
                on_take_back=_take_back,
                on_leave=_leave_for_history,
            )
            if question.undoing is None:
                _draw_close(visit, "details_close_history")
    if membership.open:
        with membership:
            draw_membership(customer, visit)
            _draw_close(visit, "details_close_membership")


def _draw_data(question: Details, sheet: Sheet, row: Row, visit: Visit) -> None:
    if visit.may(Permission.EDIT):
        _draw_form(question, sheet, row, visit.shop)
    else:
        for name in EDITABLE:
            with st.container(gap=None):
                st.caption(LABELS[name])
                st.text(value_in_words(name, stored_value(row.base, name), visit.shop))
    with st.container(horizontal=True):
        for permission, label, icon, key, ask in (
            (Permission.DELETE, "Delete this customer", ":material/delete:", "details_delete", _ask_to_delete),
            (Permission.ERASE, "Erase this person", ":material/person_remove:", "details_erase", _ask_to_erase),
        ):
            if visit.may(permission):
                st.button(label, icon=icon, type="tertiary", key=key, on_click=ask, args=(row,))


def _draw_close(visit: Visit, key: str) -> None:
    if visit.may(Permission.EDIT):
        with st.container(horizontal=True, horizontal_alignment="right"):
            st.button("Close", key=key, on_click=_close)


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


def _ask_to_erase(row: Row) -> None:
    current_desk().question = Erasure(row.base)
    st.rerun()


def _leave_for_history(customer: Customer) -> None:
    current_desk().question = None
    go_to(HISTORY, of=customer.id)
    st.rerun()


def _ask_to_take_back(change: Change) -> None:
    _undo(Asked(change))


def _keep_change() -> None:
    _undo(None)


def _undo(asked: Asked | None) -> None:
    desk = current_desk()
    if isinstance(desk.question, Details):
        desk.question = replace(desk.question, undoing=asked)
    st.rerun()


def _take_back(asked: Asked) -> None:
    with at_desk() as desk:
        question = desk.question
        if not isinstance(question, Details) or question.undoing != asked:
            return
        refused = take_back(asked)
        if refused is not None:
            desk.question = replace(question, undoing=refused)
        elif desk.sheet is not None:
            visit = current_visit()
            present = get_customers(visit.store, visit.actor, [question.id])
            if present:
                desk.sheet.refresh(present, present)
            else:
                desk.sheet.remove([question.id])
            # The form starts anew with what is stored now.
            desk.question = Details(question.id)
            st.session_state[_key(desk.question, "tab")] = _TABS[1]
    st.rerun()


def _key(question: Details, name: str) -> str:
    return f"details_{question.serial}_{name}"
