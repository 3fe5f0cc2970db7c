"""Figures that may be up to a minute old, except after one's own change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from decimal import Decimal

import streamlit as st

from kinso.models.customers import Customer, CustomerQuery
from kinso.models.insights import AmountBin, MonthCount, Overview, SalesMonth, Statistics
from kinso.models.membership import DemotionPreview, ThresholdPoint
from kinso.services import insights
from kinso.services.customers.editing import list_customers
from kinso.services.membership import eligibility
from kinso.services.membership.activation import count_below, preview_demotion
from kinso.services.membership.eligibility import count_members_at
from kinso.ui.insights.charts import forget_charts
from kinso.ui.request_context import RequestContext

TOP = 10
LIFETIME = 45
"""Seconds that a figure is kept."""
LIFETIME_OF_THE_PAST = 3600
"""Seconds; nothing that anyone does changes who was a member last month."""
REFRESH = 15
"""Seconds after which an open page looks again; together with `LIFETIME` a minute at most."""


def overview(context: RequestContext) -> Overview:
    """Everything the overview draws."""
    return _overview(context.store.name, context)


def current_statistics(context: RequestContext) -> Statistics:
    """The six figures."""
    return _statistics(context.store.name, context)


def spending_distribution(context: RequestContext) -> list[AmountBin]:
    """Customers by what counts for the shop's rule."""
    return _spending_distribution(context.store.name, context.shop.threshold_basis, context)


def threshold_curve(context: RequestContext, *, up_to: Decimal) -> list[ThresholdPoint]:
    """How many members each threshold would mean."""
    return _threshold_curve(context.store.name, context.shop.threshold_basis, str(up_to), context)


def members_below(context: RequestContext, *, adopted: bool) -> DemotionPreview:
    """Members who do not reach the threshold of the shop's rule."""
    shop = context.shop
    return _members_below(context.store.name, shop.threshold_basis, str(shop.threshold), adopted, context)


def count_members_below(context: RequestContext) -> int:
    """How many members do not reach the threshold of the shop's rule, whoever made them members."""
    shop = context.shop
    return _count_members_below(context.store.name, shop.threshold_basis, str(shop.threshold), context)


def top_customers(context: RequestContext) -> list[Customer]:
    """Those with the largest purchase amounts, the largest first."""
    return _top_customers(context.store.name, context)


def members_at_month_ends(context: RequestContext, months: Sequence[MonthCount], now: Statistics) -> list[int]:
    """How many members there were at the end of each month; the last month has not ended, so it is as of now."""
    ends = tuple(datetime.combine(later.month, time.min, context.shop.zone) for later in months[1:])
    return [*_members_at(context.store.name, ends, context), now.members]


def sales_months(context: RequestContext) -> list[SalesMonth]:
    """Purchases in each of the last twelve calendar months, the last of which has not ended."""
    starts = tuple(insights.month_starts(datetime.now(context.shop.zone), insights.MONTHS))
    store = context.store
    # While their total stays the same, nothing happened to the months that have ended.
    total = _total_of_the_past(store.name, starts[0], starts[-2], context)
    return [
        *_sales_of_the_past(store.name, starts[:-1], total, context),
        *_sales_of_this_month(store.name, starts[-2:], context),
    ]


def forget_figures() -> None:
    """Call after every change, so that the person sees its effect at once."""
    for cached in _OF_THE_PRESENT:
        cached.clear()
    forget_charts()


@st.cache_data(ttl=LIFETIME, show_spinner=False)
def _overview(database: str, _context: RequestContext) -> Overview:
    return insights.get_overview(_context.store, _context.actor)


@st.cache_data(ttl=LIFETIME, show_spinner=False)
def _statistics(database: str, _context: RequestContext) -> Statistics:
    return insights.get_statistics(_context.store, _context.actor)


@st.cache_data(ttl=LIFETIME, show_spinner=False)
def _spending_distribution(database: str, basis: str, _context: RequestContext) -> list[AmountBin]:
    return eligibility.get_spending_distribution(_context.store, _context.actor)


@st.cache_data(ttl=LIFETIME, show_spinner=False)
def _threshold_curve(database: str, basis: str, up_to: str, _context: RequestContext) -> list[ThresholdPoint]:
    return eligibility.get_curve(_context.store, _context.actor, up_to=Decimal(up_to))


@st.cache_data(ttl=LIFETIME, show_spinner=False)
def _members_below(
    database: str, basis: str, threshold: str, adopted: bool, _context: RequestContext
) -> DemotionPreview:
    return preview_demotion(_context.store, _context.actor, adopted=adopted)


@st.cache_data(ttl=LIFETIME, show_spinner=False)
def _count_members_below(database: str, basis: str, threshold: str, _context: RequestContext) -> int:
    return count_below(_context.store, _context.actor)


@st.cache_data(ttl=LIFETIME, show_spinner=False)
def _top_customers(database: str, _context: RequestContext) -> list[Customer]:
    largest_first = CustomerQuery(sort_by="purchaseAmount", sort_order="desc")
    return list_customers(_context.store, _context.actor, largest_first, page=1, limit=TOP).items


@st.cache_data(ttl=LIFETIME_OF_THE_PAST, show_spinner=False)
def _members_at(database: str, moments: tuple[datetime, ...], _context: RequestContext) -> list[int]:
    return count_members_at(_context.store, _context.actor, moments)


@st.cache_data(ttl=LIFETIME, show_spinner=False)
def _total_of_the_past(database: str, start: datetime, end: datetime, _context: RequestContext) -> tuple[int, Decimal]:
    return insights.total_purchases(_context.store, _context.actor, start, end)


@st.cache_data(ttl=LIFETIME_OF_THE_PAST, show_spinner=False)
def _sales_of_the_past(
    database: str, starts: tuple[datetime, ...], total: tuple[int, Decimal], _context: RequestContext
) -> list[SalesMonth]:
    return insights.get_sales_months(_context.store, _context.actor, starts)


@st.cache_data(ttl=LIFETIME, show_spinner=False)
def _sales_of_this_month(database: str, starts: tuple[datetime, ...], _context: RequestContext) -> list[SalesMonth]:
    return insights.get_sales_months(_context.store, _context.actor, starts)


_OF_THE_PRESENT = (
    _sales_of_this_month,
    _total_of_the_past,
    _overview,
    _statistics,
    _spending_distribution,
    _threshold_curve,
    _members_below,
    _count_members_below,
    _top_customers,
)
