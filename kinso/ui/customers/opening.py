"""From a row of the list to the customer's own page."""

from __future__ import annotations

import streamlit as st

from kinso.ui.customers.desk import current_desk
from kinso.ui.links import open_customer


def open_clicked(click: str) -> None:
    """From the grid's callback: `click` is the key that tells which row's button it was."""
    sheet = current_desk().sheet
    row = sheet.row_at(st.session_state[click]["row"]) if sheet else None
    if row is not None:
        open_customer(row.base.id)
