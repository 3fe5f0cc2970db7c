"""Register: a new customer, or several in a row."""

import streamlit as st

from kinso.ui.customers.registration import Registration, show_registered
from kinso.ui.customers.registration_form import draw_registration
from kinso.ui.request_context import current_context

context = current_context()
form: Registration = st.session_state.setdefault("registration", Registration("register"))

st.title("Register", anchor=False)
with st.container(width=720):
    show_registered(form)
    if not form.is_finished:
        draw_registration(form, context)
