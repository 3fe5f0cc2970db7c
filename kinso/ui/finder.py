"""Finding a customer from every page, while the name is being typed."""

from __future__ import annotations

import streamlit as st

from kinso.models.customers import Customer
from kinso.models.text import searchable
from kinso.services.customers.finding import find_customers
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
    found = find_customers(context.store, context.actor, searchable(typed))
    with st.container(gap="xxsmall", key="found_customers"):
        for customer in found:
            link_to_customer(customer.id, _in_words(customer, context))
        if not found:
            st.caption("Nobody found.")


def _in_words(customer: Customer, context: RequestContext) -> str:
    member = " · Member" if customer.membership_status else ""
    about = f"{isolated(customer.customer_id)} · {plain(money(customer.purchase_amount, context.shop))}{member}"
    return f"**{isolated(customer.customer_name)}**  \n:small[{about}]"
