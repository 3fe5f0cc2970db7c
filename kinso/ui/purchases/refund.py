"""Giving money back for a sale: all of it or a part."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal

import streamlit as st

from kinso.errors import DatabaseUnavailable, KinsoError, NotFound, NotSignedIn
from kinso.models.customers import Customer
from kinso.models.purchases import LedgerEntry, RefundDraft
from kinso.models.validation import parse
from kinso.services.purchases.reading import list_refundable
from kinso.services.purchases.recording import get_entry, refund_sale, refundable
from kinso.ui.customers.card import Card, RefundForm, at_card, close_question
from kinso.ui.customers.words import isolated, sale_in_words
from kinso.ui.drafts import keep_while_typed, place_at
from kinso.ui.feedback import celebrate, warn
from kinso.ui.insights.figures import forget_figures
from kinso.ui.membership.demotion import tell_of_statuses
from kinso.ui.purchases.recording import WHOLE, draw_day, draw_error, draw_note, draw_payment, errors_of, typed_details
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import currency_symbol, money, plain


def ask_for_refund(form: RefundForm, customer: Customer) -> None:
    """Draw the dialog."""
    title = f"Refund to {isolated(customer.customer_name)}"
    st.dialog(title, icon=":material/assignment_return:", width="medium", dismissible=False)(_draw)(form, customer.id)


def _draw(form: RefundForm, customer: str) -> None:
    context = current_context()
    sales = _choices(form, customer, context)
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
        format_func=lambda id: sale_in_words(sales[id][0], context.shop),
        key=form.key("saleId"),
        persist_state="session",
    )
    sale, left = sales[chosen if chosen in sales else ids[0]]
    st.markdown(
        f"**{plain(money(left, context.shop))}** of {plain(money(sale.amount, context.shop))} is left to refund."
    )
    keep_while_typed(form, place_at(customer, "refund"), seen=json.dumps(sale.sale_id))
    with st.form(form.key("form"), border=False):
        columns = st.columns(2)
        with columns[0]:
            # A key of its own for each sale and what is left of it, so that it starts with all that is left.
            st.number_input(
                f"Amount to refund ({currency_symbol(context.shop)})",
                value=float(left),
                step=1.0,
                format="%.2f",
                key=_amount_key(form, sale.sale_id),
                persist_state="session",
            )
            draw_error(form.errors, "amount")
        with columns[1]:
            draw_day(form.key("soldAt"), context.shop)
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


def _choices(form: RefundForm, customer: str, context: RequestContext) -> dict[str, tuple[LedgerEntry, Decimal]]:
    """The latest sales and, however old it is, the one that the form was opened for; each with what is left of it."""
    sales = {sale.sale_id: (sale, left) for sale, left in list_refundable(context.store, context.actor, customer)}
    if form.sale_id and form.sale_id not in sales:
        with suppress(NotFound):
            sale = get_entry(context.store, context.actor, form.sale_id)
            left = refundable(context.store, context.actor, form.sale_id)
            if left > 0:
                sales[form.sale_id] = (sale, left)
    return sales


def _draw_close(form: RefundForm) -> None:
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.button("Close", key=form.key("cancel"), on_click=close_question)


def _refund(form: RefundForm, sale_id: str) -> None:
    with at_card() as card:
        if card.question is form:
            _try_to_refund(card, form, sale_id, current_context())
    st.rerun()


def _try_to_refund(card: Card, form: RefundForm, sale_id: str, context: RequestContext) -> None:
    amount = st.session_state.get(_amount_key(form, sale_id))
    typed = typed_details(form.key, amount, context.shop) | {"saleId": form.refund_id}
    try:
        draft = parse(RefundDraft, typed)
        refunded = refund_sale(context.store, context.actor, sale_id, draft)
    except (NotSignedIn, DatabaseUnavailable):
        raise
    except KinsoError as error:
        form.errors = errors_of(error)
        warn("Not refunded; the reason is in the form.")
        return
    forget_figures()
    card.ask(None)
    total = plain(money(refunded.customer.purchase_amount, context.shop))
    if refunded.repeated:
        celebrate(f"This refund had been recorded already; nothing was changed. The purchase amount is {total}.")
    else:
        back = plain(money(-refunded.entry.amount, context.shop))
        celebrate(f"{back} refunded. The purchase amount is now {total}.")
        tell_of_statuses([refunded.status], context.shop)


def _amount_key(form: RefundForm, sale_id: str) -> str:
    return form.key(f"amount_of_{sale_id}")
