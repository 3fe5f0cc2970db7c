"""What can be done with many customers at once: the selected ones, or all in the list."""

from __future__ import annotations

from typing import Any

import streamlit as st

from kinso.models.bulk import EDITABLE_FOR_MANY
from kinso.models.edits import EditOfMany
from kinso.services.customers.bulk_edits import edit_customers
from kinso.services.customers.bulk_removal import delete_customers, erase_customers
from kinso.services.membership.activation import set_membership_of_matching
from kinso.ui.browser import open_customer
from kinso.ui.customers.bulk_panels import EDITING, MEMBERSHIP, Edit, MembershipChange
from kinso.ui.customers.bulk_questions import Those
from kinso.ui.customers.bulk_removal import DELETING, ERASING
from kinso.ui.customers.grid_state import GridState
from kinso.ui.customers.page_state import PageSession, current_session, in_session
from kinso.ui.customers.saving import look_again
from kinso.ui.history.run_panel import AskedRunPanel, show_run_question
from kinso.ui.job import Job
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import number

_ACTIONS = "customers_actions"
_PANELS: tuple[AskedRunPanel[Any, Any], ...] = (MEMBERSHIP, EDITING, DELETING, ERASING)
_VERBS: dict[EditOfMany, str] = {"add": "Add {}…", "remove": "Remove {}…", "append": "Add {}…", "set": "Set {}…"}
_EDITS: dict[str, tuple[str, str, tuple[EditOfMany, ...]]] = {
    f"{edit}-{field.name}": (
        field.name,
        _VERBS[edit].format(field.label.lower()),
        ("append", "set") if edit == "append" else (edit,),
    )
    for field in EDITABLE_FOR_MANY
    for edit in field.type.edits
    if edit != "set" or len(field.type.edits) == 1
}
"""The field, the words and the ways, by the action's name; what replaces all tags at once is not offered."""


def draw_actions(grid: GridState, context: RequestContext) -> None:
    """The menu of what can be done with the selected customers, or with all in the list when none is selected."""
    chosen = len(grid.selection())
    options = _options(grid, chosen, context)
    pending = bool(grid.pending_count)
    st.menu_button(
        f"Actions · {number(chosen)} selected" if chosen else "Actions",
        list(options),
        format_func=options.__getitem__,
        icon=":material/checklist:",
        key=_ACTIONS,
        disabled=is_under_way(),
        help="Bulk changes wait until your changes are saved or discarded." if pending else None,
        on_click=_act,
    )


def is_under_way() -> bool:
    """Whether one of these runs goes on, so that another one has to wait."""
    return any(panel.is_under_way for panel in _PANELS)


def show_bulk_runs() -> None:
    """How far the runs of this page have come, and what became of them."""
    for panel in _PANELS:
        panel.show(look_again_after)


def show_bulk_question() -> bool:
    """Draw the dialog of the one that is being asked about, if any; returns whether there is one."""
    return show_run_question(*_PANELS)


def look_again_after(_job: Job) -> None:
    """A run of this page has ended: the list shows what it did."""
    look_again(current_session(), current_context())


def _options(grid: GridState, chosen: int, context: RequestContext) -> dict[str, str]:
    who = f"{number(chosen)} selected" if chosen else f"all {number(grid.total)} in this list"
    options: dict[str, str] = {}
    if chosen == 1:
        options["details"] = "Open details"
    if context.may(set_membership_of_matching):
        options |= {"members": f"Make {who} members", "non-members": f"Make {who} non-members"}
    if context.may(edit_customers):
        options |= {name: words for name, (_field, words, _edits) in _EDITS.items()}
    if context.may(delete_customers):
        options["delete"] = f"Delete {who}"
    if context.may(erase_customers):
        options["erase"] = f"Erase personal data of {who}"
    return options | (
        {"select-none": "Clear selection"} if chosen else {"select-all": f"Select all {number(len(grid.rows))} shown"}
    )


def _act() -> None:
    with in_session() as session:
        if session.grid is not None:
            _begin(st.session_state[_ACTIONS], session, session.grid)


def _begin(action: str | None, session: PageSession, grid: GridState) -> None:
    rows = [row.base for row in grid.selection()]
    those = Those(grid.view.query, rows or None)
    match action:
        case "select-all":
            grid.select(grid.rows)
        case "select-none":
            grid.select([])
        case "details" if rows:
            open_customer(rows[0].id)
        case "members" | "non-members":
            MEMBERSHIP.ask(MembershipChange(those, action == "members"))
        case "delete":
            DELETING.ask(those)
        case "erase":
            ERASING.ask(those)
        case str() if action in _EDITS:
            name, _words, edits = _EDITS[action]
            field = next(each for each in EDITABLE_FOR_MANY if each.name == name)
            EDITING.ask(Edit(those, field, edits))
