"""Changing the facts of a customer, with the same rules as in the list: nothing that others saved is overwritten."""

from __future__ import annotations

import streamlit as st

from kinso.models.customers import Customer, CustomerEdit
from kinso.services.customers.editing import save_edits
from kinso.ui.customer.card import Card, Editing, at_card, close_question
from kinso.ui.customers.contested import Choices, Contested, draw_contested
from kinso.ui.customers.fields import draw_fields
from kinso.ui.customers.outcomes import apply_outcome, decide_row
from kinso.ui.customers.saving import tell_of
from kinso.ui.customers.sheet import EDITABLE
from kinso.ui.customers.words import named
from kinso.ui.drafts import keep_while_typed, place_at
from kinso.ui.feedback import celebrate, failures_as_toasts, warn
from kinso.ui.still_members import tell_of_members_below
from kinso.ui.visit import Visit, current_visit


def ask_to_edit(editing: Editing, customer: Customer) -> None:
    """Draw the dialog."""
    st.dialog(f"Edit {named(customer)}", icon=":material/edit:", width="medium", dismissible=False)(_draw)(
        editing, customer.id
    )


def _draw(editing: Editing, customer: str) -> None:
    visit, row, serial = current_visit(), editing.row, editing.serial
    if row.conflicts:
        contested = [Contested(row, conflict, row.carried[name]) for name, conflict in row.conflicts.items()]
        draw_contested(
            serial,
            contested,
            visit.shop,
            on_put_off=close_question,
            on_apply=lambda choices: _settle(editing, serial, choices),
        )
        return
    errors = {name: problem.message for name, problem in row.problems.items()}
    values = {name: row.shown(name) for name in EDITABLE}
    keep_while_typed(editing, place_at(customer, "edit"), seen=row.base.model_dump_json(by_alias=True))
    with st.form(editing.key("form"), border=False):
        draw_fields(editing.key, errors, visit.shop, values=values)
        # The first of them is what the Enter key does.
        with st.container(horizontal=True):
            st.form_submit_button("Save", key="editing_save", type="primary", on_click=_save, args=(editing, serial))
            st.form_submit_button("Cancel", key="editing_cancel", on_click=close_question)


def _save(editing: Editing, serial: int) -> None:
    with at_card() as card, failures_as_toasts():
        if card.question is editing and editing.serial == serial:
            row = editing.row
            row.type_over({name: st.session_state.get(editing.key(name)) for name in EDITABLE})
            if row.carried:
                _send(card, editing, CustomerEdit(row.base, dict(row.carried)), current_visit())
            else:
                card.ask(None)
                celebrate("There was nothing to save.")
    st.rerun()


def _settle(editing: Editing, serial: int, choices: Choices) -> None:
    with at_card() as card, failures_as_toasts():
        if card.question is editing and editing.serial == serial:
            row = editing.row
            editing.draw_anew()
            mine = decide_row(row, {name: choice for (_, name), choice in choices.items()})
            if mine:
                _send(card, editing, CustomerEdit(row.base, mine), current_visit())
            elif not row.problems:
                card.ask(None)
                celebrate("Kept theirs.")
    st.rerun()


def _send(card: Card, editing: Editing, edit: CustomerEdit, visit: Visit) -> None:
    [outcome] = save_edits(visit.store, visit.actor, [edit])
    report = apply_outcome(editing.row, outcome)
    editing.draw_anew()
    if editing.row.gone:
        card.ask(None)
        warn(f"{named(editing.row.base)} was deleted by someone else meanwhile; nothing was saved.")
        return
    tell_of(report)
    tell_of_members_below([outcome], visit)
    if report.is_complete and not editing.row.problems:
        card.ask(None)
