"""Customers: find, edit, select, delete, download."""

import streamlit as st

from kinso.ui.customers.bulk import show_job
from kinso.ui.customers.dialogs import ask_before_leaving, draw_open_conflicts, show_question
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
from kinso.ui.customers.grid_drafts import offer_typed_cells
from kinso.ui.customers.page_state import current_desk
from kinso.ui.customers.saving import finish_saving
from kinso.ui.customers.toolbar import draw_toolbar
from kinso.ui.session import current_visit
from kinso.ui.shop import show_no_customers

finish_saving()
visit = current_visit()
desk = current_desk()
follow_way_back(desk.sheet.view if desk.sheet else None)

st.title("Customers", anchor=False)
query = choose_query(live=not desk.pending_count)
show_job(desk)
body, pages = (
    st.container(),
    st.container(horizontal=True, vertical_alignment="bottom"),
)
sheet, must_wait = bring_up(desk, visit, query, pages)
with body:
    if sheet.total == 0 and not query.is_filtered and not must_wait:
        show_no_customers(visit)
    else:
        offer_typed_cells(visit)
        draw_toolbar(desk, sheet, visit)
        draw_problems(sheet)
        draw_open_conflicts(sheet)
        if sheet.rows:
            draw_range(sheet)
            with st.container(key="customers_table"):
                draw_grid(sheet, visit, open_clicked)
            draw_for_print(sheet, visit.shop)
        else:
            draw_nothing_found(query)
warn_before_closing(sheet.pending_count)
if must_wait:
    ask_before_leaving(sheet.pending_count)
else:
    show_question(desk, sheet, visit)
