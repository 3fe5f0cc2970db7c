"""The form that registers a customer, as a page and as a dialog."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

import streamlit as st

from kinso.errors import AmbiguousCustomerId, DuplicateCustomerId, FieldError, InvalidInput, MirrorNotReady
from kinso.models.customers import Customer, CustomerDraft, Draft, LikelyDuplicate
from kinso.models.text import id_key
from kinso.models.typed_person import name_and_contact
from kinso.models.validation import parse
from kinso.repository.documents import new_id
from kinso.services.customers.editing import create_customer, end_draft
from kinso.services.customers.finding import find_by_customer_id
from kinso.services.customers.registering import find_duplicates_of
from kinso.services.insights import await_lists
from kinso.ui.browser import link_to_customer
from kinso.ui.customers.field_widgets import restore_values, typed_values
from kinso.ui.customers.words import named
from kinso.ui.drafts import forget_draft, seen_in
from kinso.ui.feedback import celebrate, failures_as_toasts, remind, warn
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import counted, membership, plain

Person = tuple[str, str, str]
"""ID, name and contact, as they would be stored."""
_DOUBLE_CLICK = 1.0
"""Seconds within which a second click on Save, which then meets the emptied form, is taken for part of the first."""


@dataclass
class Registration:
    """One form after the other at one place; `serial` names the present one, also to the browser.

    `proposal` is the ID that it began with. `holder` is who has the typed ID already; `duplicates` are those who may be
    the person that a warning was about, and `wants_another` tells which button had brought it up.
    """

    place: str
    serial: int = 1
    errors: dict[str, str] = field(default_factory=dict)
    holder: Customer | None = None
    duplicates: Sequence[LikelyDuplicate] = ()
    warned_of: Person | None = None
    wants_another: bool = False
    proposal: str | None = None
    created: Customer | None = None
    is_finished: bool = False
    renewed_at: float | None = None
    draft_id: str = field(default_factory=new_id)
    lock: RLock = field(default_factory=RLock, repr=False)

    def key(self, name: str) -> str:
        """The widget key of a field."""
        return f"{self.place}_{self.serial}_{name}"

    def typed(self) -> dict[str, Any]:
        """What is in the form, by stored names; an amount that was left empty is left out."""
        return typed_values(self.key)

    @property
    def is_untouched(self) -> bool:
        """Whether nobody has typed into it yet; the ID is there from the beginning."""
        return not any(value for name, value in self.typed().items() if name != "customerId")

    def restore(self, draft: Draft) -> None:
        """From a callback: put back what was typed into a form like this one."""
        values = draft.content["values"]
        self.draft_id, self.proposal = draft.id, seen_in(draft)
        restore_values(self.key, values)

    def begin_with(self, typed: str) -> None:
        """Put a form in place of this one that knows what was typed to find somebody.

        What was typed into this one stays a draft.
        """
        self.serial += 1
        self.draft_id, self.errors, self.duplicates, self.warned_of = new_id(), {}, (), None
        self.holder = self.proposal = self.created = None
        self.is_finished = False
        name, contact = name_and_contact(typed)
        st.session_state[self.key("customerName")] = name
        st.session_state[self.key("contactInfo")] = contact

    def begin_next(self, created: Customer | None, *, is_finished: bool = False) -> None:
        """Put an empty form in place of this one, before another click can interrupt it; then forget what was typed."""
        ended, self.draft_id = self.draft_id, new_id()
        self.serial += 1
        self.errors, self.duplicates, self.warned_of, self.proposal = {}, (), None, None
        self.holder = None
        self.created, self.renewed_at = created, time.monotonic()
        self.is_finished = is_finished
        forget_draft(self, id=ended)


def register(form: Registration, serial: int, *, seen: Person | None, another: bool) -> bool:
    """From a callback: save what is in the form numbered `serial`; whether that made a new customer.

    `seen` is whom a warning that the button answers was about. A form that was saved already is not saved again,
    however often its button is clicked. The second of two quick clicks runs while the first one is being served, so it
    waits for that; it is not taken for an answer to a warning that the first one brought up.
    """
    with form.lock:
        typed = form.typed()
        if serial != form.serial or form.is_finished or _is_second_click(form, typed):
            return False
        with failures_as_toasts():
            context = current_context()
            draft = _check(form, context, typed)
            if draft is not None:
                return _create(form, context, draft, seen=seen, another=another)
        return False


def _check(form: Registration, context: RequestContext, typed: Mapping[str, Any]) -> CustomerDraft | None:
    errors: dict[str, str] = {}
    draft, form.holder = None, None
    try:
        draft = parse(CustomerDraft, typed)
    except InvalidInput as error:
        errors = _by_field(error.errors)
    if "customerId" not in errors:
        try:
            holder = find_by_customer_id(context.store, context.actor, typed["customerId"])
        except AmbiguousCustomerId as error:
            holder, errors = None, {**_by_field(error.errors), **errors}
        if holder is not None and not _is_proposed(form, typed["customerId"]):
            form.holder = holder
            taken = f"Customer ID “{holder.customer_id}” is taken by {holder.customer_name}; choose another one."
            errors = {"customerId": taken, **errors}
    if errors:
        _refuse(form, errors)
        return None
    return draft


def _create(
    form: Registration, context: RequestContext, draft: CustomerDraft, *, seen: Person | None, another: bool
) -> bool:
    person = (draft.customer_id, draft.customer_name, draft.contact_info)
    form.errors = {}
    if seen != person and _warn(form, person, _find_duplicates(context, draft), another=another):
        return False
    is_proposed = _is_proposed(form, draft.customer_id)
    try:
        created = create_customer(context.store, context.actor, draft, is_proposed=is_proposed)
    except DuplicateCustomerId as error:
        _refuse(form, _by_field(error.errors))
        return False
    end_draft(context.store, context.actor, form.draft_id)
    form.begin_next(created, is_finished=not another)
    is_other = is_proposed and id_key(created.customer_id) != id_key(draft.customer_id)
    taken = f" {draft.customer_id} was taken meanwhile." if is_other else ""
    celebrate(plain(f"{created.customer_name} ({created.customer_id}) is registered.{taken}"))
    return True


def _find_duplicates(context: RequestContext, draft: CustomerDraft) -> list[LikelyDuplicate]:
    """Who may be the same person; nobody has to wait for lists that are being prepared to register somebody."""
    try:
        await_lists(context.store, context.actor)
        return find_duplicates_of(context.store, context.actor, draft)
    except MirrorNotReady:
        remind("Nobody could look yet whether this customer may be there already.")
        return []


def _warn(form: Registration, person: Person, duplicates: Sequence[LikelyDuplicate], *, another: bool) -> bool:
    """Show who may be the same person, if anybody may; whether that holds the registration up."""
    form.duplicates, form.wants_another = duplicates, another
    if not duplicates:
        form.warned_of = None
        return False
    if form.warned_of != person:
        warn("Not registered yet: this customer may be there already.")
    form.warned_of = person
    return True


def _is_proposed(form: Registration, customer_id: str) -> bool:
    return bool(form.proposal) and customer_id.strip() == form.proposal


def _refuse(form: Registration, errors: dict[str, str]) -> None:
    form.errors = errors
    warn(f"Not registered: {counted(len(errors), 'field')} {'needs' if len(errors) == 1 else 'need'} attention.")


def _by_field(errors: Sequence[FieldError]) -> dict[str, str]:
    return {error.field: error.message for error in errors}


def _is_second_click(form: Registration, typed: Mapping[str, Any]) -> bool:
    is_fresh = form.renewed_at is not None and time.monotonic() - form.renewed_at < _DOUBLE_CLICK
    return is_fresh and not any(value for name, value in typed.items() if name != "customerId")


def show_registered(form: Registration) -> None:
    """The last one registered here, and where to go from there."""
    created = form.created
    if created is None:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container(gap=None, width="content"):
            st.markdown(f":green[:material/check_circle:] **{named(created)}** is registered.")
            st.text(f"{created.contact_info} · {membership(created.membership_status)}")
        link_to_customer(created.id, "Open customer", icon=":material/person:")
        if form.is_finished:
            st.button(
                "Register another", key="register_another", icon=":material/person_add:", on_click=_begin, args=(form,)
            )


def _begin(form: Registration) -> None:
    form.begin_next(None)
