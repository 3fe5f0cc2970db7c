"""Drawing the registration form, with its warnings and its buttons."""

from __future__ import annotations

import streamlit as st

from kinso.services.lookup import suggest_customer_id
from kinso.ui.customers.browser import focus_on
from kinso.ui.customers.desk import at_desk
from kinso.ui.customers.fields import draw_fields
from kinso.ui.customers.registration import Person, Registration, register
from kinso.ui.customers.words import named
from kinso.ui.links import link_to_customer
from kinso.ui.visit import Visit
from kinso.ui.wording import membership


def draw_registration(form: Registration, visit: Visit, *, cancel: bool = False) -> None:
    """Draw the form numbered `form.serial`; with `cancel`, it has a button that only calls for a new run."""
    if form.suggestion is None:
        form.suggestion = suggest_customer_id(visit.store, visit.actor) or ""
    with st.form(form.key("form"), border=not cancel):
        draw_fields(form.key, form.errors, visit.shop, example_id=form.suggestion or None)
        if form.holder is not None:
            link_to_customer(form.holder.id, f"Open {named(form.holder)}", icon=":material/person:")
        _warn_of_similar(form)
        anyway = "Register anyway" if form.similar else "Save"
        with st.container(horizontal=True):
            _draw_submit(form, anyway, another=False)
            _draw_submit(form, f"{anyway} and add another", another=True)
            if cancel:
                st.form_submit_button("Cancel", key=form.key("cancel"), on_click=_give_up, args=(form,))
    if form.created is not None and not form.is_finished:
        focus_on(form.key("customerId"))


def _draw_submit(form: Registration, label: str, *, another: bool) -> None:
    st.form_submit_button(
        label,
        key=form.key("another" if another else "save"),
        type="secondary" if another else "primary",
        on_click=_submit,
        args=(form, form.serial),
        kwargs={"seen": form.warned_of, "another": another},
    )


def _submit(form: Registration, serial: int, *, seen: Person | None, another: bool) -> None:
    if register(form, serial, seen=seen, another=another):
        with at_desk() as desk:
            if not desk.pending_count:
                desk.drop_sheet()
    st.rerun()


def _give_up(form: Registration) -> None:
    form.begin_next(None)
    form.is_finished = True
    st.rerun()


def _warn_of_similar(form: Registration) -> None:
    if not form.similar:
        return
    with st.container(border=True):
        st.markdown(":orange[:material/group:] **Is it one of these?** They are very similar.")
        for customer in form.similar:
            with st.container(gap=None):
                link_to_customer(customer.id, named(customer), icon=":material/person:")
                st.text(f"{customer.contact_info} · {membership(customer.membership_status)}")
