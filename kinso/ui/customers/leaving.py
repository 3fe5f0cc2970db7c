"""The question before a list with unsaved changes is left."""

from __future__ import annotations

import streamlit as st

from kinso.ui.customers.saving import discard_and_go_on, save_and_go_on, stay
from kinso.ui.wording import counted


@st.dialog("Unsaved changes", icon=":material/edit_note:", on_dismiss=stay)
def ask_before_leaving(pending: int) -> None:
    """What shall become of the changes before another list is shown."""
    verb = "is" if pending == 1 else "are"
    st.write(f"**{counted(pending, 'change')}** in this list {verb} not saved. What should happen before it is left?")
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.button("Stay", key="leaving_stay", on_click=stay)
        st.button("Discard and go on", key="leaving_discard", on_click=discard_and_go_on)
        st.button("Save and go on", key="leaving_save", type="primary", on_click=save_and_go_on)
