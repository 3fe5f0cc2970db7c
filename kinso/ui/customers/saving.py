"""Callbacks that save, give up or keep what was typed into the grid, and what becomes of it."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from kinso.models.customers import Customer, CustomerEdit, EditOutcome
from kinso.services.customers.finding import get_customers
from kinso.services.customers.saving import save_edits
from kinso.ui.customers.filters import show_filters_of
from kinso.ui.customers.grid_state import GridState, Problem, Row, keeping_seen, with_values
from kinso.ui.customers.page_state import Conflicts, PageSession, current_session, in_session
from kinso.ui.customers.words import named
from kinso.ui.feedback import celebrate, failures_as_toasts, warn
from kinso.ui.membership.demotion import tell_of_members_below
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import counted

_MOMENT = 0.25
"""Seconds; the grid waits for 0.15 before it sends what was typed."""


def save_changes() -> None:
    """Have everything typed saved by `finish_saving`, later in this run or in the next.

    The grid sends a cell to the server a moment after it was typed. Who saves within that moment gets this cell saved
    too: it arrives while we wait, and the page then runs again with it.
    """
    current_session().is_saving = True
    time.sleep(_MOMENT)


def finish_saving() -> None:
    """Save what `save_changes` was asked for; what cannot be saved stays, each cell with its reason."""
    with in_session() as session:
        if not session.is_saving:
            return
        session.is_saving = False
        with failures_as_toasts():
            if session.grid is not None:
                save(session, session.grid.edits())
        if session.grid is not None and session.pending_count and session.is_leaving:
            show_filters_of(session.grid.view)
        session.is_leaving = False
    st.rerun()


def discard_changes() -> None:
    """Give up everything typed and show what is stored."""
    with in_session() as session:
        count = session.pending_count
        session.drop_grid()
        celebrate(f"{counted(count, 'change')} discarded.")


def save_and_go_on() -> None:
    """Answer to leaving: save, and leave when nothing is left behind."""
    current_session().is_leaving = True
    save_changes()
    st.rerun()


def discard_and_go_on() -> None:
    """Answer to leaving: give up everything typed."""
    discard_changes()
    st.rerun()


def stay() -> None:
    """Answer to leaving: the list stays as it is, and the controls show it again."""
    with in_session() as session:
        if session.grid is not None:
            show_filters_of(session.grid.view)
    st.rerun()


def refresh() -> None:
    """Show what others saved meanwhile; what was typed stays."""
    with in_session() as session, failures_as_toasts():
        look_again(session, current_context())
    st.rerun()


def look_again(session: PageSession, context: RequestContext) -> None:
    """Have the list read anew; the rows of one that was typed into stay where they are, with what was typed."""
    grid = session.grid
    if grid is not None and grid.pending_count:
        shown = list(grid.versions())
        grid.refresh(shown, get_customers(context.store, context.actor, shown))
    else:
        session.drop_grid()


def settle(choices: Mapping[tuple[str, str], Choice]) -> None:
    """Apply the choices between mine and theirs; mine is saved, unless it was changed once more meanwhile."""
    with in_session() as session, failures_as_toasts():
        session.question = None
        if session.grid is not None:
            edits = decide(session.grid, choices)
            kept = len(choices) - sum(len(edit.values) for edit in edits)
            if kept:
                celebrate(f"Kept theirs for {counted(kept, 'cell')}.")
            if edits:
                save(session, edits)
            elif not session.grid.pending_count:
                session.drop_grid()
    st.rerun()


def save(session: PageSession, edits: Sequence[CustomerEdit]) -> None:
    """Save these edits of the session's grid, tell what became of them, and ask about conflicts."""
    grid = session.grid
    if grid is None or not edits:
        return
    context = current_context()
    outcomes = save_edits(context.store, context.actor, edits)
    report = apply_outcomes(grid, outcomes)
    tell_of(report)
    tell_of_members_below(outcomes, context)
    if report.conflicting:
        session.question = Conflicts()


def tell_of(report: SaveReport) -> None:
    """Say whose cells were saved and how many were not."""
    if report.saved:
        whose = report.customers
        of = named(whose[0]) if len(whose) == 1 else counted(len(whose), "customer")
        celebrate(f"Saved {counted(report.saved, 'change')} of {of}.")
    if report.refused:
        warn(f"{counted(report.refused, 'change')} not saved; the reason is on the page.")
    if report.conflicting:
        warn(f"{counted(report.conflicting, 'change')} not saved: someone else changed the same.")


Choice = Literal["theirs", "mine"]


@dataclass(frozen=True)
class SaveReport:
    """How many cells were saved, how many were refused, and how many someone else had changed too.

    `customers` are those of whom something was saved, as they are stored now.
    """

    saved: int
    refused: int
    conflicting: int
    customers: tuple[Customer, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to do."""
        return not self.refused and not self.conflicting


def apply_outcomes(grid: GridState, outcomes: Sequence[EditOutcome]) -> SaveReport:
    """Take over what was saved; keep the others as typed, each with the reason.

    The edition stays, and with it the cell that the person may be typing into already.
    """
    grid.eligible = None
    rows = {row.base.id: row for row in grid.rows}
    pending = {row.base.id: values.keys() for row, values in grid.all_pending()}
    reports = [
        apply_outcome(rows[id], outcome, unsent=pending.get(id, frozenset()) - outcome.edit.values.keys())
        for outcome in outcomes
        for id in [outcome.edit.before.id]
    ]
    return SaveReport(
        saved=sum(report.saved for report in reports),
        refused=sum(report.refused for report in reports),
        conflicting=sum(report.conflicting for report in reports),
        customers=tuple(customer for report in reports for customer in report.customers),
    )


def decide(grid: GridState, choices: Mapping[tuple[str, str], Choice]) -> list[CustomerEdit]:
    """Settle conflicts by customer and field: take over theirs, or return mine as edits of what they saved."""
    grid.start_edition()
    edits = []
    for row in grid.rows:
        chosen = {name: choices[row.base.id, name] for name in row.conflicts if (row.base.id, name) in choices}
        if chosen:
            mine = decide_row(row, chosen)
            if mine:
                edits.append(CustomerEdit(row.base, mine))
    return edits


def apply_outcome(row: Row, outcome: EditOutcome, *, unsent: Collection[str] = ()) -> SaveReport:
    """Take over what was saved of a row; keep the rest as typed, with the reason.

    `unsent` are fields that were typed over and are no part of this edit.
    """
    typed = outcome.edit.values
    refused = {error.field: error.message for error in outcome.errors}
    conflicts = {conflict.field: conflict for conflict in outcome.conflicts}
    if outcome.current is None:
        row.gone, left = True, dict(typed)
    else:
        left = {name: value for name, value in typed.items() if name in refused or name in conflicts}
        row.base = keeping_seen(row.base, outcome.current, {*left, *unsent})
    row.carried = {name: value for name, value in row.carried.items() if name not in typed or name in left}
    row.saved |= {name: value for name, value in typed.items() if name not in left}
    problems = {name: Problem(typed.get(name), message) for name, message in refused.items()}
    row.problems = {name: problem for name, problem in row.problems.items() if name not in typed} | problems
    row.conflicts = {name: conflict for name, conflict in row.conflicts.items() if name not in typed} | conflicts
    saved = len(typed) - len(left)
    return SaveReport(saved, len(left) - len(conflicts), len(conflicts), (row.base,) if saved else ())


def decide_row(row: Row, chosen: Mapping[str, Choice]) -> dict[str, object]:
    """Settle conflicts of a row by field: take over theirs, or return mine to be saved over what they saved."""
    conflicts = {name: row.conflicts.pop(name) for name in chosen}
    row.base = with_values(row.base, {name: conflict.theirs for name, conflict in conflicts.items()})
    _drop(row, [name for name, choice in chosen.items() if choice == "theirs"])
    return {name: row.carried.get(name, conflicts[name].mine) for name, choice in chosen.items() if choice == "mine"}


def _drop(row: Row, names: Collection[str]) -> None:
    for name in names:
        row.carried.pop(name, None)
