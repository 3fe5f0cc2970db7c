"""The customers of the list by what they have in common: how many, how many members, what they spent."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from kinso.models.customers import CustomerGroup, CustomerQuery
from kinso.models.facts import DAY, FACTS, WORDS, YES_NO, Fact
from kinso.models.filters import Filter, read_filter
from kinso.models.shop import ShopSettings
from kinso.services.customers.grouping import GROUPINGS, group_customers
from kinso.ui.customers.filter_editor import joined, parts_of
from kinso.ui.customers.filter_words import value_in_words, yes_or_no
from kinso.ui.customers.filters import present_filter, show_filter
from kinso.ui.request_context import RequestContext
from kinso.ui.wording import counted, currency_symbol, month

_BY, _CLICK = "grouping", "group_click"
_MOST, _MOST_ROWS = 500, 8
_ROW, _HEAD = 35, 36


def choose_grouping() -> None:
    """Draw what the list can be grouped by."""
    with st.popover("Group by", icon=":material/stacks:"):
        st.selectbox(
            "Group by",
            GROUPINGS,
            index=None,
            format_func=_label,
            placeholder="Nothing",
            key=_BY,
            bind="query-params",
            width=240,
        )


def draw_groups(query: CustomerQuery, context: RequestContext) -> None:
    """The groups of the list, if it is grouped; the name of one leads to its customers."""
    by = st.session_state.get(_BY)
    if by not in GROUPINGS:
        return
    groups, column = group_customers(context.store, context.actor, query, by), st.column_config
    shown = groups[:_MOST]
    st.markdown(f"**{_label(by)}** · {counted(len(groups), 'group')}")
    st.dataframe(
        _frame(FACTS[by], shown, context.shop),
        hide_index=True,
        height=_HEAD + _ROW * min(len(shown), _MOST_ROWS) + 2,
        row_height=_ROW,
        key="groups",
        alt=f"Customers by {_label(by)}",
        column_config={
            "group": column.ButtonColumn(
                _label(by),
                width=200,
                type="tertiary",
                alignment="left",
                key=_CLICK,
                on_click=_open,
                args=(FACTS[by], shown),
            ),
            "customers": column.NumberColumn("Customers", format="%,d", width=110),
            "members": column.NumberColumn("Members", format="%,d", width=110),
            "spent": column.NumberColumn(f"Total spent ({currency_symbol(context.shop)})", format="%,.2f", width=150),
        },
    )


def _label(name: str) -> str:
    fact = FACTS[name]
    return f"{fact.label}, by month" if fact.type is DAY else fact.label


def _frame(fact: Fact, groups: Sequence[CustomerGroup], shop: ShopSettings) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "group": [_in_words(fact, group.value, shop) for group in groups],
            "customers": [group.customers for group in groups],
            "members": [group.members for group in groups],
            "spent": [float(group.spent) for group in groups],
        }
    )


def _in_words(fact: Fact, value: Any, shop: ShopSettings) -> str:
    match value:
        case None:
            return "(none)"
        case date():
            return month(value)
        case bool():
            return yes_or_no(fact)[0 if value else 1]
        case _:
            return str(value) if fact.type is WORDS else value_in_words(fact, value, shop)


def _open(fact: Fact, groups: Sequence[CustomerGroup]) -> None:
    place = st.session_state[_CLICK]["row"]
    if 0 <= place < len(groups):
        wanted = _condition(fact, groups[place].value)
        present = present_filter()
        kind, parts = parts_of(present)
        others = parts if present is None or kind == "all" else (present,)
        show_filter(joined("all", (*others, wanted)))
        st.session_state[_BY] = None


def _condition(fact: Fact, value: Any) -> Filter:
    """Who is in the group with this value."""
    asked: tuple[str, Any]
    match value:
        case None:
            asked = ("isEmpty", True)
        case date():
            last = value.replace(day=monthrange(value.year, value.month)[1])
            asked = ("between", [value.isoformat(), last.isoformat()])
        case _ if fact.type is WORDS:
            asked = ("in", [value])
        case _ if fact.type is YES_NO:
            asked = ("=", bool(value))
        case _:
            asked = ("=", value)
    return read_filter({"fact": fact.name, "is": asked[0], "value": asked[1]})
