"""Giving money back for a sale: all of it or a part."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal

import streamlit as st

from kinso.errors import DatabaseUnavailable, KinsoError, NotFound, NotSignedIn
from kinso.models.customers import Customer
from kinso.models.purchases import RefundDraft, Sale
from kinso.models.validation import parse
from kinso.services.purchases.reading import list_refundable
from kinso.services.purchases.recording import get_sale, refund_sale, refundable
from kinso.ui.customers.card import Card, RefundForm, at_card, close_question
from kinso.ui.customers.card_words import sale_in_words
from kinso.ui.customers.words import isolated
from kinso.ui.drafts import keep_while_typed, place_at
from kinso.ui.feedback import celebrate, warn
from kinso.ui.insights.figures import forget_figures
from kinso.ui.membership.still_members import tell_of_standings
from kinso.ui.purchases.entry import WHOLE, draw_day, draw_error, draw_note, draw_payment, errors_of, typed_details
from kinso.ui.session import Visit, current_visit
from kinso.ui.wording import currency_symbol, money, plain


def ask_for_refund(form: RefundForm, customer: Customer) -> None:
    """Draw the dialog."""
    title = f"Refund to {isolated(customer.customer_name)}"
    st.dialog(title, icon=":material/assignment_return:", width="medium", dismissible=False)(_draw)(form, customer.id)


def _draw(form: RefundForm, customer: str) -> None:
    visit = current_visit()
    sales = _choices(form, customer, visit)
    if form.sale_id and form.sale_id not in sales:
        st.warning(f"Nothing is left of sale {isolated(form.sale_id)}; choose another one.", icon=":material/error:")
    if not sales:
        st.write("There is no purchase of which something is left to refund.")
        _draw_close(form)
        return
    ids = list(sales)
    chosen = st.selectbox(
        "Purchase",
        ids,
        index=ids.index(form.sale_id) if form.sale_id in sales else 0,
        format_func=lambda id: sale_in_words(sales[id][0], visit.shop),
        key=form.key("saleId"),
        persist_state="session",
    )
    sale, left = sales[chosen if chosen in sales else ids[0]]
    st.markdown(f"**{plain(money(left, visit.shop))}** of {plain(money(sale.amount, visit.shop))} is left to refund.")
    keep_while_typed(form, place_at(customer, "refund"), seen=json.dumps(sale.sale_id))
    with st.form(form.key("form"), border=False):
        columns = st.columns(2)
        with columns[0]:
            # A key of its own for each sale and what is left of it, so that it starts with all that is left.
            st.number_input(
                f"Amount to refund ({currency_symbol(visit.shop)})",
                value=float(left),
                step=1.0,
                format="%.2f",
                key=_amount_key(form, sale.sale_id),
                persist_state="session",
            )
            draw_error(form.errors, "amount")
        with columns[1]:
            draw_day(form.key("soldAt"), visit.shop)
            draw_error(form.errors, "soldAt")
        draw_payment(form.key("paymentMethod"))
        draw_note(form.key("note"), form.errors)
        draw_error(form.errors, WHOLE)
        # The first of them is what the Enter key does.
        with st.container(horizontal=True):
            st.form_submit_button(
                "Refund", key=form.key("refund"), type="primary", on_click=_refund, args=(form, sale.sale_id)
            )
            st.form_submit_button("Cancel", key=form.key("cancel"), on_click=close_question)


def _choices(form: RefundForm, customer: str, visit: Visit) -> dict[str, tuple[Sale, Decimal]]:
    """The latest sales and, however old it is, the one that the form was opened for; each with what is left of it."""
    sales = {sale.sale_id: (sale, left) for sale, left in list_refundable(visit.store, visit.actor, customer)}
    if form.sale_id and form.sale_id not in sales:
        with suppress(NotFound):
            sale = get_sale(visit.store, visit.actor, form.sale_id)
            left = refundable(visit.store, visit.actor, form.sale_id)
            if left > 0:
                sales[form.sale_id] = (sale, left)
    return sales


def _draw_close(form: RefundForm) -> None:
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.button("Close", key=form.key("cancel"), on_click=close_question)


def _refund(form: RefundForm, sale_id: str) -> None:
    with at_card() as card:
        if card.question is form:
            _try_to_refund(card, form, sale_id, current_visit())
    st.rerun()


def _try_to_refund(card: Card, form: RefundForm, sale_id: str, visit: Visit) -> None:
    amount = st.session_state.get(_amount_key(form, sale_id))
    typed = typed_details(form.key, amount, visit.shop) | {"saleId": form.refund_id}
    try:
        draft = parse(RefundDraft, typed)
        refunded = refund_sale(visit.store, visit.actor, sale_id, draft)
    except (NotSignedIn, DatabaseUnavailable):
        raise
    except KinsoError as error:
        form.errors = errors_of(error)
        warn("Not refunded; the reason is in the form.")
        return
    forget_figures()
    card.ask(None)
    total = plain(money(refunded.customer.purchase_amount, visit.shop))
    if refunded.repeated:
        celebrate(f"This refund had been recorded already; nothing was changed. The purchase amount is {total}.")
    else:
        back = plain(money(-refunded.sale.amount, visit.shop))
        celebrate(f"{back} refunded. The purchase amount is now {total}.")
        tell_of_standings([refunded.standing], visit.shop)


def _amount_key(form: RefundForm, sale_id: str) -> str:
    return form.key(f"amount_of_{sale_id}")
