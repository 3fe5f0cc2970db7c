"""What one row of an import means for the customer it names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from kinso.errors import FieldError, InvalidInput
from kinso.models.accounts import Actor, Permission
from kinso.models.customers import Customer, CustomerDraft, CustomerPatch
from kinso.models.fields import BY_NAME, FIELDS
from kinso.models.transfer.amounts import read_amount, read_flag, read_number
from kinso.models.transfer.cells import (
    COLUMNS,
    is_damaged,
    on_one_line,
    shortened,
    undamaged_forms,
    written_cells,
    written_value,
)
from kinso.models.transfer.plans import MOST_DUPLICATES_SHOWN, ImportChoices, KnownAlready, Side
from kinso.models.validation import LABELS, parse
from kinso.repository.store import Store
from kinso.services.customers.registering import find_known_already
from kinso.services.history.records import decided_by_person
from kinso.services.transfer.customer_matches import Seen, Subject
from kinso.services.transfer.reading import SURPLUS, CsvFile, FileDates, Layout, Record, named

CUSTOMER_FILE = Layout(
    fields=named(
        {
            **{name: field for field in COLUMNS for name in (field, LABELS.get(field, field))},
            "name": "customerName",
            "purchase amount": "purchaseAmount",
            "member": "membershipStatus",
        }
    ),
    required=frozenset({"customerId"}),
    complaint="The first row must name the columns, and one of them must be customerId or Customer ID.",
)
EDITABLE = tuple(field.name for field in FIELDS if field.name != "customerId")
_GIVEN_AWAY = (
    "Customer ID “{}” has been given to somebody else since the file was exported, and its customer was deleted; remove"
    " the row, or give it another ID."
)


@dataclass(frozen=True)
class Creation:
    """A new customer; `created_at` is None when the file tells no date of registration."""

    draft: CustomerDraft
    created_at: datetime | None


@dataclass(frozen=True)
class Update:
    """New values for a customer, by stored names."""

    before: Customer
    changes: dict[str, Any]


@dataclass(frozen=True)
class RowPlan:
    """What a row says about its subject.

    `changes` are values of the file for what nobody changed here, `conflicts` for what somebody did since the file was
    exported, both by stored names. `draft` is set for who is new. `mended` counts cells that a spreadsheet has spoilt.
    """

    subject: Subject
    draft: Creation | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    conflicts: Mapping[str, Any] = field(default_factory=dict)
    mended: int = 0

    @property
    def is_conflict(self) -> bool:
        """Whether somebody has to decide."""
        return bool(self.conflicts) or self.subject.gone in ("deleted", "given away")

    def to_write(self, side: Side | None) -> Creation | Update | None:
        """What is written when conflicts end for this side; None when nothing is."""
        existing = self.subject.existing
        if existing is None:
            return self.draft if not self.is_conflict or side == "mine" else None
        changes = {**self.changes, **(self.conflicts if side == "mine" else {})}
        return Update(existing, decided_by_person(changes)) if changes else None


class SpoiltCell(InvalidInput):
    """A spreadsheet took an ID or a phone number for a number."""


@dataclass(frozen=True)
class RowReader:
    """Understands the rows of one file."""

    file: CsvFile
    dates: FileDates
    choices: ImportChoices

    def read(self, record: Record, subject: Subject) -> RowPlan:
        """What the row says; raises `InvalidInput`."""
        if record.surplus:
            raise InvalidInput([FieldError("file", SURPLUS)])
        if subject.lost_zeros and self.choices.damaged == "refuse":
            raise SpoiltCell([FieldError("customerId", _lost_zeros(record, subject.lost_zeros))])
        if subject.gone == "erased":
            return RowPlan(subject)
        if subject.gone == "given away" and self.choices.side_of(record.row) == "mine":
            raise InvalidInput([FieldError("customerId", _GIVEN_AWAY.format(record.cells["customerId"].strip()))])
        mended = int(bool(subject.lost_zeros))
        if subject.existing is None:
            return RowPlan(subject, self._creation(record, subject), mended=mended)
        return self._update(record, subject, subject.existing, mended)

    def new_id(self, record: Record) -> str:
        """The ID of the customer whom the row may create."""
        return self.file.readings(record.cells["customerId"])[-1]

    def _creation(self, record: Record, subject: Subject) -> Creation:
        typed = {name: cell for name, cell in record.cells.items() if cell.strip()}
        values, errors = self._values({name: typed[name] for name in ("customerId", *EDITABLE) if name in typed})
        created_at = None
        try:
            created_at = self.dates.read(typed["createdAt"], subject.created) if "createdAt" in typed else None
        except ValueError as error:
            errors.append(_error("createdAt", error))
        known_bad = {error.field for error in errors}
        try:
            draft = parse(CustomerDraft, values)
        except InvalidInput as invalid:
            errors.extend(error for error in invalid.errors if error.field not in known_bad)
        if errors:
            raise InvalidInput(errors)
        return Creation(draft, created_at)

    def _update(self, record: Record, subject: Subject, existing: Customer, mended: int) -> RowPlan:
        written = written_cells(existing)
        changes: dict[str, Any] = {}
        conflicts: dict[str, Any] = {}
        errors: list[FieldError] = []
        spoilt: list[FieldError] = []
        for name in EDITABLE:
            cell = record.cells.get(name, "")
            on_top = self._on_top(name, subject)
            if not cell.strip() or (not on_top and self._is_as_known(name, cell, written[name], subject.seen)):
                continue
            if name == "contactInfo" and self._is_spoilt(cell, written[name], subject.seen):
                spoilt.append(FieldError(name, _spoilt(cell, written[name])))
                continue
            try:
                value = self._acceptable(name, cell, on_top)
            except InvalidInput as error:
                errors.extend(error.errors)
                continue
            new = written_value(name, value)
            if new == written[name] or (subject.seen and subject.seen.saw(name, new)):
                continue
            is_changed_here = subject.seen is not None and not subject.seen.saw(name, written[name])
            (conflicts if is_changed_here else changes)[name] = value
        if errors:
            raise InvalidInput([*errors, *spoilt])
        if spoilt and self.choices.damaged == "refuse":
            raise SpoiltCell(spoilt)
        return RowPlan(subject, None, changes, conflicts, mended + len(spoilt))

    def _on_top(self, name: str, subject: Subject) -> Decimal:
        """What is added to the amount in the file, because that does not contain it."""
        return subject.bought if name == "purchaseAmount" and self.choices.opening_balance == "keep" else Decimal(0)

    def _is_as_known(self, name: str, cell: str, written: str, seen: Seen | None) -> bool:
        """Whether the cell is, letter by letter, what is stored or what was exported."""
        return any(
            reading == written or (seen is not None and seen.saw(name, reading))
            for reading in self._possible(name, cell)
        )

    def _is_spoilt(self, cell: str, written: str, seen: Seen | None) -> bool:
        """Whether a spreadsheet made this of what is stored or was exported."""
        if is_damaged(cell, written):
            return True
        return seen is not None and any(seen.saw("contactInfo", form) for form in undamaged_forms(cell))

    def _possible(self, name: str, cell: str) -> tuple[str, ...]:
        return self.file.readings(cell) if BY_NAME[name].type.is_text else (cell,)

    def _acceptable(self, name: str, cell: str, on_top: Decimal) -> Any:
        """The value of a cell, as it would be stored; raises `InvalidInput`."""
        values, errors = self._values({name: cell})
        if errors:
            raise InvalidInput(errors)
        if on_top:
            values[name] += on_top
        return parse(CustomerPatch, values).changes()[name]

    def _values(self, cells: Mapping[str, str]) -> tuple[dict[str, Any], list[FieldError]]:
        values: dict[str, Any] = {}
        errors: list[FieldError] = []
        for name, cell in cells.items():
            try:
                values[name] = self._value(name, cell)
            except ValueError as error:
                errors.append(_error(name, error))
        return values, errors

    def _value(self, name: str, cell: str) -> Any:
        match BY_NAME[name].type.key:
            case "amount":
                return read_amount(cell, self.file.delimiter)
            case "number":
                return read_number(cell, self.file.delimiter)
            case "yes/no":
                return read_flag(cell)
            case "tags":
                return [tag for tag in re.split("[,;]", self.file.readings(cell)[-1]) if tag.strip()]
            case "text":
                return on_one_line(self.file.readings(cell)[-1]) if name == "contactInfo" else self._text(cell)
            case _:
                return self._text(cell)

    def _text(self, cell: str) -> str:
        return self.file.readings(cell)[-1]


def _error(field: str, error: ValueError) -> FieldError:
    return FieldError(field, f"{LABELS[field]} {error}.")


def _lost_zeros(record: Record, whole: str) -> str:
    return (
        f"Customer ID “{record.cells['customerId'].strip()}” seems to be “{whole}”, which a spreadsheet took for a"
        " number; write it in full, or let Kinso mend such cells."
    )


def _spoilt(cell: str, stored: str) -> str:
    return (
        f"Contact “{shortened(cell)}” seems to be “{shortened(stored)}”, which a spreadsheet took for a number; write"
        " it in full, leave it empty, or let Kinso mend such cells."
    )


_LOOKED_FOR_AT_ONCE = 5000


@dataclass
class DuplicatesOfNew:
    """All of them counted, the first ones kept; looking for them takes as long as reading the file."""

    store: Store
    actor: Actor
    is_wanted: bool
    count: int = 0
    first: list[KnownAlready] = field(default_factory=list)
    _waiting: list[tuple[int, CustomerDraft]] = field(default_factory=list)

    def __post_init__(self) -> None:
        # Nobody is told about customers whom they may not register, and in an empty shop there is nobody to be found.
        may = self.actor.may(Permission.CREATE)
        self.is_wanted = self.is_wanted and may and not self.store.customers.is_empty()

    def look_for(self, rows: Sequence[tuple[int, CustomerDraft]]) -> None:
        """Whether somebody is stored who may be one of these, each with the number of the row; `finish` at the end."""
        if self.is_wanted:
            self._waiting += rows
            if len(self._waiting) >= _LOOKED_FOR_AT_ONCE:
                self.finish()

    def finish(self) -> None:
        """Look for those of whom it was not done yet."""
        rows, self._waiting = self._waiting, []
        if not rows:
            return
        shown = MOST_DUPLICATES_SHOWN - len(self.first)
        count, found = find_known_already(self.store, self.actor, [draft for _, draft in rows], shown=shown)
        self.count += count
        for place, duplicate in found.items():
            row, draft = rows[place]
            self.first.append(KnownAlready(row, draft.customer_id, draft.customer_name, duplicate))
