"""What a shop without customers sees instead of empty tables and charts."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from kinso.models.accounts import Permission
from kinso.services.shop.samples import load_samples
from kinso.ui.feedback import celebrate, failures_as_toasts
from kinso.ui.figures import forget_figures
from kinso.ui.visit import Visit, current_visit
from kinso.ui.wording import counted

_SAMPLES = 200
_PAGES = Path(__file__).parents[2] / "pages"
_REGISTER, _IMPORT = _PAGES / "register.py", _PAGES / "imports.py"


def show_no_customers(visit: Visit) -> None:
    """Say that there are no customers yet, and offer what this person may do about it."""
    with st.container(border=True, width=640, gap="medium"):
        st.subheader("No customers yet", icon=":material/storefront:", anchor=False)
        if not visit.may(Permission.CREATE):
            st.write("As soon as a colleague registers or imports customers, they appear here.")
            return
        st.write("Register the first one, import a file of customers, or look around with sample data.")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.page_link(_REGISTER, label="Register a customer", icon=":material/person_add:")
            if visit.may(Permission.IMPORT):
                st.page_link(_IMPORT, label="Import a file", icon=":material/upload_file:")
                st.button(
                    "Load sample data", icon=":material/dataset:", key="load_sample_data", on_click=_load_sample_data
                )


def _load_sample_data() -> None:
    visit = current_visit()
    with failures_as_toasts():
        loaded = load_samples(visit.store, visit.actor, _SAMPLES)
        forget_figures()
        celebrate(f"{counted(loaded, 'sample customer')} loaded.")
    # The button may be in a fragment, and the whole page is concerned.
    st.rerun()
