"""History: who changed which customer, when, how and why; with Undo."""

from __future__ import annotations

import streamlit as st

from kinso.models.history import HistoryPage, HistoryQuery
from kinso.services.history.changes import export_history, list_history
from kinso.ui.browser import download_link
from kinso.ui.history.filters import (
    choose_page,
    choose_query,
    clear_filters,
    download_address,
    is_filtered,
    likely_page,
)
from kinso.ui.history.listing import ask_to_revert, draw_changes, show_question
from kinso.ui.history.run_panel import UNDO, show_run_question
from kinso.ui.history.runs import show_run_head
from kinso.ui.history.trash import ask_to_erase, show_erasure
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import counted, number

SIZE = 25


def show_changes(query: HistoryQuery, context: RequestContext) -> None:
    """One page of what the filters leave, or why there is nothing to see."""
    UNDO.show()
    if query.run:
        show_run_head(query.run, context)
    body, bottom = st.container(), st.container()
    found = list_history(context.store, context.actor, query, page=likely_page(), limit=SIZE)
    if not found.total:
        show_nothing(query)
        return
    with bottom:
        page = choose_page(-(-found.total // SIZE))
    if page != found.page:
        found = list_history(context.store, context.actor, query, page=page, limit=SIZE)
    with body:
        show_head(found, query, context)
        draw_changes(found.items, context, ask_to_revert, ask_to_erase, run=query.run)


def show_head(found: HistoryPage, query: HistoryQuery, context: RequestContext) -> None:
    """`1–25 of 431 changes`, and the way to have them all as a file."""
    first = (found.page - 1) * SIZE + 1
    total = counted(found.total, "change")
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"{number(first)}–{number(first + len(found.items) - 1)} of {total}, newest first")
        if context.may(export_history):
            with st.popover("Download", icon=":material/download:"):
                download_link(download_address(query), "CSV for Excel", f"{total}, a row for each field")


def show_nothing(query: HistoryQuery) -> None:
    """An empty history, or one that the filters leave empty."""
    with st.container(border=True, width=640, gap="medium"):
        if is_filtered(query):
            st.subheader("No such change", icon=":material/search_off:", anchor=False)
            st.write("Nothing that is recorded fits these filters.")
            st.button("Clear filters", key="history_clear", on_click=clear_filters)
        else:
            st.subheader("Nothing has happened yet", icon=":material/history:", anchor=False)
            st.write("As soon as a customer is registered, edited or deleted, it is recorded here.")


context = current_context()
st.title("History", anchor=False)
show_changes(choose_query(context), context)
if not (show_run_question(UNDO) or show_erasure()):
    show_question()
