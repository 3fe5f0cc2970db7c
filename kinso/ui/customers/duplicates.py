"""Pairs of customers who may be the same person, the likeliest first."""

from __future__ import annotations

import streamlit as st

from kinso.errors import NotFound
from kinso.models.customers import Customer, DuplicatePair, DuplicatePairs
from kinso.models.text import searchable
from kinso.services.customers.duplicates import find_duplicate_pairs
from kinso.services.customers.editing import get_customer
from kinso.services.customers.finding import find_customers
from kinso.services.customers.merging import merge_customers
from kinso.ui.browser import link_to_customer
from kinso.ui.customers.filters import choose_page, page_asked_for
from kinso.ui.customers.merging import compare, remember
from kinso.ui.customers.words import isolated, named
from kinso.ui.request_context import RequestContext
from kinso.ui.wording import counted, money, plain

_SIZE = 20


def draw_pairs(context: RequestContext) -> None:
    """One page of the pairs, each with what they have in common and what can be done."""
    place, bottom = st.container(), st.container()
    asked = page_asked_for()
    found = _read(asked, context)
    pages = max(1, -(-found.total // _SIZE))
    with bottom:
        page = choose_page(pages) if pages > 1 else 1
    if page != asked:
        # There are fewer pages than when that one was asked for.
        found = _read(page, context)
    with place:
        if not found.total:
            with st.container(border=True, width=640):
                st.subheader("No likely duplicates", icon=":material/done_all:", anchor=False)
                st.write("No two customers have the same phone number, e-mail address or nearly the same name.")
            return
        more = " or more" if found.is_cut else ""
        st.markdown(f"**{counted(found.total, 'pair')}**{more}, the likeliest first. Nothing is merged by itself.")
        for pair in found.items:
            _draw_pair(pair, context)


def _read(page: int, context: RequestContext) -> DuplicatePairs:
    return find_duplicate_pairs(context.store, context.actor, limit=_SIZE, offset=(page - 1) * _SIZE)


def draw_choice(id: str, context: RequestContext) -> None:
    """Who is the same person as the customer with this `_id`, to be looked for."""
    try:
        customer = get_customer(context.store, context.actor, id)
    except NotFound as error:
        st.write(error.message)
        return
    st.subheader(f"Who is the same person as {named(customer)}?", anchor=False)
    typed = st.text_input(
        "Look for the other one",
        type="search",
        key="merge_search",
        live="300ms",
        placeholder="Name, phone, e-mail or ID",
    )
    # Until somebody is looked for, those with the same name are likely.
    text = searchable(typed or "") or customer.customer_name
    found = find_customers(context.store, context.actor, text)
    others = [each for each in found.customers if each.id != customer.id]
    for other in others:
        with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"other_{other.id}"):
            _draw_person(other, context)
            st.button(
                "Compare", icon=":material/compare:", key=f"compare_{other.id}", on_click=compare, args=(id, other.id)
            )
    if not others:
        st.caption("Nobody else found.")


def _draw_pair(pair: DuplicatePair, context: RequestContext) -> None:
    ids = (pair.one.id, pair.other.id)
    key = "_".join(ids)
    with st.container(border=True, key=f"pair_{key}", gap="small"):
        st.markdown(f"Both have {plain(pair.reason)}.")
        with st.grid(2, min_column_width=240):
            for customer in (pair.one, pair.other):
                _draw_person(customer, context)
        with st.container(horizontal=True):
            st.button(
                "Compare", type="primary", icon=":material/compare:", key=f"compare_{key}", on_click=compare, args=ids
            )
            if context.may(merge_customers):
                st.button(
                    "Not the same person",
                    icon=":material/call_split:",
                    key=f"different_{key}",
                    on_click=remember,
                    args=ids,
                )


def _draw_person(customer: Customer, context: RequestContext) -> None:
    spent = plain(money(customer.purchase_amount, context.shop))
    member = " · Member" if customer.membership_status else ""
    with st.container(gap=None):
        link_to_customer(customer.id, f"**{isolated(customer.customer_name)}**")
        st.text(customer.contact_info)
        st.caption(f"{isolated(customer.customer_id)} · {spent}{member}")
