"""The form that registers a customer, as a page and as a dialog."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

import streamlit as st

from kinso.errors import AmbiguousCustomerId, DuplicateCustomerId, FieldError, InvalidInput
from kinso.models.customer import Customer, CustomerDraft
from kinso.models.validation import parse
from kinso.services.customers import create_customer
from kinso.services.lookup import find_by_customer_id
from kinso.services.similar import find_similar_customers
from kinso.ui.feedback import celebrate, failures_as_toasts, warn
from kinso.ui.figures import forget_figures
from kinso.ui.visit import Visit, current_visit
from kinso.ui.wording import counted, plain

Person = tuple[str, str]
"""Name and contact, as they would be stored."""
TEXTS = ("customerId", "customerName", "contactInfo")
_DOUBLE_CLICK = 1.0
"""Seconds within which a second click on Save, which then meets the emptied form, is taken for part of the first."""


@dataclass
class Registration:
    """One form after the other at one place; `serial` names the present one, also to the browser.

    `holder` is who has the typed ID already, `similar` are those who may be the same person.
    """

    place: str
    serial: int = 1
    errors: dict[str, str] = field(default_factory=dict)
    holder: Customer | None = None
    similar: Sequence[Customer] = ()
    warned_of: Person | None = None
    suggestion: str | None = None
    created: Customer | None = None
    is_finished: bool = False
    renewed_at: float | None = None
    lock: RLock = field(default_factory=RLock, repr=False)

    def key(self, name: str) -> str:
        """The widget key of a field."""
        return f"{self.place}_{self.serial}_{name}"

    def typed(self) -> dict[str, Any]:
        """What is in the form, by stored names; an amount that was left empty is left out."""
        values: dict[str, Any] = {name: st.session_state.get(self.key(name)) or "" for name in TEXTS}
        if (amount := st.session_state.get(self.key("purchaseAmount"))) is not None:
            values["purchaseAmount"] = amount
        values["membershipStatus"] = bool(st.session_state.get(self.key("membershipStatus")))
        return values

    def begin_next(self, created: Customer | None) -> None:
        """Put an empty form in place of this one."""
        self.serial += 1
        self.errors, self.similar, self.warned_of, self.suggestion = {}, (), None, None
        self.holder = None
        self.created, self.renewed_at = created, time.monotonic()
        self.is_finished = False


def register(form: Registration, serial: int, *, seen: Person | None, another: bool) -> bool:
    """From a callback: save what is in the form numbered `serial`; whether that made a new customer.

    `seen` is whom a warning that stood beside the button was about. A form that was saved already is not saved again,
    however often its button is clicked. The second of two quick clicks runs while the first one is being served, so it
    waits for that; it is not taken for an answer to a warning that the first one brought up.
    """
    with form.lock:
        typed = form.typed()
        if serial != form.serial or form.is_finished or _is_second_click(form, typed):
            return False
        with failures_as_toasts():
            visit = current_visit()
            draft = _check(form, visit, typed)
            if draft is not None:
                return _create(form, visit, draft, seen=seen, another=another)
        return False


def _check(form: Registration, visit: Visit, typed: Mapping[str, Any]) -> CustomerDraft | None:
    errors: dict[str, str] = {}
    draft, form.holder = None, None
    try:
        draft = parse(CustomerDraft, typed)
    except InvalidInput as error:
        errors = _by_field(error.errors)
    if "customerId" not in errors:
        try:
            holder = find_by_customer_id(visit.store, visit.actor, typed["customerId"])
        except AmbiguousCustomerId as error:
            holder, errors = None, {**_by_field(error.errors), **errors}
        if holder is not None:
            form.holder = holder
            taken = f"Customer ID “{holder.customer_id}” is taken by {holder.customer_name}; choose another one."
            errors = {"customerId": taken, **errors}
    if errors:
        _refuse(form, errors)
        return None
    return draft


def _create(form: Registration, visit: Visit, draft: CustomerDraft, *, seen: Person | None, another: bool) -> bool:
    person = (draft.customer_name, draft.contact_info)
    form.errors = {}
    if seen != person:
        form.similar = find_similar_customers(
            visit.store, visit.actor, customer_name=draft.customer_name, contact_info=draft.contact_info
        )
        if form.similar:
            if form.warned_of != person:
                warn("Not registered yet: there is a very similar customer.")
            form.warned_of = person
            return False
    try:
        created = create_customer(visit.store, visit.actor, draft)
    except DuplicateCustomerId as error:
        _refuse(form, _by_field(error.errors))
        return False
    form.begin_next(created)
    form.is_finished = not another
    forget_figures()
    celebrate(plain(f"{created.customer_name} ({created.customer_id}) is registered."))
    return True


def _refuse(form: Registration, errors: dict[str, str]) -> None:
    form.errors = errors
    warn(f"Not registered: {counted(len(errors), 'field')} {'needs' if len(errors) == 1 else 'need'} attention.")


def _by_field(errors: Sequence[FieldError]) -> dict[str, str]:
    return {error.field: error.message for error in errors}


def _is_second_click(form: Registration, typed: Mapping[str, Any]) -> bool:
    is_fresh = form.renewed_at is not None and time.monotonic() - form.renewed_at < _DOUBLE_CLICK
    return is_fresh and not any(typed.values())
