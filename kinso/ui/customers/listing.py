"""Bringing the wanted list onto the desk, and never replacing one that was typed into without asking."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from kinso.models.accounts import Permission
from kinso.models.customers import CustomerQuery
from kinso.services.customers.editing import count_customers, find_changed_since
from kinso.services.customers.finding import find_page
from kinso.ui.customers.desk import Desk, current_desk, grid_key
from kinso.ui.customers.filters import choose_page, choose_size, clear_filters
from kinso.ui.customers.saving import refresh
from kinso.ui.customers.sheet import Sheet
from kinso.ui.customers.view import View, filter_in_words, range_in_words
from kinso.ui.customers.words import isolated
from kinso.ui.errors import FAILED
from kinso.ui.visit import Visit, current_visit
from kinso.ui.wording import counted

_LOOK_AGAIN = 20
"""Seconds."""


def bring_up(desk: Desk, visit: Visit, query: CustomerQuery, place: DeltaGenerator) -> tuple[Sheet, bool]:
    """The sheet to show, and whether another one is wanted but has to wait, because this one was typed into.

    The page size and the page numbers are drawn in `place`.
    """
    _welcome_back(desk, visit)
    with place:
        size = choose_size()
    sheet = desk.sheet
    is_same_list = sheet is not None and (sheet.view.query, sheet.view.size) == (query, size)
    if sheet is not None and (is_same_list or sheet.pending_count):
        total, known = sheet.total, sheet.view.size
    else:
        total, known = count_customers(visit.store, visit.actor, query), size
    wanted = View(query, _choose_page(total, known, place), size)
    if sheet is not None and (sheet.view == wanted or sheet.pending_count):
        return sheet, sheet.view != wanted
    customers = find_page(visit.store, visit.actor, query, page=wanted.page, limit=size)
    if total and not customers and is_same_list:
        # The list has become shorter than it was when it was counted.
        desk.drop_sheet()
        st.rerun()
    return desk.lay_out(wanted, total, customers), False


def _welcome_back(desk: Desk, visit: Visit) -> None:
    """Who comes from another page, or from a failure, gets what is stored now, together with what they left typed.

    The grid's own record ends when it leaves the screen. Who can only read loses nothing and always gets fresh rows;
    an empty list is always looked up again.
    """
    sheet = desk.sheet
    if sheet is None:
        return
    has_failed = st.session_state.pop(FAILED, False)
    is_back = sheet.drawn == sheet.edition and (has_failed or grid_key(sheet) not in st.session_state)
    if not sheet.pending_count and (is_back or not sheet.rows or not visit.may(Permission.EDIT)):
        desk.drop_sheet()
    elif is_back:
        sheet.start_edition()


def _choose_page(total: int, size: int, place: DeltaGenerator) -> int:
    pages = max(1, -(-total // size))
    if pages == 1:
        return 1
    with place:
        return choose_page(pages)


def draw_range(sheet: Sheet) -> None:
    """`1–50 of 2,357 customers`, and next to it whether others changed some of them meanwhile."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(range_in_words(sheet.view, len(sheet.rows), sheet.total), width="content")
        _draw_changed_meanwhile()


@st.fragment(run_every=_LOOK_AGAIN)
def _draw_changed_meanwhile() -> None:
    visit = current_visit(in_use=False)
    sheet = current_desk().sheet
    if sheet is None:
        return
    changed = len(find_changed_since(visit.store, visit.actor, sheet.versions()))
    if changed:
        st.button(
            f"{counted(changed, 'row')} changed meanwhile · Refresh",
            icon=":material/refresh:",
            type="tertiary",
            key="refresh_rows",
            on_click=refresh,
        )


def draw_problems(sheet: Sheet) -> None:
    """What the last save refused, cell by cell, and what waits for a decision."""
    problems = sheet.problems()
    if problems:
        lines = [f"- {isolated(row.base.customer_id)}: {isolated(problem.message)}" for row, problem in problems]
        st.error("\n".join(lines), title=f"{counted(len(problems), 'change')} not saved", icon=":material/error:")


def draw_nothing_found(query: CustomerQuery) -> None:
    """Nobody matches the filter: say so and offer the way back."""
    with st.container(border=True, width=640, gap="medium"):
        st.subheader("Nobody found", icon=":material/search_off:", anchor=False)
        st.markdown(f"There are no {isolated(filter_in_words(query).removeprefix('all '))}.")
        st.button("Clear filters", key="clear_filters", on_click=clear_filters)
