"""The page of one customer: who it is, what is known, what can be done, deleting and erasing among it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

import streamlit as st
from jinja2 import Template

from kinso.models.customers import Customer
from kinso.models.fields import FIELDS, SPECIFIED
from kinso.models.history import TrashedCustomer
from kinso.models.purchases import MembershipStatus
from kinso.models.validation import LABELS
from kinso.services.customers.editing import delete_customer, set_membership, update_customer
from kinso.services.customers.merging import merge_customers
from kinso.services.history.trash import erase_person, restore_customers
from kinso.services.purchases.recording import record_sale
from kinso.ui.browser import show_in_tab
from kinso.ui.customers.card import (
    Card,
    Deletion,
    Editing,
    MembershipChange,
    PurchaseForm,
    Question,
    RefundForm,
    at_card,
    close_question,
)
from kinso.ui.customers.deletion import delete_each, draw_deletion
from kinso.ui.customers.edit_dialog import ask_to_edit
from kinso.ui.customers.grid_state import Row
from kinso.ui.customers.merging import choose_other
from kinso.ui.customers.page_state import current_session
from kinso.ui.customers.words import isolated, named, value_in_words
from kinso.ui.feedback import celebrate, failures_as_toasts
from kinso.ui.history.trash import Erasure, draw_erasure, erase_if_confirmed
from kinso.ui.membership.status import ask_to_change, badge_of
from kinso.ui.purchases.ledger import ask_for_refund
from kinso.ui.purchases.recording import ask_for_purchase
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import counted, moment, plain

Kind = Literal["primary", "secondary", "tertiary"]
_EMAIL = re.compile(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")
_PHONE = re.compile(r"[+(]?[0-9][0-9 ().\-]{4,24}")
_FEWEST_DIGITS, _MOST_DIGITS = 5, 15
_LINK = Template(
    '<a href="{{ address }}" style="color:inherit;text-underline-offset:3px">{{ text }}</a>', autoescape=True
)


def draw_head(card: Card, status: MembershipStatus, context: RequestContext) -> None:
    """Name, ID, membership, actions."""
    customer = status.customer
    show_in_tab(customer.customer_name or customer.customer_id)
    st.title(isolated(customer.customer_name or "(no name)"), anchor=False)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.text(customer.customer_id, width="content")
        label, icon, colour = badge_of(status, context)
        st.badge(label, icon=icon, color=colour)
    if card.news:
        st.success(card.news, icon=":material/celebration:")
    with st.container(horizontal=True, vertical_alignment="center"):
        _draw_actions(customer, context)


def draw_facts(customer: Customer, context: RequestContext) -> None:
    """Contact, dates, and a word about what waits unsaved in the list."""
    st.caption(LABELS["contactInfo"])
    draw_contact(customer, context)
    for field in FIELDS[SPECIFIED:]:
        if (entered := field.of(customer)) != field.type.empty:
            st.caption(field.label)
            st.text(value_in_words(field.name, entered, context.shop))
    for name, value in (("createdAt", customer.created_at), ("updatedAt", customer.updated_at)):
        st.caption(LABELS[name])
        st.text(moment(value, context.shop))
    grid = current_session().grid
    row = grid.find(customer.id) if grid else None
    pending = len(grid.pending(row)) if grid and row else 0
    if pending:
        st.caption(f":material/edit_note: {counted(pending, 'unsaved change')} of yours in the list of customers.")


def draw_contact(customer: Customer, context: RequestContext) -> None:
    """The contact; one that can be called or written to is a link."""
    if address := contact_address(customer.contact_info):
        st.html(_LINK.render(address=address, text=customer.contact_info))
    else:
        st.text(value_in_words("contactInfo", customer.contact_info, context.shop))


def contact_address(contact: str) -> str | None:
    """Where a contact leads that is nothing but an e-mail address or a phone number: `mailto:…` or `tel:…`."""
    if _EMAIL.fullmatch(contact):
        return f"mailto:{contact}"
    digits = "".join(character for character in contact if character in "0123456789")
    if _PHONE.fullmatch(contact) and _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS:
        return f"tel:{'+' if contact.startswith('+') else ''}{digits}"
    return None


def draw_deleted(trashed: TrashedCustomer, context: RequestContext) -> None:
    """Instead of the page of a deleted customer: that they are, and the way back for those who may."""
    with st.container(border=True, width=640, gap="medium"):
        st.subheader(f"{named(trashed.customer)} was deleted", icon=":material/delete:", anchor=False)
        st.markdown(f"On {plain(moment(trashed.deleted_at, context.shop))} by {plain(trashed.by_name)}.")
        if context.may(restore_customers):
            st.button(
                "Restore",
                type="primary",
                icon=":material/restore_from_trash:",
                key="customer_restore",
                on_click=_restore,
                args=(trashed.id,),
            )
        else:
            st.write("A manager can restore deleted customers from the trash.")


def show_question(card: Card, customer: Customer) -> None:
    """Draw it; call it once, last."""
    match card.question:
        case PurchaseForm() as form:
            ask_for_purchase(form, customer)
        case RefundForm() as form:
            ask_for_refund(form, customer)
        case Editing() as editing:
            ask_to_edit(editing, customer)
        case MembershipChange() as change:
            ask_to_change(change)
        case Deletion() as deletion:
            _ask_to_delete(deletion)
        case Erasure() as erasure:
            _ask_to_erase(erasure)


@st.dialog("Delete this customer?", icon=":material/delete:", on_dismiss=close_question)
def _ask_to_delete(question: Deletion) -> None:
    """Say what that means, and ask once."""
    draw_deletion([question.customer], on_keep=close_question, on_delete=lambda: _delete(question))


@st.dialog("Erase personal data", icon=":material/person_remove:", on_dismiss=close_question)
def _ask_to_erase(question: Erasure) -> None:
    """Say what that means, and have the customer ID typed."""
    draw_erasure(question, close_question, _erase)


def _draw_actions(customer: Customer, context: RequestContext) -> None:
    if context.may(record_sale):
        _draw("Record purchase", ":material/add_shopping_cart:", "record_purchase", PurchaseForm, "primary")
        _draw("Refund", ":material/assignment_return:", "refund_purchase", RefundForm)
    if context.may(update_customer):
        _draw("Edit", ":material/edit:", "edit_customer", lambda: Editing(Row(customer)))
    if context.may(set_membership):
        is_member = customer.membership_status
        label = "End membership" if is_member else "Make a member"
        change = MembershipChange(customer, not is_member)
        _draw(label, ":material/loyalty:", "change_membership", lambda: change)
    if context.may(merge_customers):
        st.button(
            "Merge", icon=":material/call_merge:", key="merge_customer", on_click=choose_other, args=(customer.id,)
        )
    if context.may(delete_customer):
        _draw("Delete", ":material/delete:", "delete_customer", lambda: Deletion(customer), "tertiary")
    if context.may(erase_person):
        _draw("Erase personal data", ":material/person_remove:", "erase_person", lambda: Erasure(customer), "tertiary")


def _draw(label: str, icon: str, key: str, question: Callable[[], Question], kind: Kind = "secondary") -> None:
    st.button(label, icon=icon, key=key, type=kind, on_click=_ask, args=(question,))


def _ask(question: Callable[[], Question]) -> None:
    with at_card() as card:
        card.ask(question())


def _delete(question: Deletion) -> None:
    with at_card() as card, failures_as_toasts():
        if card.question is question:
            card.ask(None)
            delete_each(current_context(), [question.customer])
    st.rerun()


def _erase(question: Erasure) -> None:
    with at_card() as card, failures_as_toasts():
        if card.question is question and erase_if_confirmed(question):
            card.ask(None)
    st.rerun()


def _restore(id: str) -> None:
    with failures_as_toasts():
        context = current_context()
        (restored,) = restore_customers(context.store, context.actor, [id])
        celebrate(f"{named(restored)} restored.")
