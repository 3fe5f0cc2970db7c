"""The grid: customers as a table that can be typed into, or only read, and the list that is brought into it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from jinja2 import Template
from streamlit.delta_generator import DeltaGenerator

from kinso.models.accounts import Actor
from kinso.models.customers import CustomerPage, CustomerQuery
from kinso.models.facts import FACTS
from kinso.models.fields import FIELDS
from kinso.models.shop import ShopSettings
from kinso.models.validation import LABELS
from kinso.services.customers.editing import find_changed_since, list_customers
from kinso.services.customers.grouping import count_by_membership
from kinso.services.customers.saving import save_edits
from kinso.services.facts import get_facts
from kinso.services.membership.eligibility import find_eligible
from kinso.ui.browser import ASK_BEFORE_CLOSING, CLOSE_FREELY, FOCUS, run_script
from kinso.ui.customers.columns import (
    NAME,
    FactValues,
    cells_of,
    chosen_facts,
    column_of,
    column_order,
    config_of,
)
from kinso.ui.customers.field_widgets import WIDGETS, label_of
from kinso.ui.customers.filters import (
    View,
    choose_page,
    choose_size,
    clear_filters,
    filter_in_words,
    page_asked_for,
    range_in_words,
)
from kinso.ui.customers.grid_state import SELECTED, GridState, Row
from kinso.ui.customers.page_state import PageSession, current_session, grid_key, open_beside
from kinso.ui.customers.saving import refresh
from kinso.ui.customers.words import isolated, value_in_words
from kinso.ui.feedback import FAILED
from kinso.ui.lists import wait_for_lists
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import counted, day

SHOWN = [field for field in FIELDS if field.width is not None]
"""What has a column."""
PROBLEM = "problem"
ELIGIBLE = "eligible"
_MOST_ROWS = 15
_ROW, _HEAD = 35, 36
_SELECT_WIDTH, _NAME_WIDTH = 66, 190
_BADGE = "Eligible"
_NAMELESS = "(no name)"


def draw_grid(grid: GridState, context: RequestContext, on_open: Callable[[str], None]) -> None:
    """Draw the present edition; `on_open` gets the key under which the row of a clicked name is to be read."""
    key = grid_key(grid)
    if grid.eligible is None:
        grid.eligible = find_eligible(context.store, context.actor, [row.base for row in grid.rows])
        grid.facts = _facts_of(grid, context)
    may_edit = context.may(save_edits)
    options: dict[str, Any] = {
        "hide_index": True,
        "column_config": _columns(grid, context.shop, f"{key}_open", on_open),
        "column_order": _order(grid, context, may_edit=may_edit),
        "height": _HEAD + _ROW * min(len(grid.rows), _MOST_ROWS) + 2,
        "row_height": _ROW,
        "key": key,
        "alt": "Customers",
        "placeholder": "",
    }
    if may_edit:
        st.data_editor(frame_of(grid, context.shop), disabled=locked_columns(context.actor), **options)
    else:
        st.dataframe(frame_of(grid, context.shop).drop(columns=SELECTED), **options)
    grid.drawn = grid.edition


def _order(grid: GridState, context: RequestContext, *, may_edit: bool) -> list[str]:
    first = [SELECTED] if may_edit else []
    problems = [PROBLEM] if any(map(_problem, grid.rows)) else []
    return [*first, *problems, NAME, *column_order(context)]


def _facts_of(grid: GridState, context: RequestContext) -> FactValues:
    return get_facts(context.store, context.actor, [row.base.id for row in grid.rows], chosen_facts())


def locked_columns(actor: Actor) -> list[str]:
    """What this person cannot type into."""
    fields = [field.name for field in SHOWN if not actor.may(field.permission)]
    return [NAME, PROBLEM, ELIGIBLE, *map(column_of, chosen_facts()), "createdAt", "updatedAt", *fields]


def frame_of(grid: GridState, shop: ShopSettings) -> pd.DataFrame:
    """The rows as the present edition shows them, before anything is typed over them.

    Columns and types are always the same: another one would make the browser draw a new grid, and close the cell that
    is being typed into.
    """
    rows = grid.rows
    columns: dict[str, Any] = {
        SELECTED: [row.selected for row in rows],
        PROBLEM: [_problem(row) for row in rows],
        NAME: [row.shown("customerName") or _NAMELESS for row in rows],
    }
    columns |= {field.name: WIDGETS[field.type.key].cells([row.shown(field.name) for row in rows]) for field in SHOWN}
    columns |= _computed(grid, shop)
    columns[ELIGIBLE] = [_badge(row, grid) for row in rows]
    columns["createdAt"] = pd.to_datetime([row.base.created_at for row in rows], utc=True)
    columns["updatedAt"] = pd.to_datetime([row.base.updated_at for row in rows], utc=True)
    return pd.DataFrame(columns)


def _computed(grid: GridState, shop: ShopSettings) -> dict[str, Any]:
    values = [grid.facts.get(row.base.id, {}) for row in grid.rows]
    return {
        column_of(name): cells_of(FACTS[name], [each.get(name) for each in values], shop) for name in chosen_facts()
    }


def _columns(grid: GridState, shop: ShopSettings, click: str, on_open: Callable[[str], None]) -> dict[str, Any]:
    column = st.column_config
    when = column.DatetimeColumn
    return {
        SELECTED: column.CheckboxColumn("Select", width=_SELECT_WIDTH),
        PROBLEM: column.TextColumn("Not saved", width=130),
        NAME: column.ButtonColumn(
            "Name",
            width=_NAME_WIDTH,
            type="tertiary",
            alignment="left",
            key=click,
            on_click=on_open,
            args=(click,),
            help="Opens the customer beside the list.",
        ),
        **{
            field.name: WIDGETS[field.type.key].column(
                field, label_of(field, shop), [row.shown(field.name) for row in grid.rows]
            )
            for field in SHOWN
        },
        ELIGIBLE: column.MultiselectColumn(
            "Eligible",
            width=95,
            options=[_BADGE],
            color="green",
            help="Spent enough to become a member; the rule is on the membership page.",
        ),
        **{column_of(name): config_of(FACTS[name], shop) for name in chosen_facts()},
        "createdAt": when(LABELS["createdAt"], width=150, format="D MMM YYYY, HH:mm", timezone=shop.time_zone),
        "updatedAt": when(LABELS["updatedAt"], width=150, format="D MMM YYYY, HH:mm", timezone=shop.time_zone),
    }


def _problem(row: Row) -> str:
    if row.gone:
        return "⚠ Deleted"
    names = [LABELS[name] for name in (*row.problems, *row.conflicts) if name in LABELS]
    return f"⚠ {', '.join(names)}" if names else ""


def _badge(row: Row, grid: GridState) -> np.ndarray:
    is_eligible = row.base.id in (grid.eligible or ()) and not row.gone
    # A list would be one of nothing where it is empty, and so the column of another type.
    return np.array([_BADGE] * is_eligible, dtype=str)


_LOOK_AGAIN = 20
"""Seconds."""


def bring_up(
    session: PageSession, context: RequestContext, query: CustomerQuery, place: DeltaGenerator
) -> tuple[GridState, bool]:
    """The grid to show, and whether another one is wanted but has to wait, because this one was typed into.

    The page size and the page numbers are drawn in `place`.
    """
    _welcome_back(session, context)
    with place:
        size = choose_size()
    grid, asked = session.grid, View(query, page_asked_for(), size)
    if grid is not None and (grid.view == asked or grid.pending_count):
        wanted = View(query, _choose_page(grid.total, grid.view.size, place), size)
        return grid, grid.view != wanted
    wait_for_lists(context)
    found = _read(asked, context)
    wanted = View(query, _choose_page(found.total, size, place), size)
    if wanted != asked:
        # There are fewer pages than when that one was asked for.
        found = _read(wanted, context)
    counts = count_by_membership(context.store, context.actor, wanted.query)
    return session.lay_out(wanted, found.total, found.items, counts), False


def _read(view: View, context: RequestContext) -> CustomerPage:
    return list_customers(context.store, context.actor, view.query, page=view.page, limit=view.size)


def _welcome_back(session: PageSession, context: RequestContext) -> None:
    """Who comes from another page, or from a failure, gets what is stored now, together with what they left typed.

    The grid's own record ends when it leaves the screen. Who can only read loses nothing and always gets fresh rows;
    an empty list is always looked up again.
    """
    grid = session.grid
    if grid is None:
        return
    has_failed = st.session_state.pop(FAILED, False)
    is_back = grid.drawn == grid.edition and (has_failed or grid_key(grid) not in st.session_state)
    if not grid.pending_count and (is_back or not grid.rows or not context.may(save_edits)):
        session.drop_grid()
    elif is_back:
        grid.start_edition()


def _choose_page(total: int, size: int, place: DeltaGenerator) -> int:
    pages = max(1, -(-total // size))
    if pages == 1:
        return 1
    with place:
        return choose_page(pages)


def draw_range(grid: GridState) -> None:
    """`1–50 of 2,357 customers`."""
    st.markdown(range_in_words(grid.view, len(grid.rows), grid.total), width="content")


@st.fragment(run_every=_LOOK_AGAIN)
def draw_changed_meanwhile() -> None:
    """Whether others changed some of the rows meanwhile, and the way to see how they are now."""
    context = current_context(in_use=False)
    grid = current_session().grid
    if grid is None:
        return
    changed = len(find_changed_since(context.store, context.actor, grid.versions()))
    if changed:
        st.button(
            f"{counted(changed, 'row')} changed meanwhile · Refresh",
            icon=":material/refresh:",
            type="tertiary",
            key="refresh_rows",
            on_click=refresh,
        )


def draw_problems(grid: GridState) -> None:
    """What the last save refused, cell by cell, and what waits for a decision."""
    problems = grid.problems()
    if problems:
        lines = [f"- {isolated(row.base.customer_id)}: {isolated(problem.message)}" for row, problem in problems]
        st.error("\n".join(lines), title=f"{counted(len(problems), 'change')} not saved", icon=":material/error:")


def draw_nothing_found(query: CustomerQuery, shop: ShopSettings) -> None:
    """Nobody matches the filter: say so and offer the way back."""
    with st.container(border=True, width=640, gap="medium"):
        st.subheader("Nobody found", icon=":material/search_off:", anchor=False)
        st.markdown(f"There are no {isolated(filter_in_words(query, shop).removeprefix('all '))}.")
        st.button("Clear filters", key="clear_filters", on_click=clear_filters)


def open_clicked(click: str) -> None:
    """From the grid's callback: `click` is the key that tells which row's button it was."""
    grid = current_session().grid
    row = grid.row_at(st.session_state[click]["row"]) if grid else None
    if row is not None:
        open_beside(row.base.id)


_PRINTED = Template(
    '<table class="kinso-print"><thead><tr>{% for head in heads %}<th>{{ head }}</th>{% endfor %}</tr></thead><tbody>'
    "{% for row in rows %}<tr>{% for text in row %}<td>{{ text }}</td>{% endfor %}</tr>{% endfor %}</tbody></table>",
    autoescape=True,
)


def draw_for_print(grid: GridState, shop: ShopSettings) -> None:
    """Draw what only a printer shows: every row of this page of the list."""
    heads = [*(field.label for field in SHOWN), LABELS["createdAt"]]
    st.html(_PRINTED.render(heads=heads, rows=[_cells(row, shop) for row in grid.rows]))


def _cells(row: Row, shop: ShopSettings) -> list[str]:
    texts = [value_in_words(field.name, row.shown(field.name), shop) for field in SHOWN]
    return [*texts, day(row.base.created_at.astimezone(shop.zone).date())]


def focus_on(key: str) -> None:
    """Put the cursor into the text input with this widget key, as soon as it is there."""
    run_script(FOCUS, selector=f".st-key-{key} input")


def warn_before_closing(pending: int) -> None:
    """While there are unsaved changes, have the browser ask before its tab is closed or reloaded."""
    run_script(ASK_BEFORE_CLOSING if pending else CLOSE_FREELY)
