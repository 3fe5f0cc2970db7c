"""What becomes of a sheet when its edits were saved, refused or found in conflict."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from kinso.models.customers import Customer, CustomerEdit, EditOutcome
from kinso.ui.customers.sheet import Problem, Row, Sheet, keeping_seen, with_values

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


def apply_outcomes(sheet: Sheet, outcomes: Sequence[EditOutcome]) -> SaveReport:
    """Take over what was saved; keep the others as typed, each with the reason.

    The edition stays, and with it the cell that the person may be typing into already.
    """
    sheet.eligible = None
    rows = {row.base.id: row for row in sheet.rows}
    pending = {row.base.id: values.keys() for row, values in sheet.all_pending()}
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


def decide(sheet: Sheet, choices: Mapping[tuple[str, str], Choice]) -> list[CustomerEdit]:
    """Settle conflicts by customer and field: take over theirs, or return mine as edits of what they saved."""
    sheet.start_edition()
    edits = []
    for row in sheet.rows:
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
