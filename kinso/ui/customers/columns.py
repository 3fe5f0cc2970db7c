"""Which columns the grid has: the same few to begin with, and what a person adds to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st

from kinso.models.facts import AMOUNT, DAY, FACTS, NUMBER, Fact
from kinso.models.fields import FIELDS
from kinso.models.shop import ShopSettings
from kinso.services.accounts.preferences import get_columns, save_columns
from kinso.ui.customers.filter_words import grouped_facts, is_money, value_in_words
from kinso.ui.customers.page_state import in_session
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import currency_symbol

FactValues = Mapping[str, Mapping[str, Any]]
"""By `_id` and the fact's name, as programs are told them."""
NAME = "name"
"""The column that leads to the customer."""
LAST_PURCHASE = "lastPurchase"
_FIRST = ("contactInfo", "customerId", "purchaseAmount")
_CHOSEN = "columns"
_OF_FIELDS = tuple(field.name for field in FIELDS if field.width is not None)
_OF_THE_GRID = (*_OF_FIELDS, "eligible", "createdAt", "updatedAt")
"""What the grid has columns of its own for; each other fact gets one as it is told to programs."""
_PREFIX = "fact_"
_NUMBER_WIDTH, _TEXT_WIDTH = 120, 150


def choose_columns(context: RequestContext) -> None:
    """Draw what can be added; it is there again whenever this person comes back, unless the address says otherwise."""
    always = {*_FIRST, "membershipStatus", LAST_PURCHASE}
    names = [name for name in grouped_facts() if name not in always]
    _remember(context)
    with st.popover("Columns", icon=":material/view_column:", key="choose_columns"):
        st.multiselect(
            "More columns",
            names,
            format_func=lambda name: FACTS[name].label,
            placeholder="Type to search",
            select_all=False,
            key=_CHOSEN,
            bind="query-params",
            on_change=_lay_out_again,
            width=320,
        )


def chosen_columns() -> tuple[str, ...]:
    """The names of what this person added."""
    return tuple(name for name in st.session_state.get(_CHOSEN, ()) if name in FACTS)


def chosen_facts() -> tuple[str, ...]:
    """Those of the columns that are computed for the rows on screen."""
    added = (name for name in chosen_columns() if name not in _OF_THE_GRID)
    return tuple(dict.fromkeys((LAST_PURCHASE, *added)))


def columns_of_the_file() -> tuple[str, ...]:
    """What a file of the list has beside the fields."""
    return tuple(dict.fromkeys((LAST_PURCHASE, *chosen_columns())))


def column_order(context: RequestContext) -> list[str]:
    """The columns from left to right, by their names in the table."""
    _remember(context)
    chosen = chosen_columns()
    # The name to be typed over stands beside the one that is a way to the customer.
    names = [name for name in chosen if name == "customerName"]
    added = [name if name in _OF_THE_GRID else column_of(name) for name in chosen if name not in names]
    return [*names, *_FIRST, column_of(LAST_PURCHASE), "membershipStatus", *added]


def column_of(name: str) -> str:
    """What the grid calls the column of a fact, which may also be one of a field."""
    return f"{_PREFIX}{name}"


def cells_of(fact: Fact, values: Sequence[Any], shop: ShopSettings) -> Any:
    """The values as a column of a table, always of the same type."""
    if fact.type in (AMOUNT, NUMBER):
        factor = 100 if fact.unit == "share" else 1
        numbers = [None if value is None else float(Decimal(str(value)) * factor) for value in values]
        return pd.array(numbers, dtype="Float64").astype("float64")
    if fact.type is DAY:
        return pd.to_datetime(pd.Series([value or None for value in values], dtype=object))
    return [value_in_words(fact, value, shop) for value in values]


def config_of(fact: Fact, shop: ShopSettings) -> Any:
    """How the column of a fact looks."""
    column, more = st.column_config, fact.description
    if is_money(fact, shop):
        label = f"{fact.label} ({currency_symbol(shop)})"
        return column.NumberColumn(label, width=_NUMBER_WIDTH, format="%,.2f", help=more)
    if fact.type is NUMBER:
        label = f"{fact.label} (%)" if fact.unit == "share" else fact.label
        return column.NumberColumn(label, width=_NUMBER_WIDTH, help=more)
    if fact.type is DAY:
        return column.DateColumn(fact.label, width=_NUMBER_WIDTH, format="D MMM YYYY", help=more)
    return column.TextColumn(fact.label, width=_TEXT_WIDTH, help=more)


def _remember(context: RequestContext) -> None:
    """To begin with: what this person had chosen when they were here last."""
    if _CHOSEN not in st.session_state and _CHOSEN not in st.query_params:
        st.session_state[_CHOSEN] = [name for name in get_columns(context.store, context.actor) if name in FACTS]


def _lay_out_again() -> None:
    context = current_context()
    save_columns(context.store, context.actor, chosen_columns())
    with in_session() as session:
        if session.grid is not None:
            session.grid.start_edition()
