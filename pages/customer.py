"""One customer: who they are, why they are a member or not, what they bought, and everything that can be done."""

from __future__ import annotations

import streamlit as st

from kinso.errors import NotFound
from kinso.models.purchases import MembershipStatus
from kinso.services.customers.finding import find_deleted
from kinso.services.customers.recent import note_opened
from kinso.services.membership.eligibility import membership_status_of
from kinso.services.purchases.reading import summarize_purchases
from kinso.ui.browser import CUSTOMER_ID, link_to_customers
from kinso.ui.customers.card import Card, open_card
from kinso.ui.customers.customer_page import draw_deleted, draw_facts, draw_head, show_question
from kinso.ui.customers.edit_dialog import offer_typed_forms
from kinso.ui.history.customer import draw_changes
from kinso.ui.membership.status import draw_status
from kinso.ui.purchases.ledger import PAGE, draw_figures, draw_ledger
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import money


def show_nobody(card: Card, context: RequestContext) -> None:
    """Instead of a customer: that they were deleted, or that there is none at this address."""
    card.ask(None)
    deleted = find_deleted(context.store, context.actor, card.id)
    st.title("Customer", anchor=False)
    if deleted is not None:
        draw_deleted(deleted, context)
    else:
        with st.container(border=True, width=640, gap="medium"):
            st.subheader("There is no such customer", icon=":material/person_search:", anchor=False)
            st.write("The address is incomplete, or the customer was removed for good.")
    link_to_customers()


def show_customer(card: Card, status: MembershipStatus, context: RequestContext) -> None:
    """Everything about one customer, and the open dialog."""
    customer = status.customer
    if is_new:
        note_opened(context.store, context.actor, customer)
    summary = summarize_purchases(context.store, context.actor, customer.id)
    draw_head(card, status, context)
    offer_typed_forms(card, context)
    draw_figures(summary, money(customer.purchase_amount, context.shop), context.shop)
    facts, membership = st.columns([2, 3])
    with facts.container(border=True, height="stretch", gap="xxsmall"):
        draw_facts(customer, context)
    with membership.container(border=True, height="stretch", gap="small"):
        draw_status(status, context)
    purchases, history = st.tabs(["Purchases", "History"], key="customer_tab", on_change="rerun")
    if purchases.open:
        with purchases:
            draw_ledger(card, summary, context)
    if history.open:
        with history:
            draw_changes(card, customer, context)
    show_question(card, customer)


context = current_context()
wanted = st.query_params.get(CUSTOMER_ID, "")
card, is_new = open_card(wanted)
if is_new and wanted:
    # A link from one customer to another stays on this page, and then Streamlit leaves the address as it was.
    st.query_params[CUSTOMER_ID] = wanted
if is_new and PAGE not in st.query_params:
    st.session_state[PAGE] = 1
try:
    status = membership_status_of(context.store, context.actor, wanted)
except NotFound:
    show_nobody(card, context)
else:
    show_customer(card, status, context)
