"""Customers: find, edit, select, delete, download."""

import streamlit as st

from kinso.ui.customers.bulk import look_again_after, show_bulk_question, show_bulk_runs
from kinso.ui.customers.dialogs import ask_before_leaving, draw_open_conflicts, show_question
from kinso.ui.customers.filter_bar import draw_filter_bar
from kinso.ui.customers.filters import choose_query, follow_way_back
from kinso.ui.customers.grid import (
    bring_up,
    draw_for_print,
    draw_grid,
    draw_nothing_found,
    draw_problems,
    draw_range,
    open_clicked,
    warn_before_closing,
)
from kinso.ui.customers.page_state import current_session, offer_typed_cells
from kinso.ui.customers.saving import finish_saving
from kinso.ui.customers.segment_dialogs import show_segment_question
from kinso.ui.customers.segments import choose_segment, follow_segment
from kinso.ui.customers.toolbar import draw_toolbar
from kinso.ui.history.run_panel import UNDO, show_run_question
from kinso.ui.request_context import current_context
from kinso.ui.shop import show_no_customers

finish_saving()
context = current_context()
session = current_session()
follow_way_back(session.grid.view if session.grid else None)

st.title("Customers", anchor=False)
follow_segment(context)
query = choose_query(live=not session.pending_count)
choose_segment(query, context)
draw_filter_bar(query, context.shop)
show_bulk_runs()
UNDO.show(look_again_after)
body, pages = (
    st.container(),
    st.container(horizontal=True, vertical_alignment="bottom"),
)
grid, must_wait = bring_up(session, context, query, pages)
with body:
    if grid.total == 0 and not query.is_filtered and not must_wait:
        show_no_customers(context)
    else:
        offer_typed_cells(context)
        draw_toolbar(grid, context)
        draw_problems(grid)
        draw_open_conflicts(grid)
        if grid.rows:
            draw_range(grid)
            with st.container(key="customers_table"):
                draw_grid(grid, context, open_clicked)
            draw_for_print(grid, context.shop)
        else:
            draw_nothing_found(query, context.shop)
warn_before_closing(grid.pending_count)
if must_wait:
    ask_before_leaving(grid.pending_count)
elif not (show_bulk_question() or show_segment_question() or show_run_question(UNDO)):
    show_question(session, grid, context)
