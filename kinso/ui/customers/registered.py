"""What the register page says after a customer was registered."""

from __future__ import annotations

import streamlit as st

from kinso.ui.customers.registration import Registration
from kinso.ui.customers.words import named
from kinso.ui.links import link_to_customer
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
        link_to_customer(created.id, "Open customer", icon=":material/person:")
        if form.is_finished:
            st.button(
                "Register another", key="register_another", icon=":material/person_add:", on_click=_begin, args=(form,)
            )


def _begin(form: Registration) -> None:
    form.begin_next(None)
