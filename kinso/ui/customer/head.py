"""The top of a customer's page: who it is, the good news, and what can be done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import streamlit as st

from kinso.models.accounts import Permission
from kinso.models.customers import Customer
from kinso.models.purchases import MembershipStanding
from kinso.ui.customer.card import (
    Card,
    Deletion,
    Editing,
    MembershipChange,
    PurchaseForm,
    Question,
    RefundForm,
    at_card,
)
from kinso.ui.customer.membership import badge_of
from kinso.ui.customers.sheet import Row
from kinso.ui.customers.words import isolated
from kinso.ui.tab import show_in_tab
from kinso.ui.trash.erasing import Erasure
from kinso.ui.visit import Visit

Kind = Literal["primary", "secondary", "tertiary"]


def draw_head(card: Card, standing: MembershipStanding, visit: Visit) -> None:
    """Name, ID, membership, actions."""
    customer = standing.customer
    show_in_tab(customer.customer_name or customer.customer_id)
    st.title(isolated(customer.customer_name or "(no name)"), anchor=False)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.text(customer.customer_id, width="content")
        label, icon, colour = badge_of(standing, visit)
        st.badge(label, icon=icon, color=colour)
    if card.news:
        st.success(card.news, icon=":material/celebration:")
    with st.container(horizontal=True, vertical_alignment="center"):
        _draw_actions(customer, visit)


def _draw_actions(customer: Customer, visit: Visit) -> None:
    if visit.may(Permission.PURCHASES):
        _draw("Record purchase", ":material/add_shopping_cart:", "record_purchase", PurchaseForm, "primary")
        _draw("Refund", ":material/assignment_return:", "refund_purchase", RefundForm)
    if visit.may(Permission.EDIT):
        _draw("Edit", ":material/edit:", "edit_customer", lambda: Editing(Row(customer)))
    if visit.may(Permission.MEMBERSHIP):
        is_member = customer.membership_status
        label = "End membership" if is_member else "Make a member"
        change = MembershipChange(customer, not is_member)
        _draw(label, ":material/loyalty:", "change_membership", lambda: change)
    if visit.may(Permission.DELETE):
        _draw("Delete", ":material/delete:", "delete_customer", lambda: Deletion(customer), "tertiary")
    if visit.may(Permission.ERASE):
        _draw("Erase person", ":material/person_remove:", "erase_person", lambda: Erasure(customer), "tertiary")


def _draw(label: str, icon: str, key: str, question: Callable[[], Question], kind: Kind = "secondary") -> None:
    st.button(label, icon=icon, key=key, type=kind, on_click=_ask, args=(question,))


def _ask(question: Callable[[], Question]) -> None:
    with at_card() as card:
        card.ask(question())
