"""The selected customers as a file."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import streamlit as st

from kinso.models.transfer.cells import Flavour
from kinso.services.transfer.exports import export_selected
from kinso.ui.customers.grid_state import GridState
from kinso.ui.request_context import RequestContext
from kinso.ui.wording import counted

_TITLES: dict[Flavour, str] = {"excel": "Selected as CSV for Excel", "raw": "Selected as CSV with raw values"}


def draw_selected_download(grid: GridState, context: RequestContext) -> None:
    """A button for each flavour; nothing when none is selected. The file is made when somebody wants it."""
    ids = [row.base.id for row in grid.selection()]
    if not ids:
        return
    st.caption(f"{counted(len(ids), 'customer')}, as selected")
    today = datetime.now(context.shop.zone).date()
    for flavour, title in _TITLES.items():
        st.download_button(
            title,
            partial(export_selected, context.store, context.actor, ids, grid.view.query, flavour),
            file_name=f"selected-{today.isoformat()}.csv",
            mime="text/csv",
            key=f"download_selected_{flavour}",
            type="tertiary",
            icon=":material/download:",
            on_click="ignore",
        )
