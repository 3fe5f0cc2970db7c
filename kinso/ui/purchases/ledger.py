"""A customer's purchases: the list, its figures and its chart, and giving money back for a sale."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from urllib.parse import urlencode

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from kinso.errors import DatabaseUnavailable, KinsoError, NotFound, NotSignedIn
from kinso.models.customers import Customer
from kinso.models.purchases import LedgerEntry, LedgerLine, LedgerPage, MonthAmount, PurchaseSummary, RefundDraft
from kinso.models.shop import ShopSettings
from kinso.models.validation import parse
from kinso.services.purchases.reading import export_purchases, list_ledger, list_refundable
from kinso.services.purchases.recording import get_entry, refund_sale, refundable
from kinso.ui.browser import download_link
from kinso.ui.customers.card import Card, RefundForm, at_card, close_question
from kinso.ui.customers.words import isolated
from kinso.ui.drafts import keep_while_typed, place_at
from kinso.ui.feedback import celebrate, warn
from kinso.ui.insights.charts import NON_MEMBERS, dressed, label_every_other, show_data
from kinso.ui.membership.demotion import tell_of_statuses
from kinso.ui.purchases.recording import WHOLE, draw_day, draw_error, draw_note, draw_payment, errors_of, typed_details
from kinso.ui.purchases.words import KINDS, PAYMENTS, about, sale_in_words
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import counted, currency_symbol, day, money, month, number, plain

PAGE = "purchases_page"
DOWNLOAD = "/download/purchases.csv"
SIZE = 50
_MOST_ROWS = 15
_ROW, _HEAD = 35, 36
_CLICK = "refund_row"
_REFUND = ":material/assignment_return: Refund"
_NARROW = 0.1
"""Of the chart's width that a bar may have: a single month must not look like a wall."""


def draw_figures(summary: PurchaseSummary, amount: str, shop: ShopSettings) -> None:
    """Four figures; `amount` is the purchase amount in words."""
    average = "–" if summary.average is None else money(summary.average, shop)
    last = "–" if summary.last is None else day(summary.last.astimezone(shop.zone).date())
    with st.grid(4, min_column_width=160):
        st.metric("Total spent", amount, border=True)
        st.metric(
            "Purchases",
            number(summary.count),
            border=True,
            help=f"Together {money(summary.total, shop)}, less refunds.".replace("$", "\\$"),
        )
        st.metric("Average purchase", average, border=True)
        st.metric("Last purchase", last, border=True)


def draw_ledger(card: Card, summary: PurchaseSummary, context: RequestContext) -> None:
    """Every entry, newest first, and the chart."""
    if not summary.entries:
        st.caption("No purchases yet. They appear here as soon as one is recorded.")
        return
    head, body, bottom = st.container(), st.container(), st.container()
    pages = -(-summary.entries // SIZE)
    with bottom:
        page = st.pagination(pages, key=PAGE, bind="query-params") if pages > 1 else 1
    found = list_ledger(context.store, context.actor, card.id, page=page, limit=SIZE)
    with head:
        _draw_head(card, found, context)
    with body.container(key="purchases_table"):
        _draw_table(found.lines, context)
    if any(each.amount for each in summary.months):
        with st.container(border=True):
            st.subheader("Purchases per month", anchor=False)
            best = max(summary.months, key=lambda each: each.amount)
            months = counted(len(summary.months), "month")
            alt = f"Purchases less refunds in {months}, most of them in {month(best.month)}"
            show_data(draw_purchases_per_month, summary.months, context.shop, alt=alt, key="purchases_per_month")


def draw_purchases_per_month(months: Sequence[MonthAmount], shop: ShopSettings) -> go.Figure:
    """Purchases less refunds; a month in which more went back than came in goes below zero."""
    names = [month(each.month) for each in months]
    figure = go.Figure(
        go.Bar(
            x=names,
            y=[float(each.amount) for each in months],
            customdata=[money(each.amount, shop) for each in months],
            width=min(0.75, _NARROW * len(months)),
            marker={"color": NON_MEMBERS, "line": {"width": 0}},
            hovertemplate="%{x}<br>%{customdata}<extra></extra>",
        )
    )
    label_every_other(figure, names)
    figure.update_yaxes(title=f"Purchases less refunds ({currency_symbol(shop)})", tickformat=",~r", nticks=6)
    figure.update_layout(showlegend=False)
    return dressed(figure, height=260)


def ask_for_refund(form: RefundForm, customer: Customer) -> None:
    """Draw the dialog."""
    title = f"Refund to {isolated(customer.customer_name)}"
    st.dialog(title, icon=":material/assignment_return:", width="medium", dismissible=False)(draw_refund)(
        form, customer.id
    )


def _draw_head(card: Card, found: LedgerPage, context: RequestContext) -> None:
    total = "1 entry" if found.total == 1 else f"{number(found.total)} entries"
    first = (found.page - 1) * SIZE + 1
    shown = f"{number(first)}–{number(first + len(found.lines) - 1)} of {total}"
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"{total if found.total == len(found.lines) else shown}, newest first")
        if context.may(export_purchases):
            with st.popover("Download", icon=":material/download:"):
                address = f"{DOWNLOAD}?{urlencode({'customer': card.id})}"
                download_link(address, "CSV for Excel", f"{total}, the oldest first")


def _draw_table(lines: Sequence[LedgerLine], context: RequestContext) -> None:
    symbol, column = currency_symbol(context.shop), st.column_config
    may_refund = context.may(refund_sale) and any(line.left > 0 for line in lines)
    st.dataframe(
        _frame(lines, context.shop, may_refund=may_refund),
        hide_index=True,
        height=_HEAD + _ROW * min(len(lines), _MOST_ROWS) + 2,
        row_height=_ROW,
        alt="Purchases, newest first",
        placeholder="",
        column_config={
            "date": column.DatetimeColumn("Date", format="D MMM YYYY", timezone=context.shop.time_zone, width=105),
            "kind": column.TextColumn("Kind", width=130),
            "about": column.TextColumn("What", width=260),
            "amount": column.NumberColumn(f"Amount ({symbol})", format="%,.2f", width=120),
            "balance": column.NumberColumn(f"Total so far ({symbol})", format="%,.2f", width=140),
            "refund": column.ButtonColumn(
                "",
                width=100,
                type="tertiary",
                key=_CLICK,
                on_click=_ask_to_refund,
                args=([line.entry for line in lines],),
            ),
            "payment": column.TextColumn("Payment", width=125),
            "note": column.TextColumn("Note", width=170),
            "by": column.TextColumn("By", width=130),
            "sale_id": column.TextColumn("Sale ID", width=220),
        },
    )


def _frame(lines: Sequence[LedgerLine], shop: ShopSettings, *, may_refund: bool) -> pd.DataFrame:
    entries = [line.entry for line in lines]
    columns: dict[str, object] = {
        "date": pd.to_datetime([entry.sold_at for entry in entries], utc=True),
        "kind": [KINDS[entry.kind] for entry in entries],
        "amount": [float(entry.amount) for entry in entries],
        "about": [about(line, shop) for line in lines],
        "balance": [float(line.balance) for line in lines],
    }
    if may_refund:
        columns["refund"] = [_REFUND if line.left > 0 else None for line in lines]
    columns |= {
        "payment": [PAYMENTS[entry.payment_method] if entry.payment_method else "" for entry in entries],
        "note": [entry.note or "" for entry in entries],
        "by": [entry.by_name for entry in entries],
        "sale_id": [entry.sale_id for entry in entries],
    }
    return pd.DataFrame(columns)


def _ask_to_refund(entries: Sequence[LedgerEntry]) -> None:
    place = st.session_state[_CLICK]["row"]
    with at_card() as card:
        if 0 <= place < len(entries):
            card.ask(RefundForm(entries[place].sale_id))


def draw_refund(form: RefundForm, customer: str) -> None:
    """The form, for the customer with this `_id`; within a dialog."""
    context = current_context()
    sales = _refundable_sales(form, customer, context)
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


def _refundable_sales(
    form: RefundForm, customer: str, context: RequestContext
) -> dict[str, tuple[LedgerEntry, Decimal]]:
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
    card.ask(None)
    total = plain(money(refunded.customer.purchase_amount, context.shop))
    if refunded.repeated:
        celebrate(f"This refund had been recorded already; nothing was changed. The total is {total}.")
    else:
        back = plain(money(-refunded.entry.amount, context.shop))
        celebrate(f"{back} refunded. The total is now {total}.")
        tell_of_statuses([refunded.status], context.shop)


def _amount_key(form: RefundForm, sale_id: str) -> str:
    return form.key(f"amount_of_{sale_id}")
