"""What the register page says after a customer was registered."""

from __future__ import annotations

import streamlit as st

from kinso.ui.customers.filters import show_customer
from kinso.ui.customers.registration import Registration
from kinso.ui.customers.words import named
from kinso.ui.wording import membership


def show_registered(form: Registration) -> None:
    """The last one registered here, and where to go from there."""
    created = form.created
    if created is None:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container(gap=None, width="content"):
            st.markdown(f":green[:material/check_circle:] **{named(created)}** is registered.")
            st.text(f"{created.contact_info} · {membership(created.membership_status)}")
        st.button(
            "Show in Customers",
            key="show_registered",
            icon=":material/group:",
            on_click=show_customer,
            args=(created.customer_id,),
        )
        if form.is_finished:
            st.button(
                "Register another", key="register_another", icon=":material/person_add:", on_click=_begin, args=(form,)
            )


def _begin(form: Registration) -> None:
    form.begin_next(None)
