"""The registration form: its inputs, its warnings and its buttons."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import streamlit as st

from kinso.models.customers import LikelyDuplicate
from kinso.models.fields import BY_NAME, FIELDS, SPECIFIED
from kinso.models.shop import ShopSettings
from kinso.services.customers.registering import propose_customer_id
from kinso.ui.browser import link_to_customer
from kinso.ui.customers.field_widgets import WIDGETS, label_of
from kinso.ui.customers.grid import focus_on
from kinso.ui.customers.page_state import in_session
from kinso.ui.customers.registration import Person, Registration, register
from kinso.ui.customers.words import named
from kinso.ui.drafts import keep_while_typed, offer_drafts
from kinso.ui.request_context import RequestContext
from kinso.ui.wording import membership, plain


def draw_registration(form: Registration, context: RequestContext, *, cancel: bool = False) -> None:
    """Draw the form numbered `form.serial`; with `cancel`, it has a button that only calls for a new run.

    While a warning is shown, Enter does nothing, and below it no button stands where Save stood: nobody should register
    somebody twice by accident.
    """
    if form.is_untouched:
        offer_drafts(context, {form.place: "Unsaved registration"}, form.restore, present=form.draft_id)
    if form.proposal is None:
        form.proposal = propose_customer_id(context.store, context.actor)
    with st.form(form.key("form"), border=not cancel, enter_to_submit=not form.duplicates):
        draw_fields(form.key, form.errors, context.shop, values={"customerId": form.proposal})
        if form.holder is not None:
            link_to_customer(form.holder.id, f"Open {named(form.holder)}", icon=":material/person:")
        if form.duplicates:
            _draw_duplicates(form)
        with st.container(horizontal=True):
            if form.duplicates:
                _draw_answers(form)
            else:
                _draw_submit(form, "Save", "save", another=False)
                _draw_submit(form, "Save and add another", "another", another=True)
            if cancel:
                st.form_submit_button("Cancel", key=form.key("cancel"), on_click=_give_up, args=(form,))
    keep_while_typed(form, form.place, seen=json.dumps(form.proposal))
    if form.serial > 1:
        focus_on(form.key("customerName"))


def _draw_submit(form: Registration, label: str, name: str, *, another: bool, seen: Person | None = None) -> None:
    st.form_submit_button(
        label,
        key=form.key(name),
        type="primary" if name == "save" else "secondary",
        on_click=_submit,
        args=(form, form.serial),
        kwargs={"seen": seen, "another": another},
    )


def _draw_answers(form: Registration) -> None:
    """To what was warned of; what was typed since then is looked at anew in any case."""
    _draw_submit(form, "Check again", "check", another=form.wants_another)
    _draw_submit(form, "Register anyway", "anyway", another=form.wants_another, seen=form.warned_of)


def _submit(form: Registration, serial: int, *, seen: Person | None, another: bool) -> None:
    if register(form, serial, seen=seen, another=another):
        with in_session() as session:
            if not session.pending_count:
                session.drop_grid()
    st.rerun()


def _give_up(form: Registration) -> None:
    form.begin_next(None, is_finished=True)
    st.rerun()


def _draw_duplicates(form: Registration) -> None:
    st.markdown(":orange[:material/group:] **Is it one of these?** Nobody has been registered yet.")
    for duplicate in form.duplicates:
        _draw_duplicate(duplicate)


def _draw_duplicate(duplicate: LikelyDuplicate) -> None:
    customer = duplicate.customer
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container(gap=None):
            st.markdown(f"**{named(customer)}** has {duplicate.has}.")
            st.text(f"{customer.contact_info} · {membership(customer.membership_status)}")
        with st.container(width="content"):
            link_to_customer(customer.id, "Open", icon=":material/person:")


_BESIDE = ("customerId", "purchaseAmount", "membershipStatus")
_BESIDE_A_FIELD = 32
"""Pixels above a checkbox that stands next to a field with a label."""


def draw_fields(
    key_of: Callable[[str], str],
    errors: Mapping[str, str],
    shop: ShopSettings,
    *,
    values: Mapping[str, Any] | None = None,
) -> None:
    """Draw them under the widget keys that `key_of` gives; `values` are what they start with, by stored names."""
    start = values or {}

    def draw(name: str) -> None:
        field = BY_NAME[name]
        WIDGETS[field.type.key].draw(field, key_of(name), start.get(name), label_of(field, shop))

    for name in ("customerName", "contactInfo"):
        with _field(name, errors):
            draw(name)
    for column, name in zip(st.columns(3), _BESIDE, strict=True):
        with column, _field(name, errors):
            if BY_NAME[name].type.key == "yes/no":
                st.space(_BESIDE_A_FIELD)
            draw(name)
    for field in FIELDS[SPECIFIED:]:
        with _field(field.name, errors):
            draw(field.name)


@contextmanager
def _field(name: str, errors: Mapping[str, str]) -> Iterator[None]:
    with st.container(gap="xxsmall"):
        yield
        if message := errors.get(name):
            st.markdown(f":small[:red[:material/error: {plain(message)}]]")
