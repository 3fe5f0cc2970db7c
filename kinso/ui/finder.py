"""Finding a customer from every page, while the name is being typed."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from kinso.errors import AmbiguousCustomerId, MirrorNotReady
from kinso.models.customers import Customer
from kinso.models.text import searchable
from kinso.services.customers.finding import find_as_written, find_by_customer_id, find_customers
from kinso.services.insights import await_lists
from kinso.ui.browser import CUSTOMER_ID, link_to_customer
from kinso.ui.customers.words import isolated
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import money, plain

_STATE = "finder"


def show_finder(page: str) -> None:
    """The search box of the sidebar; it is empty again on another page than `page`, or with another customer."""
    place = (page, st.query_params.get(CUSTOMER_ID, ""))
    serial, known = st.session_state.get(_STATE, (0, place))
    if known != place:
        serial += 1
    st.session_state[_STATE] = (serial, place)
    _draw(f"finder_{serial}")


@st.fragment
def _draw(key: str) -> None:
    typed = st.text_input(
        "Find a customer",
        type="search",
        key=key,
        live="300ms",
        placeholder="Name, ID, e-mail or phone",
        autocomplete="off",
    )
    if not typed or not typed.strip():
        return
    context = current_context()
    found, nobody = _find(context, searchable(typed))
    with st.container(gap="xxsmall", key="found_customers"):
        for customer in found:
            link_to_customer(customer.id, _in_words(customer, context))
        if not found:
            st.caption(nobody)


def _find(context: RequestContext, text: str) -> tuple[list[Customer], str]:
    """Who is found, and what to say if that is nobody."""
    try:
        await_lists(context.store, context.actor)
        return find_customers(context.store, context.actor, text), "Nobody found."
    except MirrorNotReady:
        return _find_meanwhile(context, text), (
            "Nobody found by what is written in ID, name or contact; until the lists are prepared, accents and spaces"
            " have to be as they are stored."
        )


def _find_meanwhile(context: RequestContext, text: str) -> list[Customer]:
    with suppress(AmbiguousCustomerId):
        if found := find_by_customer_id(context.store, context.actor, text):
            return [found]
    return find_as_written(context.store, context.actor, text)


def _in_words(customer: Customer, context: RequestContext) -> str:
    member = " · Member" if customer.membership_status else ""
    about = f"{isolated(customer.customer_id)} · {plain(money(customer.purchase_amount, context.shop))}{member}"
    return f"**{isolated(customer.customer_name)}**  \n:small[{about}]"
