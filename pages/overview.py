"""The shop at a glance: the six figures, and charts about customers and purchases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import accumulate

import streamlit as st

from kinso.models.insights import MonthCount, SalesMonth, Statistics
from kinso.models.insights import Overview as Figures
from kinso.ui.insights import charts, sales_charts
from kinso.ui.insights.figures import (
    REFRESH,
    TOP,
    members_at_month_ends,
    overview,
    sales_months,
    top_customers,
)
from kinso.ui.insights.segments import show_segments
from kinso.ui.lists import wait_for_lists
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.shop import show_no_customers
from kinso.ui.transfer.backups import show_backup_problem
from kinso.ui.wording import clock, counted, money, month, number, percent

# Pixels, on a wide screen.
_HEIGHT_OF_CUSTOMERS, _HEIGHT_OF_PURCHASES = 1610, 840


@st.fragment(parallel=True, run_every=REFRESH)
def show_customers() -> None:
    """The figures and charts about customers; they are looked at again by themselves."""
    context = current_context(in_use=False)
    with st.skeleton(height=_HEIGHT_OF_CUSTOMERS):
        figures = overview(context)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"As of {clock(datetime.now(context.shop.zone), context.shop)}, {context.shop.time_zone}")
            if st.button("Refresh", icon=":material/refresh:", type="tertiary", key="refresh_overview"):
                st.rerun()
        if not figures.statistics.total_customers:
            show_no_customers(context)
            return
        show_backup_problem(context)
        show_metrics(figures, context)
        show_charts(figures, context)


@st.fragment(parallel=True, run_every=REFRESH)
def show_purchases() -> None:
    """Those about purchases, which are drawn at the same time."""
    context = current_context(in_use=False)
    with st.skeleton(height=_HEIGHT_OF_PURCHASES):
        months = sales_months(context)
        if any(each.sales or each.revenue for each in months):
            st.subheader("Purchases", anchor=False)
            show_sales(months, context)
        elif overview(context).statistics.total_customers:
            st.subheader("Purchases", anchor=False)
            show_no_purchases()


def show_metrics(figures: Figures, context: RequestContext) -> None:
    """The six figures, two of them with the last twelve months."""
    now = figures.statistics
    per_month = [count.members + count.non_members for count in figures.months]
    with st.grid(2, min_column_width=240):
        st.metric(
            "Customers",
            number(now.total_customers),
            border=True,
            height="stretch",
            chart_data=customers_at_month_ends(now, per_month),
            chart_type="area",
            delta_color="primary",
            help="All registered customers; the line shows the last twelve months.",
        )
        st.metric(
            "New customers this month",
            number(now.new_customers_this_month),
            border=True,
            height="stretch",
            chart_data=per_month,
            chart_type="bar",
            delta_color="primary",
            help="Registered since the first of this month; the bars show the last twelve months.",
        )
    counts, amounts = st.columns(2)
    with counts, st.grid(2, min_column_width=130):
        st.metric("Members", number(now.members), border=True)
        st.metric("Non-members", number(now.non_members), border=True)
    with amounts, st.grid(2, min_column_width=200):
        st.metric(
            "Average per customer",
            money(now.average_purchase_amount, context.shop),
            border=True,
            help="The total purchase amount divided by all customers, also those who bought nothing.",
        )
        st.metric("Total spent by all", money(now.total_purchase_amount, context.shop), border=True)


def customers_at_month_ends(now: Statistics, per_month: Sequence[int]) -> list[int]:
    """How many of today's customers there were at the end of each month."""
    before = now.total_customers - sum(per_month)
    return [before + count for count in accumulate(per_month)]


def show_charts(figures: Figures, context: RequestContext) -> None:
    """Each in a frame of its own, under a heading that says what it shows."""
    now, best = figures.statistics, top_customers(context)
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        st.subheader("New customers per month", anchor=False)
        charts.show_data(charts.draw_months, figures.months, alt=months_in_words(figures.months), key="months")
    with right.container(border=True, height="stretch"):
        st.subheader("Members at the end of each month", anchor=False)
        members = members_at_month_ends(context, figures.months, now)
        alt = f"Members at the end of each of the last twelve months, {number(members[-1])} now"
        charts.show_data(charts.draw_members, figures.months, members, alt=alt, key="members_over_time")
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        st.subheader(f"Top {TOP} customers by total spent", anchor=False)
        alt = f"The {len(best)} customers who spent most, with their amounts"
        charts.show_data(charts.draw_top_customers, best, context.shop, alt=alt, key="top_customers", names_people=True)
    with right.container(border=True, height="stretch"):
        st.subheader("Members among all customers", anchor=False)
        alt = f"{percent(now.membership_rate)} of all customers are members"
        charts.show_data(charts.draw_share, now, alt=alt, key="share")
    with st.container(border=True):
        st.subheader("Customers by total spent", anchor=False)
        alt = f"{counted(now.total_customers, 'customer')} by total spent, members and non-members stacked"
        charts.show_data(charts.draw_distribution, figures.distribution, context.shop, alt=alt, key="distribution")


def months_in_words(months: Sequence[MonthCount]) -> str:
    """The chart in a sentence."""
    best = max(months, key=lambda count: count.members + count.non_members)
    return f"New customers in each of the last twelve months, most of them in {month(best.month)}"


def show_no_purchases() -> None:
    """Say so, and what would be here."""
    with st.container(border=True, width=640):
        st.markdown("**No purchases yet**")
        st.write("As soon as purchases of the last twelve months are recorded or imported, they are drawn here.")


def show_sales(months: Sequence[SalesMonth], context: RequestContext) -> None:
    """Revenue, weekdays, and new against returning customers of the last twelve months."""
    weekdays = [sum(counts) for counts in zip(*(each.weekdays for each in months), strict=True)]
    st.caption(
        "The last twelve months by the date of each sale; a refund is taken off where its sale was. Balances that"
        " customers came with and typed corrections have no date and are left out."
    )
    with st.container(border=True):
        st.subheader("Revenue per month", anchor=False)
        total = money(sum((each.revenue for each in months), Decimal(0)), context.shop)
        alt = f"Sales less refunds in each of the last twelve months, {total} in all"
        charts.show_data(sales_charts.draw_revenue, months, context.shop, alt=alt, key="revenue")
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        st.subheader("New and returning customers", anchor=False)
        new, returning = months[-1].new_customers, months[-1].returning_customers
        alt = f"Customers who bought in each of the last twelve months; this month {new} new, {returning} returning"
        charts.show_data(sales_charts.draw_new_and_returning, months, alt=alt, key="new_and_returning")
    with right.container(border=True, height="stretch"):
        st.subheader("Sales per weekday", anchor=False)
        busiest = sales_charts.WEEKDAYS[weekdays.index(max(weekdays))]
        alt = f"{counted(sum(weekdays), 'sale')} of the last twelve months by weekday, most on {busiest}s"
        charts.show_data(sales_charts.draw_weekdays, weekdays, alt=alt, key="weekdays")


st.title("Overview", anchor=False)
wait_for_lists(current_context())
show_segments()
show_customers()
show_purchases()
