"""Customers: find, open, edit, select, group, download."""

import streamlit as st

from kinso.services.membership.activation import set_membership_of_matching
from kinso.ui.customers.bulk import draw_actions, look_again_after, show_bulk_question, show_bulk_runs
from kinso.ui.customers.cards import draw_cards
from kinso.ui.customers.columns import choose_columns
from kinso.ui.customers.dialogs import ask_before_leaving, draw_open_conflicts
from kinso.ui.customers.filter_bar import draw_filter_bar
from kinso.ui.customers.filters import choose_query, follow_way_back, show_counts
from kinso.ui.customers.grid import (
    bring_up,
    draw_changed_meanwhile,
    draw_for_print,
    draw_grid,
    draw_nothing_found,
    draw_problems,
    draw_range,
    open_clicked,
    warn_before_closing,
)
from kinso.ui.customers.groups import choose_grouping, draw_groups
from kinso.ui.customers.page_state import current_session, offer_typed_cells
from kinso.ui.customers.panel import draw_opening
from kinso.ui.customers.questions import show_question
from kinso.ui.customers.saving import finish_saving
from kinso.ui.customers.segment_dialogs import show_segment_question
from kinso.ui.customers.segments import choose_segment, follow_segment
from kinso.ui.customers.toolbar import draw_saving, draw_toolbar
from kinso.ui.history.run_panel import UNDO, show_run_question
from kinso.ui.request_context import current_context
from kinso.ui.shop import show_no_customers

finish_saving()
context = current_context()
session = current_session()
follow_way_back(session.grid.view if session.grid else None)

head = st.container(horizontal=True, vertical_alignment="center")
with head:
    st.title("Customers", anchor=False, width="stretch")
search, conditions, body = st.container(), st.container(horizontal=True, key="conditions"), st.container()
pages = st.container(horizontal=True, vertical_alignment="bottom")
with body:
    news = st.container()
    bar = st.container(key="list_bar", horizontal=True, vertical_alignment="center")
    left = bar.container(horizontal=True, vertical_alignment="center", width="stretch")
    ordering = bar.container(width="content")
follow_segment(context)
with search:
    query = choose_query(ordering, live=not session.pending_count)
with conditions:
    choose_segment(query, context)
    draw_filter_bar(query, context.shop)
with news:
    show_bulk_runs()
    UNDO.show(look_again_after)
grid, must_wait = bring_up(session, context, query, pages)
if grid.counts:
    show_counts(grid.counts)
with body:
    if grid.total == 0 and not query.is_filtered and not must_wait:
        show_no_customers(context)
    else:
        with news:
            offer_typed_cells(context)
            draw_problems(grid)
            draw_open_conflicts(grid)
        with left:
            if grid.pending_count:
                draw_saving(grid, context)
            else:
                draw_range(grid)
            draw_changed_meanwhile()
        with bar:
            if context.may(set_membership_of_matching):
                draw_actions(grid, context)
            choose_columns(context)
            choose_grouping()
        draw_groups(grid.view.query, context)
        if grid.rows:
            with st.container(key="customers_table"):
                draw_grid(grid, context, open_clicked)
            draw_cards(grid, context)
            draw_for_print(grid, context.shop)
        else:
            draw_nothing_found(query, context.shop)
with head:
    draw_toolbar(grid, context)
draw_opening()
warn_before_closing(grid.pending_count)
if must_wait:
    ask_before_leaving(grid.pending_count)
elif not (show_bulk_question() or show_segment_question() or show_run_question(UNDO)):
    show_question(session, grid, context)
