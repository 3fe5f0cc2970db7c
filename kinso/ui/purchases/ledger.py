"""A customer's purchases: the list, its figures and its chart."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from kinso.models.purchases import LedgerEntry, LedgerLine, LedgerPage, MonthAmount, PurchaseSummary
from kinso.models.shop import ShopSettings
from kinso.services.purchases.reading import export_purchases, list_ledger
from kinso.services.purchases.recording import refund_sale
from kinso.ui.browser import download_link
from kinso.ui.customers.card import Card, RefundForm, at_card
from kinso.ui.customers.words import KINDS, PAYMENTS, about
from kinso.ui.insights.charts import NON_MEMBERS, dressed, label_every_other, show_data
from kinso.ui.request_context import RequestContext
from kinso.ui.wording import counted, currency_symbol, day, money, month, number

PAGE = "purchases_page"
DOWNLOAD = "/download/purchases.csv"
SIZE = 50
_MOST_ROWS = 15
_ROW, _HEAD = 35, 36
_CLICK = "refund_row"
_REFUND = ":material/assignment_return: Refund"


def draw_figures(summary: PurchaseSummary, amount: str, shop: ShopSettings) -> None:
    """Four figures; `amount` is the purchase amount in words."""
    average = "–" if summary.average is None else money(summary.average, shop)
    last = "–" if summary.last is None else day(summary.last.astimezone(shop.zone).date())
    with st.grid(4, min_column_width=160):
        st.metric("Purchase amount", amount, border=True)
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
                "", width=100, type="tertiary", key=_CLICK, on_click=_refund, args=([line.entry for line in lines],)
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


def _refund(entries: Sequence[LedgerEntry]) -> None:
    place = st.session_state[_CLICK]["row"]
    with at_card() as card:
        if 0 <= place < len(entries):
            card.ask(RefundForm(entries[place].sale_id))


_NARROW = 0.1
"""Of the chart's width that a bar may have: a single month must not look like a wall."""


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
