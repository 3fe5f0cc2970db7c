"""What can be done with many customers at once: the selected ones, or all in the list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from kinso.models.customers import CustomerQuery
from kinso.services.customers.editing import count_customers, delete_customer
from kinso.services.history.runs import Progress
from kinso.services.membership.activation import set_membership_of_matching, set_membership_of_selected
from kinso.ui.browser import open_customer
from kinso.ui.customers.filters import filter_in_words
from kinso.ui.customers.grid_state import GridState, Row
from kinso.ui.customers.page_state import Deletion, PageSession, current_session, in_session
from kinso.ui.customers.saving import look_again
from kinso.ui.customers.words import isolated, listed
from kinso.ui.history.run_panel import AskedRunPanel, Outcome
from kinso.ui.job import Job
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import counted, number

_ACTIONS = "customers_actions"


@dataclass(frozen=True)
class BulkChange:
    """Whether to make customers members or non-members: those in `rows`, or when None all of `query`."""

    membership_status: bool
    query: CustomerQuery
    rows: Sequence[Row] | None = None


def draw_actions(grid: GridState, context: RequestContext) -> None:
    """The menu of what can be done with the selected customers, or with all in the list."""
    chosen = len(grid.selection())
    options = _options(grid, chosen, may_delete=context.may(delete_customer))
    pending = bool(grid.pending_count)
    st.menu_button(
        f"Actions · {number(chosen)} selected" if chosen else "Actions",
        list(options),
        format_func=options.__getitem__,
        icon=":material/checklist:",
        key=_ACTIONS,
        disabled=BULK.is_under_way,
        help="Bulk changes wait until your changes are saved or discarded." if pending else None,
        on_click=_act,
    )


def _options(grid: GridState, chosen: int, *, may_delete: bool) -> dict[str, str]:
    shown, selected, everyone = len(grid.rows), f"{number(chosen)} selected", f"all {number(grid.total)} in this list"
    options: dict[str, str] = {}
    if chosen == 1:
        options["details"] = "Open details"
    if chosen:
        options["members"] = f"Make {selected} members"
        options["non-members"] = f"Make {selected} non-members"
    if chosen and may_delete:
        options["delete"] = f"Delete {selected}"
    if chosen:
        options["select-none"] = "Clear selection"
    return options | {
        "select-all": f"Select all {number(shown)} shown",
        "all-members": f"Make {everyone} members",
        "all-non-members": f"Make {everyone} non-members",
    }


def _act() -> None:
    with in_session() as session:
        if session.grid is not None:
            _begin(st.session_state[_ACTIONS], session, session.grid)


def _begin(action: str | None, session: PageSession, grid: GridState) -> None:
    rows = grid.selection()
    match action:
        case "select-all":
            grid.select(grid.rows)
        case "select-none":
            grid.select([])
        case "details" if rows:
            open_customer(rows[0].base.id)
        case "delete" if rows:
            session.question = Deletion(rows)
        case "members" | "non-members" as status if rows:
            BULK.ask(BulkChange(status == "members", grid.view.query, rows))
        case "all-members" | "all-non-members" as status:
            BULK.ask(BulkChange(status == "all-members", grid.view.query))


@dataclass(frozen=True)
class _Plan:
    change: BulkChange
    matching: int
    to_change: int


def _plan(context: RequestContext, change: BulkChange) -> _Plan:
    if change.rows is None:
        matching = count_customers(context.store, context.actor, change.query)
        return _Plan(change, matching, _count_to_change(change, context))
    others = [row for row in change.rows if row.base.membership_status is not change.membership_status]
    return _Plan(change, len(change.rows), len(others))


def _count_to_change(change: BulkChange, context: RequestContext) -> int:
    if change.query.membership_status is change.membership_status:
        return 0
    others = change.query.model_copy(update={"membership_status": not change.membership_status})
    return count_customers(context.store, context.actor, others)


def _ask_about_change(plan: _Plan, context: RequestContext) -> None:
    """Name how many it would change and which."""
    if plan.change.rows is None:
        asked = isolated(filter_in_words(plan.change.query, context.shop))
        st.markdown(f"This concerns {asked}: **{counted(plan.matching, 'customer')}**.")
    else:
        st.markdown(listed([row.base for row in plan.change.rows]))
    already, after = plan.matching - plan.to_change, _after(plan)
    if already:
        so = f"is a {after[:-1]} already and stays so" if already == 1 else f"are {after} already and stay so"
        st.caption(f"{number(already)} of them {so}.")
    unsaved = current_session().pending_count
    if unsaved:
        st.warning(f"Save or discard your {counted(unsaved, 'unsaved change')} first.", icon=":material/edit_note:")


def _after(plan: _Plan) -> str:
    return "members" if plan.change.membership_status else "non-members"


def _confirm(count: int, plan: _Plan) -> str:
    after = _after(plan)
    return f"Make {counted(count, 'customer')} {after if count != 1 else 'a ' + after[:-1]}"


def _change(context: RequestContext, plan: _Plan, on_progress: Progress) -> Outcome:
    change = plan.change
    who = [row.base.id for row in change.rows or ()]
    status = change.membership_status
    if change.rows is None:
        run = set_membership_of_matching(
            context.store, context.actor, change.query, membership_status=status, on_progress=on_progress
        )
    else:
        run = set_membership_of_selected(
            context.store, context.actor, who, membership_status=status, on_progress=on_progress
        )
    return Outcome(f"{counted(run.changed, 'customer')} changed to {_after(plan)}.", run)


BULK = AskedRunPanel[BulkChange, _Plan](
    key="bulk",
    heading="Change membership",
    icon=":material/loyalty:",
    plan=_plan,
    count=lambda plan: plan.to_change,
    question=_ask_about_change,
    confirm=_confirm,
    is_ready=lambda: not current_session().pending_count,
    title=lambda plan: f"Changing to {_after(plan)}",
    work=_change,
    failed="Nobody was changed.",
)


def look_again_after(_job: Job) -> None:
    """A run of this page has ended: the list shows what it did."""
    look_again(current_session(), current_context())
