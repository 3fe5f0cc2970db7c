"""Recording a purchase of a customer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import streamlit as st

from kinso.errors import DatabaseUnavailable, KinsoError, NotFound, NotSignedIn
from kinso.models.customers import Customer
from kinso.models.payment_methods import PAYMENT_METHODS
from kinso.models.purchases import LedgerEntry, PurchaseDraft
from kinso.models.shop import ShopSettings
from kinso.models.transfer.amounts import read_amount
from kinso.models.validation import LABELS, parse
from kinso.services.purchases.recording import Recorded, record_sale
from kinso.ui.customers.card import Card, Difference, PurchaseForm, at_card, close_question
from kinso.ui.customers.words import isolated, named
from kinso.ui.drafts import keep_while_typed, place_at
from kinso.ui.feedback import celebrate, warn
from kinso.ui.purchases.items import add_item, draw_items, items_of, items_total
from kinso.ui.purchases.words import PAYMENTS, stated_in_words
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import amount_of, currency_symbol, money, plain

WHOLE = ""
"""The place for what is not about a single field."""
_FIRST_DAY = date(1900, 1, 1)


def ask_for_purchase(form: PurchaseForm, customer: Customer) -> None:
    """Draw the dialog."""
    title = f"Purchase by {isolated(customer.customer_name)}"
    st.dialog(title, icon=":material/shopping_cart:", width="medium", dismissible=False)(draw_purchase)(
        form, customer.id
    )


def draw_purchase(form: PurchaseForm, customer: str) -> None:
    """The form, for the customer with this `_id`; within a dialog."""
    shop = current_context().shop
    keep_while_typed(form, place_at(customer, "purchase"))
    if form.items:
        draw_items(form)
        # Outside of the form, which keeps what is typed to itself.
        _draw_total(form, shop)
    with st.form(form.key("form"), border=False):
        if not form.items:
            _draw_amount(form, shop)
        draw_day(form.key("soldAt"), shop)
        draw_error(form.errors, "soldAt")
        draw_payment(form.key("paymentMethod"))
        draw_note(form.key("note"), form.errors)
        st.text_input(
            f"{LABELS['saleId']} (optional)",
            key=form.key("saleId"),
            placeholder="A new one",
            autocomplete="off",
            help="The number on your receipt, if there is one; each purchase has its own.",
            persist_state="session",
        )
        draw_error(form.errors, "saleId")
        draw_error(form.errors, WHOLE)
        # The first of them is what the Enter key does.
        with st.container(horizontal=True):
            st.form_submit_button(
                "Record purchase", key=form.key("record"), type="primary", on_click=_record, args=(form,)
            )
            st.form_submit_button("Cancel", key=form.key("cancel"), on_click=close_question)
            if not form.items:
                st.form_submit_button(
                    "Add items",
                    icon=":material/add:",
                    type="tertiary",
                    key=form.key("add_item"),
                    on_click=_add_first,
                    args=(form,),
                )


def _draw_amount(form: PurchaseForm, shop: ShopSettings) -> None:
    st.number_input(
        f"{LABELS['amount']} ({currency_symbol(shop)})",
        value=None,
        step=1.0,
        format="%.2f",
        key=form.amount_key,
        placeholder="0.00",
        persist_state="session",
    )
    draw_error(form.errors, "amount")


def _draw_total(form: PurchaseForm, shop: ShopSettings) -> None:
    """As text, which is heard of while it is typed."""
    st.text_input(
        f"{LABELS['amount']} ({currency_symbol(shop)})",
        key=form.amount_key,
        placeholder="0.00",
        help="The total of the items; type another amount over it if less or more was paid.",
        autocomplete="off",
        live="300ms",
        on_change=_judge_anew,
        args=(form,),
        persist_state="session",
    )
    draw_error(form.errors, "amount")
    draw_difference(form, shop)


def _judge_anew(form: PurchaseForm) -> None:
    form.errors.pop("amount", None)


def draw_day(key: str, shop: ShopSettings) -> None:
    """The input for the day; today to begin with."""
    today = datetime.now(shop.zone).date()
    st.date_input(
        LABELS["soldAt"],
        value=today,
        min_value=_FIRST_DAY,
        max_value=today,
        format="YYYY-MM-DD",
        key=key,
        persist_state="session",
    )


def draw_payment(key: str) -> None:
    """How it was paid, if that is to be kept."""
    st.segmented_control(
        f"{LABELS['paymentMethod']} (optional)",
        PAYMENT_METHODS,
        format_func=PAYMENTS.__getitem__,
        key=key,
        persist_state="session",
    )


def draw_note(key: str, errors: dict[str, str]) -> None:
    """Anything else."""
    st.text_input(f"{LABELS['note']} (optional)", key=key, autocomplete="off", persist_state="session")
    draw_error(errors, "note")


def draw_error(errors: dict[str, str], name: str) -> None:
    """What is wrong with a field, under it."""
    if message := errors.get(name):
        st.markdown(f":small[:red[:material/error: {plain(message)}]]")


def typed_details(key_of: Callable[[str], str], amount: Decimal | float | None, shop: ShopSettings) -> dict[str, Any]:
    """What both forms have, by stored names; what is empty is left out. A purchase of today is one of this moment."""
    chosen: date | None = st.session_state.get(key_of("soldAt"))
    is_past = chosen is not None and chosen != datetime.now(shop.zone).date()
    values = {
        "amount": amount,
        "soldAt": datetime.combine(chosen, time.min, shop.zone) if chosen and is_past else None,
        "paymentMethod": st.session_state.get(key_of("paymentMethod")),
        "note": (st.session_state.get(key_of("note")) or "").strip() or None,
    }
    return {name: value for name, value in values.items() if value is not None}


def errors_of(error: KinsoError) -> dict[str, str]:
    """What is wrong, by field."""
    errors = getattr(error, "errors", ())
    return {each.field: each.message for each in errors} if errors else {WHOLE: error.message}


def _add_first(form: PurchaseForm) -> None:
    add_item(form)
    st.rerun()


def _record(form: PurchaseForm) -> None:
    with at_card() as card:
        if card.question is form:
            _try_to_record(card, form, current_context())
    st.rerun()


def _try_to_record(card: Card, form: PurchaseForm, context: RequestContext) -> None:
    items, form.errors = items_of(form)
    typed = typed_details(form.key, _amount(form), context.shop) | _difference(form, context.shop)
    typed["saleId"] = (st.session_state.get(form.key("saleId")) or "").strip() or form.sale_id
    try:
        draft = parse(PurchaseDraft, typed).model_copy(update={"items": items})
        if not form.errors:
            recorded = record_sale(context.store, context.actor, card.id, draft)
            card.ask(None)
            _tell(card, recorded, context.shop)
            return
    except (NotSignedIn, DatabaseUnavailable):
        raise
    except NotFound as error:
        card.ask(None)
        warn(error.message)
        return
    except KinsoError as error:
        form.errors |= errors_of(error)
    warn("Not recorded; the reason is in the form.")


def _amount(form: PurchaseForm) -> Decimal | float | None:
    try:
        return typed_amount(form)
    except ValueError as error:
        form.errors["amount"] = f"{LABELS['amount']} {error}."
        return None


def _difference(form: PurchaseForm, shop: ShopSettings) -> dict[str, Decimal]:
    """What the difference to the items is; an error while the person cannot have seen it."""
    difference = difference_of(form)
    if difference is None:
        return {}
    if difference != form.shown:
        total = money(difference.items, shop)
        form.errors["amount"] = f"This is not what the items come to, {total}; look at the difference below."
    return {difference.name: difference.amount}


def _tell(card: Card, recorded: Recorded, shop: ShopSettings) -> None:
    customer = recorded.customer
    total = plain(money(customer.purchase_amount, shop))
    if recorded.repeated:
        what = _what(recorded.entry)
        celebrate(f"{what} had been recorded already; nothing was changed. The total is {total}.")
        return
    paid = plain(money(recorded.entry.amount, shop))
    stated = "".join(f", with {plain(each)}" for each in stated_in_words(recorded.entry, shop))
    celebrate(f"{paid} recorded{stated}. The total is now {total}.")
    if recorded.activated:
        rule = recorded.status.rule
        card.news = (
            f"{named(customer)} is a member now: with this purchase they reached the threshold of"
            f" {plain(amount_of(rule.basis.unit, rule.threshold, shop))}."
        )


def _what(sale: LedgerEntry) -> str:
    return f"Sale {isolated(sale.sale_id)}"


_MEANT, _MISTAKE = "meant", "mistake"


def typed_amount(form: PurchaseForm) -> Decimal | float | None:
    """What was typed as the amount; raises ValueError with a sentence part for what is no amount."""
    typed = st.session_state.get(form.amount_key)
    if not isinstance(typed, str):
        return typed
    return read_amount(typed, ",") if typed.strip() else None


def difference_of(form: PurchaseForm) -> Difference | None:
    """The difference that is typed at present; None when there is none, or nothing to compare."""
    items = items_total(form)
    try:
        paid = typed_amount(form)
    except ValueError:
        return None
    if items is None or not isinstance(paid, Decimal) or paid == items:
        return None
    return Difference(items, paid)


def draw_difference(form: PurchaseForm, shop: ShopSettings) -> None:
    """What the items come to, and what the difference is, if there is one; the form remembers which one was shown."""
    form.shown = difference = difference_of(form)
    if difference is None:
        return
    amount, items = (plain(money(each, shop)) for each in (difference.amount, difference.items))
    direction = "less" if difference.name == "discount" else "more"
    st.markdown(f":material/info: The items come to **{items}**; the amount is **{amount} {direction}**.")
    labels = {_MEANT: f"A {difference.name} of {amount}", _MISTAKE: f"Not meant: take {items}"}
    st.radio(
        "The difference is",
        list(labels),
        format_func=labels.__getitem__,
        horizontal=True,
        key=form.key("difference"),
        on_change=_take_items,
        args=(form, difference),
    )


def _take_items(form: PurchaseForm, difference: Difference) -> None:
    with at_card():
        if st.session_state.get(form.key("difference")) == _MISTAKE:
            form.filled = f"{difference.items:.2f}"
            st.session_state[form.amount_key] = form.filled
            st.session_state[form.key("difference")] = _MEANT
