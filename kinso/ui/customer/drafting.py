"""What was typed into a dialog of a customer's page and not saved: offered there, and put back into such a dialog."""

from __future__ import annotations

import re
from contextlib import suppress

import streamlit as st

from kinso.models.customers import Customer, Draft
from kinso.services.customers.finding import get_customers
from kinso.ui.customer.card import Card, Editing, PurchaseForm, Question, RefundForm, at_card
from kinso.ui.customer.items import items_total
from kinso.ui.customer.words import PAYMENTS
from kinso.ui.customers.sheet import EDITABLE, Row, keeping_seen, new_serial
from kinso.ui.drafts import Values, day_in, number_in, offer_drafts, place_at, seen_in, text_in
from kinso.ui.visit import Visit, current_visit

_ITEM = re.compile(r"item_(\d+)_(name|quantity|unitPrice)")
_REFUNDED = "amount_of_"


def offer_typed_forms(card: Card, visit: Visit) -> None:
    """Offer what this person typed about this customer, while no dialog is open."""
    names = {"purchase": "Unsaved purchase", "refund": "Unsaved refund", "edit": "Unsaved edit"}
    if card.question is None:
        offer_drafts(visit, {place_at(card.id, what): name for what, name in names.items()}, _continue)


def _continue(draft: Draft) -> None:
    with at_card() as card:
        restored = _restored(draft, card.id, current_visit())
        if restored is not None:
            card.ask(restored)


def _restored(draft: Draft, customer: str, visit: Visit) -> Question | None:
    match draft.place.rpartition("/")[2]:
        case "purchase":
            return _purchase(draft)
        case "refund":
            return _refund(draft)
        case _:
            current = get_customers(visit.store, visit.actor, [customer]).get(customer)
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
    typed = {name: values[name] for name in EDITABLE if name in values}
    if "purchaseAmount" in typed:
        typed["purchaseAmount"] = number_in(values, "purchaseAmount")
    row.type_over(typed)
    row.base = keeping_seen(seen, current, row.carried)
    return Editing(row, draft_id=draft.id)
