"""What one row of an import means for the customer it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from kinso.errors import FieldError, InvalidInput
from kinso.models.csv_cells import COLUMNS, on_one_line, read_amount, read_flag, read_moment, written_cells
from kinso.models.customer import Customer, CustomerDraft, CustomerPatch
from kinso.models.validation import LABELS, parse
from kinso.repository.by_customer_id import ByCustomerId
from kinso.services.csv_reading import SURPLUS, CsvFile, Layout, Record, named
from kinso.services.records import decided_by_person

CUSTOMER_FILE = Layout(
    fields=named(
        {
            **{name: field for field in COLUMNS for name in (field, LABELS[field])},
            "name": "customerName",
            "member": "membershipStatus",
        }
    ),
    required=frozenset({"customerId"}),
    complaint="The first row must name the columns, and one of them must be customerId or Customer ID.",
)
_EDITABLE = ("customerName", "contactInfo", "purchaseAmount", "membershipStatus")


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
class RowReader:
    """Understands the rows of one file; dates are before `latest`, in `zone` when they name none."""

    file: CsvFile
    zone: ZoneInfo
    latest: datetime

    def customer_ids(self, record: Record) -> tuple[str, ...]:
        """The IDs that the row may name, the one of a new customer last."""
        return self.file.readings(record.cells["customerId"])

    def existing(self, record: Record, known: ByCustomerId) -> Customer | None:
        """Whom the row names; raises `AmbiguousCustomerId`."""
        found = (known.get(customer_id) for customer_id in self.customer_ids(record))
        return next((customer for customer in found if customer), None)

    def plan(self, record: Record, existing: Customer | None) -> Creation | Update | None:
        """What to write for this row, None when everything is as it says; raises `InvalidInput`."""
        if record.surplus:
            raise InvalidInput([FieldError("file", SURPLUS)])
        return self._creation(record) if existing is None else self._update(record, existing)

    def _creation(self, record: Record) -> Creation:
        typed = {name: cell for name, cell in record.cells.items() if cell.strip()}
        values, errors = self._values({name: typed[name] for name in ("customerId", *_EDITABLE) if name in typed})
        created_at = None
        try:
            created_at = read_moment(typed["createdAt"], self.zone, self.latest) if "createdAt" in typed else None
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

    def _update(self, record: Record, existing: Customer) -> Update | None:
        written = written_cells(existing)
        differing = {
            name: cell
            for name in _EDITABLE
            if (cell := record.cells.get(name, "")).strip() and written[name] not in self._possible(name, cell)
        }
        values, errors = self._values(differing)
        if errors:
            raise InvalidInput(errors)
        now_stored = existing.model_dump(by_alias=True)
        changes = {
            name: value for name, value in parse(CustomerPatch, values).changes().items() if value != now_stored[name]
        }
        return Update(existing, decided_by_person(changes)) if changes else None

    def _possible(self, name: str, cell: str) -> tuple[str, ...]:
        return (cell,) if name in ("purchaseAmount", "membershipStatus") else self.file.readings(cell)

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
        match name:
            case "purchaseAmount":
                return read_amount(cell, self.file.delimiter)
            case "membershipStatus":
                return read_flag(cell)
            case "contactInfo":
                return on_one_line(self.file.readings(cell)[-1])
            case _:
                return self.file.readings(cell)[-1]


def _error(field: str, error: ValueError) -> FieldError:
    return FieldError(field, f"{LABELS[field]} {error}.")
