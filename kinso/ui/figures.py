"""Figures that may be up to a minute old, except after one's own change."""

from __future__ import annotations

import streamlit as st

from kinso.models.customer import Customer, CustomerQuery
from kinso.models.statistics import AmountBin, Overview, Statistics
from kinso.services import statistics
from kinso.services.customers import list_customers
from kinso.ui.visit import Visit

TOP = 10
LIFETIME = 45
"""Seconds that a figure is kept."""
REFRESH = 15
"""Seconds after which an open page looks again; together with `LIFETIME` a minute at most."""


def overview(visit: Visit) -> Overview:
    """Everything the overview draws."""
    return _overview(visit.store.name, visit)


def current_statistics(visit: Visit) -> Statistics:
    """The six figures."""
    return _statistics(visit.store.name, visit)


def distribution(visit: Visit) -> list[AmountBin]:
    """Customers by purchase amount."""
    return _distribution(visit.store.name, visit)


def top_customers(visit: Visit) -> list[Customer]:
    """Those with the largest purchase amounts, the largest first."""
    return _top_customers(visit.store.name, visit)


def forget_figures() -> None:
    """Call after every change, so that the person sees its effect at once."""
    for cached in (_overview, _statistics, _distribution, _top_customers):
        cached.clear()


@st.cache_data(ttl=LIFETIME, show_spinner=False)
def _overview(database: str, _visit: Visit) -> Overview:
    return statistics.get_overview(_visit.store, _visit.actor)


@st.cache_data(ttl=LIFETIME, show_spinner=False)
def _statistics(database: str, _visit: Visit) -> Statistics:
    return statistics.get_statistics(_visit.store, _visit.actor)


@st.cache_data(ttl=LIFETIME, show_spinner=False)
def _distribution(database: str, _visit: Visit) -> list[AmountBin]:
    return statistics.get_distribution(_visit.store, _visit.actor)


@st.cache_data(ttl=LIFETIME, show_spinner=False)
def _top_customers(database: str, _visit: Visit) -> list[Customer]:
    largest_first = CustomerQuery(sort_by="purchaseAmount", sort_order="desc")
    return list_customers(_visit.store, _visit.actor, largest_first, page=1, limit=TOP).items
