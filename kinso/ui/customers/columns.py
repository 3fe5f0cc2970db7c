"""Columns of facts that a person adds to the grid; nothing is typed into them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st

from kinso.models.facts import AMOUNT, DAY, FACTS, NUMBER, Fact
from kinso.models.fields import FIELDS
from kinso.models.shop import ShopSettings
from kinso.ui.customers.filter_words import grouped_facts, is_money, value_in_words
from kinso.ui.customers.page_state import in_session
from kinso.ui.wording import currency_symbol

FactValues = Mapping[str, Mapping[str, Any]]
"""By `_id` and the fact's name, as programs are told them."""
_CHOSEN = "fact_columns"
_ALWAYS_THERE = frozenset(
    {*(field.name for field in FIELDS if field.width is not None), "createdAt", "updatedAt", "eligible"}
)
_PREFIX = "fact_"
_NUMBER_WIDTH, _TEXT_WIDTH = 120, 150


def choose_columns() -> None:
    """Draw what can be added; it stays for as long as the person stays."""
    names = [name for name in grouped_facts() if name not in _ALWAYS_THERE]
    with st.popover("Columns", icon=":material/view_column:"):
        st.multiselect(
            "More columns",
            names,
            format_func=lambda name: FACTS[name].label,
            placeholder="Type to search",
            select_all=False,
            key=_CHOSEN,
            on_change=_lay_out_again,
            persist_state="session",
            width=320,
        )


def chosen_columns() -> tuple[str, ...]:
    """The names of the facts that this person added."""
    return tuple(name for name in st.session_state.get(_CHOSEN, ()) if name in FACTS)


def _lay_out_again() -> None:
    with in_session() as session:
        if session.grid is not None:
            session.grid.start_edition()


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
