"""The controls that decide what is shown; each is in the address, so that a reload or a shared link shows the same."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from kinso.models.customers import CustomerQuery
from kinso.ui.customers.view import DEFAULT_SIZE, MEMBERSHIPS, ORDERS, SIZES, SORTS, View, controls_of, query_of
from kinso.ui.links import CUSTOMER_ID

PAGE = "page"
_CUSTOMERS = Path(__file__).parents[3] / "pages" / "customers.py"
_START = View(CustomerQuery(), 1, DEFAULT_SIZE)


def choose_query(*, live: bool) -> CustomerQuery:
    """Draw the filters and the order. With `live`, the search follows the typing."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input(
            "Search",
            type="search",
            key="q",
            bind="query-params",
            placeholder="ID, name or contact",
            live="300ms" if live else False,
            on_change=_back_to_first_page,
            width="stretch",
        )
        membership = st.segmented_control(
            "Membership",
            list(MEMBERSHIPS),
            default="All",
            required=True,
            key="member",
            bind="query-params",
            on_change=_back_to_first_page,
        )
        name = st.text_input(
            "Name contains",
            key="name",
            bind="query-params",
            live="300ms" if live else False,
            on_change=_back_to_first_page,
            width=140,
        )
        sort = st.selectbox(
            "Sort by",
            list(SORTS),
            index=list(SORTS.values()).index(_START.query.sort_by),
            key="sort",
            bind="query-params",
            on_change=_back_to_first_page,
            width=150,
        )
        order = st.segmented_control(
            "Order",
            list(ORDERS),
            default="Descending",
            required=True,
            key="order",
            bind="query-params",
            on_change=_back_to_first_page,
        )
    return query_of(
        search=search or "", name=name or "", membership=membership or "All", sort=sort, order=order or "Descending"
    )


def choose_size() -> int:
    """Draw the page size; returns it."""
    size = st.selectbox(
        "Per page",
        SIZES,
        index=SIZES.index(DEFAULT_SIZE),
        key="size",
        bind="query-params",
        on_change=_back_to_first_page,
        width=100,
    )
    return size if size in SIZES else DEFAULT_SIZE


def choose_page(pages: int) -> int:
    """Draw the page numbers; returns the chosen one."""
    with st.container():
        return st.pagination(pages, key=PAGE, bind="query-params")


def show_filters_of(view: View) -> None:
    """From a callback: have the controls show the view that is on screen."""
    st.session_state.update(controls_of(view))


def follow_way_back(view: View | None) -> None:
    """Show `view` again, which was on screen last, when the browser's way back from a customer leads here.

    Leaving for a customer puts an address between both pages that has the customer and no filters.
    """
    if CUSTOMER_ID in st.query_params:
        chosen = controls_of(view).items() - controls_of(_START).items() if view else ()
        st.switch_page(_CUSTOMERS, query_params={name: str(value) for name, value in chosen})


def clear_filters() -> None:
    """From a callback: everyone again, in the order and page size chosen before."""
    st.session_state.update({"q": "", "name": "", "member": "All", PAGE: 1})


def _back_to_first_page() -> None:
    st.session_state[PAGE] = 1
