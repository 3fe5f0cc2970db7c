"""Finding a customer from every page, while the name is being typed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import streamlit as st
from jinja2 import Template

from kinso.errors import AmbiguousCustomerId, MirrorNotReady
from kinso.models.customers import LONGEST_SEARCH, Customer, FoundCustomers
from kinso.models.text import fold, searchable
from kinso.services.customers.editing import create_customer
from kinso.services.customers.finding import find_as_written, find_by_customer_id, find_customers
from kinso.services.customers.recent import list_recent_customers
from kinso.services.insights import await_lists
from kinso.ui.browser import CUSTOMER_ID, FINDER, SEARCH, link_to_customer, link_to_registration, run_script
from kinso.ui.customers.words import isolated
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import money, number, plain

_STATE = "finder"
_CUSTOMERS = Path(__file__).parents[2] / "pages" / "customers.py"
_LONGEST_SHOWN = 40
_ANSWERED = Template('<span class="kinso-answered" data-typed="{{ typed }}"></span>', autoescape=True)
"""Says for what text the list above it is, so that Enter opens nobody whom an earlier text had found."""


def show_finder(page: str) -> None:
    """The search box on top of every page; it is empty again elsewhere: on another page, customer or search."""
    customer = st.query_params.get(CUSTOMER_ID, "")
    place = (page, customer, st.query_params.get(SEARCH, ""))
    serial, known = st.session_state.get(_STATE, (0, place))
    if known != place:
        serial += 1
    st.session_state[_STATE] = (serial, place)
    with st.container(key="finder", gap=None):
        _draw(f"finder_{serial}", customer)
        run_script(FINDER)


@st.fragment
def _draw(key: str, customer: str) -> None:
    """`customer` is whose page this is, by `_id`."""
    typed = st.text_input(
        "Find a customer",
        type="search",
        key=key,
        live="300ms",
        placeholder="Find a customer by name, phone, e-mail or ID",
        autocomplete="off",
        label_visibility="collapsed",
    )
    context = current_context()
    text = searchable(typed or "").strip()
    with st.container(gap="xxsmall", key="found_customers"):
        if text:
            _draw_found(context, text)
        else:
            _draw_recent(context, customer)
        st.html(_ANSWERED.render(typed=(typed or "").strip()))


def _draw_recent(context: RequestContext, customer: str) -> None:
    recent = list_recent_customers(context.store, context.actor, but=customer)
    st.caption("Opened last" if recent else "Type a name, a phone number, an e-mail address or an ID.")
    _draw_customers(context, recent)


def _draw_found(context: RequestContext, text: str) -> None:
    found, nobody = _find(context, text)
    if found.are_similar and found.customers:
        st.caption(f"{nobody} Similar names:")
    _draw_customers(context, found.customers, are_similar=found.are_similar)
    if not found.customers:
        st.caption(nobody)
    if found.are_similar or not found.customers:
        if context.may(create_customer) and fold(text):
            link_to_registration(text, f"Register “{plain(_shortened(text))}”")
    elif found.total > len(found.customers):
        st.page_link(
            _CUSTOMERS,
            label=f"Showing {len(found.customers)} of {number(found.total)}; all in the list",
            icon=":material/list:",
            query_params={SEARCH: text[:LONGEST_SEARCH]},
        )


def _draw_customers(context: RequestContext, customers: Sequence[Customer], *, are_similar: bool = False) -> None:
    for customer in customers:
        link_to_customer(customer.id, _in_words(customer, context, is_similar=are_similar))


def _find(context: RequestContext, text: str) -> tuple[FoundCustomers, str]:
    """Who is found, and what to say if that is nobody."""
    try:
        await_lists(context.store, context.actor)
        return find_customers(context.store, context.actor, text), "Nobody found."
    except MirrorNotReady:
        found = _find_meanwhile(context, text)
        return FoundCustomers(found, len(found)), (
            "Nobody found by what is written in ID, name or contact; until the lists are prepared, accents and spaces"
            " have to be as they are stored."
        )


def _find_meanwhile(context: RequestContext, text: str) -> list[Customer]:
    with suppress(AmbiguousCustomerId):
        if found := find_by_customer_id(context.store, context.actor, text):
            return [found]
    return find_as_written(context.store, context.actor, text)


def _in_words(customer: Customer, context: RequestContext, *, is_similar: bool) -> str:
    marks = [":green-badge[Member]"] if customer.membership_status else []
    if is_similar:
        marks.append(":orange-badge[Similar]")
    spent = plain(money(customer.purchase_amount, context.shop))
    about = " · ".join(
        (isolated(_shortened(customer.contact_info)), isolated(customer.customer_id), spent),
    )
    return f"**{isolated(customer.customer_name)}** {' '.join(marks)}  \n:small[{about}]"


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"
