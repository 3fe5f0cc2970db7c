"""Register: a new customer, or several in a row."""

import streamlit as st

from kinso.ui.browser import TYPED
from kinso.ui.customers.registration import Registration, show_registered
from kinso.ui.customers.registration_form import draw_registration
from kinso.ui.request_context import current_context

context = current_context()
form: Registration = st.session_state.setdefault("registration", Registration("register"))
if TYPED in st.query_params:
    form.begin_with(st.query_params.pop(TYPED))

st.title("Register", anchor=False)
with st.container(width=720):
    show_registered(form)
    if not form.is_finished:
        draw_registration(form, context)
