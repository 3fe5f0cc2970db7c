"""A page of customers as a person saw it, and what they typed over it.

The grid keeps edits by row position. They are only meaningful together with the rows that were on screen, so these rows
are frozen here, and every new set of rows, or new order of them, gets a new edition: the grid starts afresh with it and
can never apply an edit to another row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from kinso.models.customers import Customer, CustomerEdit, FieldConflict, MembershipCounts
from kinso.models.fields import BY_NAME, FIELDS
from kinso.ui.customers.filters import View

EDITABLE = tuple(field.name for field in FIELDS)
"""What a grid or a form may change, in their order."""
SELECTED = "selected"

EditedRows = Mapping[int, Mapping[str, Any]]
"""The grid's own record: what was typed, by row position and column."""


_serials = count(1)


def new_serial() -> int:
    """A number that no grid or form had before."""
    return next(_serials)


@dataclass(frozen=True)
class Problem:
    """Why a typed value could not be saved."""

    value: Any
    message: str


@dataclass
class Row:
    """One customer in the grid.

    `base` is the customer as the person saw it; `carried` was typed before the present edition and is shown instead.
    `saved` was typed in the present edition and is stored, perhaps in a tidier form.
    """

    base: Customer
    carried: dict[str, Any] = field(default_factory=dict)
    saved: dict[str, Any] = field(default_factory=dict)
    selected: bool = False
    gone: bool = False
    problems: dict[str, Problem] = field(default_factory=dict)
    conflicts: dict[str, FieldConflict] = field(default_factory=dict)

    def shown(self, name: str) -> Any:
        """The value of a field as the present edition shows it, before anything is typed over it."""
        return self.carried.get(name, stored_value(self.base, name))

    def is_unsaved(self, typed: Mapping[str, Any], name: str) -> bool:
        """Whether the grid's record has a value of this field that was not saved yet."""
        return name in typed and not (name in self.saved and self.saved[name] == typed[name])

    def type_over(self, values: Mapping[str, Any]) -> None:
        """Take over what was typed, as far as it differs."""
        self.carried = _differing(self, values)


@dataclass
class GridState:
    """The rows of one view; `typed` is the grid's record for the present edition, `drawn` the one last on screen.

    `counts` are those of the membership in the whole list. `eligible` are the `_id`s of those who could become members
    now, None while that is not known; `facts` are those of the columns on screen, by `_id` and name.
    """

    view: View
    total: int
    rows: list[Row]
    edition: int = field(default_factory=new_serial)
    typed: dict[int, dict[str, Any]] = field(default_factory=dict)
    drawn: int | None = None
    counts: MembershipCounts | None = None
    eligible: frozenset[str] | None = None
    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def capture(self, edited: EditedRows) -> None:
        """Take over what the grid has recorded so far."""
        self.typed = {int(place): dict(values) for place, values in edited.items() if int(place) < len(self.rows)}

    def pending(self, row: Row) -> dict[str, Any]:
        """What was typed over a row and differs from it."""
        return next((values for typed_over, values in self.all_pending() if typed_over is row), {})

    def all_pending(self) -> Iterator[tuple[Row, dict[str, Any]]]:
        """The rows that were typed over, each with what was typed."""
        for place, row in enumerate(self.rows):
            typed = self.typed.get(place, {})
            values = {**row.carried, **{name: typed[name] for name in EDITABLE if row.is_unsaved(typed, name)}}
            if differing := _differing(row, values):
                yield row, differing

    @property
    def pending_count(self) -> int:
        """How many cells wait to be saved."""
        return sum(len(values) for _, values in self.all_pending())

    def edits(self) -> list[CustomerEdit]:
        """Everything that waits to be saved."""
        return [CustomerEdit(row.base, values) for row, values in self.all_pending()]

    def selection(self) -> list[Row]:
        """The rows that are ticked."""
        return [
            row
            for place, row in enumerate(self.rows)
            if self.typed.get(place, {}).get(SELECTED, row.selected) and not row.gone
        ]

    def select(self, rows: Iterable[Row]) -> None:
        """Tick exactly these rows, in a new edition."""
        self.start_edition()
        chosen = {row.base.id for row in rows}
        for row in self.rows:
            row.selected = row.base.id in chosen

    def start_edition(self) -> None:
        """Carry over everything typed and ticked, so that the grid can start afresh without losing any."""
        selected = {row.base.id for row in self.selection()}
        carried = {row.base.id: values for row, values in self.all_pending()}
        for row in self.rows:
            row.carried = carried.get(row.base.id, {})
            row.saved = {}
            row.selected = row.base.id in selected
        self.typed = {}
        self.eligible = None
        self.edition = new_serial()

    def remove(self, ids: Iterable[str]) -> None:
        """Take rows out, in a new edition."""
        self.start_edition()
        gone = set(ids)
        kept = [row for row in self.rows if row.base.id not in gone]
        self.total -= len(self.rows) - len(kept)
        self.rows = kept

    def refresh(self, asked: Iterable[str], current: Mapping[str, Customer]) -> None:
        """Show what is stored now of the customers `asked` for, in a new edition; what was typed stays.

        A typed-over field that someone else changed keeps the value that the person saw, so that saving finds the
        conflict.
        """
        self.start_edition()
        renewed, kept = set(asked), []
        for row in self.rows:
            present = current.get(row.base.id)
            if present is not None:
                row.base = keeping_seen(row.base, present, row.carried)
            elif row.base.id in renewed:
                row.gone = True
            if not row.gone or row.carried:
                kept.append(row)
        self.rows = kept

    def find(self, id: str) -> Row | None:
        """The row of a customer."""
        return next((row for row in self.rows if row.base.id == id), None)

    def versions(self) -> dict[str, int]:
        """What to compare with the database to learn whether others changed a row meanwhile."""
        return {row.base.id: row.base.version for row in self.rows if not row.gone}

    def row_at(self, place: int) -> Row | None:
        """The row at a position of the grid."""
        return self.rows[place] if 0 <= place < len(self.rows) else None

    def problems(self) -> list[tuple[Row, Problem]]:
        """What the last save refused and nobody has typed over since."""
        return [
            (row, problem)
            for row, values in self.all_pending()
            for name, problem in row.problems.items()
            if name == "_id" or (name in values and values[name] == problem.value)
        ]

    def conflicts(self) -> list[tuple[Row, FieldConflict]]:
        """Cells that someone else changed too, and that are still typed over: to be decided."""
        return [
            (row, conflict)
            for row, values in self.all_pending()
            for name, conflict in row.conflicts.items()
            if name in values
        ]


def stored_value(customer: Customer, name: str) -> Any:
    """A field by its stored name."""
    return BY_NAME[name].of(customer)


def with_values(customer: Customer, values: Mapping[str, Any]) -> Customer:
    """A copy with other values of fields given by their stored names."""
    return customer.model_copy(update={BY_NAME[name].attribute: value for name, value in values.items()})


def keeping_seen(seen: Customer, present: Customer, names: Iterable[str]) -> Customer:
    """`present`, but with the named fields as they were `seen`."""
    return with_values(present, {name: stored_value(seen, name) for name in names})


def new_rows(customers: Sequence[Customer], selected: Iterable[str] = ()) -> list[Row]:
    """Rows that nobody has typed over."""
    chosen = set(selected)
    return [Row(customer, selected=customer.id in chosen) for customer in customers]


def _differing(row: Row, values: Mapping[str, Any]) -> dict[str, Any]:
    types = {name: BY_NAME[name].type for name in values}
    # An emptied amount is no 0: whoever saves it is told.
    cleaned = {
        name: types[name].empty if value is None and types[name].key != "amount" else value
        for name, value in values.items()
    }
    return {
        name: value for name, value in cleaned.items() if not types[name].is_same(value, stored_value(row.base, name))
    }
