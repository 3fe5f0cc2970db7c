"""A customer beside the list: who it is, why they are a member or not, their last purchases, and what comes next."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from kinso.errors import NotFound
from kinso.models.customers import Customer
from kinso.models.fields import FIELDS, SPECIFIED
from kinso.models.purchases import LedgerLine, MembershipStatus, PurchaseSummary
from kinso.models.shop import ShopSettings
from kinso.services.customers.editing import find_changed_since, set_membership, update_customer
from kinso.services.customers.recent import note_opened
from kinso.services.membership.eligibility import membership_status_of
from kinso.services.purchases.reading import list_ledger, summarize_purchases
from kinso.services.purchases.recording import record_sale
from kinso.ui.browser import link_to_customer
from kinso.ui.customers.card import (
    Card,
    Editing,
    MembershipChange,
    PurchaseForm,
    Question,
    RefundForm,
    at_card,
    open_card,
)
from kinso.ui.customers.customer_page import draw_contact
from kinso.ui.customers.edit_dialog import draw_edit, offer_typed_forms
from kinso.ui.customers.grid_state import Row
from kinso.ui.customers.page_state import OpenCustomer, in_session, open_beside
from kinso.ui.customers.saving import look_again
from kinso.ui.customers.words import isolated, value_in_words
from kinso.ui.feedback import warn
from kinso.ui.membership.status import badge_of, draw_change, status_in_words
from kinso.ui.purchases.ledger import draw_refund
from kinso.ui.purchases.recording import draw_purchase
from kinso.ui.purchases.words import KINDS, about
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import counted, day, money, plain

_WIDTH = 480
_LAST = 5
OPENING = "open_customer"
"""The key of an input that nobody sees, into which the browser writes whom to open."""


def draw_opening() -> None:
    """What a script writes the `_id` of a customer into, to have them opened beside the list."""
    st.text_input("Open", key=OPENING, live="50ms", on_change=_open_written)


def show_panel(question: OpenCustomer, context: RequestContext) -> None:
    """Draw it; who was deleted meanwhile is only told about."""
    try:
        customer = membership_status_of(context.store, context.actor, question.id).customer
    except NotFound as error:
        with in_session() as session:
            session.question = None
            look_again(session, context)
        warn(error.message)
        st.rerun()
    title = isolated(customer.customer_name or "(no name)")
    st.dialog(title, icon=":material/person:", width=_WIDTH, position="right", on_dismiss=_close)(_draw)(question.id)


def _open_written() -> None:
    id = st.session_state[OPENING]
    st.session_state[OPENING] = ""
    if id:
        open_beside(id)


def _close() -> None:
    """What was typed stays a draft, which is offered when the customer is opened again."""
    with in_session() as session:
        if isinstance(session.question, OpenCustomer):
            context, id = current_context(), session.question.id
            session.question = None
            with at_card() as card:
                card.question, card.news = None, ""
            row = session.grid.find(id) if session.grid else None
            if row and find_changed_since(context.store, context.actor, {id: row.base.version}):
                look_again(session, context)


def _draw(id: str) -> None:
    context = current_context()
    card, is_new = open_card(id)
    match card.question:
        case PurchaseForm() as form:
            st.subheader("Record a purchase", anchor=False)
            draw_purchase(form, id)
        case RefundForm() as form:
            st.subheader("Refund a purchase", anchor=False)
            draw_refund(form, id)
        case Editing() as editing:
            st.subheader("Edit", anchor=False)
            draw_edit(editing, id)
        case MembershipChange() as change:
            draw_change(change)
        case _:
            status = membership_status_of(context.store, context.actor, id)
            if is_new:
                note_opened(context.store, context.actor, status.customer)
            _draw_customer(card, status, context)


def _draw_customer(card: Card, status: MembershipStatus, context: RequestContext) -> None:
    customer = status.customer
    summary = summarize_purchases(context.store, context.actor, customer.id)
    label, icon, colour = badge_of(status, context)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.text(customer.customer_id, width="content")
        st.badge(label, icon=icon, color=colour)
    draw_contact(customer, context)
    if card.news:
        st.success(card.news, icon=":material/celebration:")
    offer_typed_forms(card, context)
    _draw_actions(customer, context)
    st.markdown(_figures(customer, summary, context.shop))
    st.caption(status_in_words(status, context))
    _draw_last(card, context)
    for field in FIELDS[SPECIFIED:]:
        if (entered := field.of(customer)) != field.type.empty:
            with st.container(gap="xxsmall"):
                st.caption(field.label)
                st.text(value_in_words(field.name, entered, context.shop))
    link_to_customer(customer.id, "Open the whole page", icon=":material/open_in_full:")


def _draw_actions(customer: Customer, context: RequestContext) -> None:
    with st.container(horizontal=True):
        if context.may(record_sale):
            _button("Record purchase", ":material/add_shopping_cart:", PurchaseForm, is_first=True)
            _button("Refund", ":material/assignment_return:", RefundForm)
        if context.may(update_customer):
            _button("Edit", ":material/edit:", lambda: Editing(Row(customer)))
        if context.may(set_membership):
            change = MembershipChange(customer, not customer.membership_status)
            label = "Make a member" if change.membership_status else "End membership"
            _button(label, ":material/loyalty:", lambda: change)


def _button(label: str, icon: str, question: Callable[[], Question], *, is_first: bool = False) -> None:
    key = f"panel_{label.lower().replace(' ', '_')}"
    st.button(label, icon=icon, key=key, type="primary" if is_first else "secondary", on_click=_ask, args=(question,))


def _ask(question: Callable[[], Question]) -> None:
    with at_card() as card:
        card.ask(question())


def _figures(customer: Customer, summary: PurchaseSummary, shop: ShopSettings) -> str:
    parts = [f"**{plain(money(customer.purchase_amount, shop))}** in total", counted(summary.count, "purchase")]
    if summary.average is not None:
        parts.append(f"{plain(money(summary.average, shop))} on average")
    if summary.last is not None:
        parts.append(f"last on {plain(day(summary.last.astimezone(shop.zone).date()))}")
    return " · ".join(parts)


def _draw_last(card: Card, context: RequestContext) -> None:
    lines = list_ledger(context.store, context.actor, card.id, page=1, limit=_LAST).lines
    if not lines:
        st.caption("No purchases yet.")
        return
    with st.container(border=True, gap="xsmall"):
        for line in lines:
            _draw_line(line, context.shop)


def _draw_line(line: LedgerLine, shop: ShopSettings) -> None:
    entry = line.entry
    what = about(line, shop) or KINDS[entry.kind]
    with st.container(horizontal=True, horizontal_alignment="distribute", wrap=False):
        with st.container(gap=None):
            st.markdown(plain(what))
            st.caption(plain(day(entry.sold_at.astimezone(shop.zone).date())))
        st.markdown(plain(money(entry.amount, shop)), width="content", text_alignment="right")
