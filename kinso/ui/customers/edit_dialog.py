"""Changing the fields of a customer, with the same rules as in the grid: nothing that others saved is overwritten."""

from __future__ import annotations

import re
from contextlib import suppress

import streamlit as st

from kinso.models.customers import Customer, CustomerEdit, Draft
from kinso.models.fields import FIELDS
from kinso.services.customers.finding import get_customers
from kinso.services.customers.saving import save_edits
from kinso.ui.customers.card import Card, Editing, PurchaseForm, Question, RefundForm, at_card, close_question
from kinso.ui.customers.dialogs import Choices, Contested, draw_contested
from kinso.ui.customers.field_widgets import WIDGETS
from kinso.ui.customers.grid_state import EDITABLE, Row, keeping_seen, new_serial
from kinso.ui.customers.registration_form import draw_fields
from kinso.ui.customers.saving import apply_outcome, decide_row, tell_of
from kinso.ui.customers.words import named
from kinso.ui.drafts import Values, day_in, keep_while_typed, number_in, offer_drafts, place_at, seen_in, text_in
from kinso.ui.feedback import celebrate, failures_as_toasts, warn
from kinso.ui.membership.demotion import tell_of_members_below
from kinso.ui.purchases.items import items_total
from kinso.ui.purchases.words import PAYMENTS
from kinso.ui.request_context import RequestContext, current_context


def ask_to_edit(editing: Editing, customer: Customer) -> None:
    """Draw the dialog."""
    st.dialog(f"Edit {named(customer)}", icon=":material/edit:", width="medium", dismissible=False)(draw_edit)(
        editing, customer.id
    )


def draw_edit(editing: Editing, customer: str) -> None:
    """The form, or whose values stay where two people changed the same; within a dialog."""
    context, row, serial = current_context(), editing.row, editing.serial
    if row.conflicts:
        contested = [Contested(row, conflict, row.carried[name]) for name, conflict in row.conflicts.items()]
        draw_contested(
            serial,
            contested,
            context.shop,
            on_put_off=close_question,
            on_apply=lambda choices: _settle(editing, serial, choices),
        )
        return
    errors = {name: problem.message for name, problem in row.problems.items()}
    values = {name: row.shown(name) for name in EDITABLE}
    keep_while_typed(editing, place_at(customer, "edit"), seen=row.base.model_dump_json(by_alias=True))
    with st.form(editing.key("form"), border=False):
        draw_fields(editing.key, errors, context.shop, values=values)
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
                _send(card, editing, CustomerEdit(row.base, dict(row.carried)), current_context())
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
                _send(card, editing, CustomerEdit(row.base, mine), current_context())
            elif not row.problems:
                card.ask(None)
                celebrate("Kept theirs.")
    st.rerun()


def _send(card: Card, editing: Editing, edit: CustomerEdit, context: RequestContext) -> None:
    [outcome] = save_edits(context.store, context.actor, [edit])
    report = apply_outcome(editing.row, outcome)
    editing.draw_anew()
    if editing.row.gone:
        card.ask(None)
        warn(f"{named(editing.row.base)} was deleted by someone else meanwhile; nothing was saved.")
        return
    tell_of(report)
    tell_of_members_below([outcome], context)
    if report.is_complete and not editing.row.problems:
        card.ask(None)


_ITEM = re.compile(r"item_(\d+)_(name|quantity|unitPrice)")
_REFUNDED = "amount_of_"


def offer_typed_forms(card: Card, context: RequestContext) -> None:
    """Offer what this person typed about this customer, while no dialog is open."""
    names = {"purchase": "Unsaved purchase", "refund": "Unsaved refund", "edit": "Unsaved edit"}
    if card.question is None:
        offer_drafts(context, {place_at(card.id, what): name for what, name in names.items()}, _continue)


def _continue(draft: Draft) -> None:
    with at_card() as card:
        restored = _restored(draft, card.id, current_context())
        if restored is not None:
            card.ask(restored)


def _restored(draft: Draft, customer: str, context: RequestContext) -> Question | None:
    match draft.place.rpartition("/")[2]:
        case "purchase":
            return _purchase(draft)
        case "refund":
            return _refund(draft)
        case _:
            current = get_customers(context.store, context.actor, [customer]).get(customer)
            return _editing(draft, current) if current else None


def _purchase(draft: Draft) -> PurchaseForm:
    form, values = PurchaseForm(sale_id=draft.id), draft.content["values"]
    rows: dict[str, int] = {}
    for name in values:
        if item := _ITEM.fullmatch(name):
            row = rows.setdefault(item[1], new_serial())
            value = text_in(values, name) if item[2] == "name" else number_in(values, name)
            st.session_state[form.key(f"item_{row}_{item[2]}")] = value
    form.items = list(rows.values())
    if form.items:
        amount, total = text_in(values, "total"), items_total(form)
        st.session_state[form.amount_key] = amount
        form.filled = amount if total is not None and amount == f"{total:.2f}" else None
    else:
        st.session_state[form.amount_key] = number_in(values, "amount")
    st.session_state[form.key("saleId")] = text_in(values, "saleId")
    _put_back_details(form, values)
    return form


def _refund(draft: Draft) -> RefundForm:
    form, values = RefundForm(sale_id=seen_in(draft), refund_id=draft.id), draft.content["values"]
    amount = next((number_in(values, name) for name in values if name.startswith(_REFUNDED)), None)
    if form.sale_id and amount is not None:
        st.session_state[form.key(f"{_REFUNDED}{form.sale_id}")] = amount
    _put_back_details(form, values)
    return form


def _put_back_details(form: PurchaseForm | RefundForm, values: Values) -> None:
    if day := day_in(values, "soldAt"):
        st.session_state[form.key("soldAt")] = day
    paid = text_in(values, "paymentMethod")
    with suppress(StopIteration):
        st.session_state[form.key("paymentMethod")] = next(
            method for method, word in PAYMENTS.items() if paid in {method, word}
        )
    st.session_state[form.key("note")] = text_in(values, "note")


def _editing(draft: Draft, current: Customer) -> Editing:
    seen, values = Customer.model_validate(seen_in(draft)), draft.content["values"]
    row = Row(seen)
    typed = {
        field.name: WIDGETS[field.type.key].restored(values, field.name) for field in FIELDS if field.name in values
    }
    row.type_over(typed)
    row.base = keeping_seen(seen, current, row.carried)
    return Editing(row, draft_id=draft.id)
