"""What one row of a file of purchases says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, get_args
from zoneinfo import ZoneInfo

from kinso.errors import FieldError, InvalidInput
from kinso.models.money import check_amount
from kinso.models.purchases import LONGEST_NOTE, EntryKind
from kinso.models.text import check_id, clean_text, sale_key
from kinso.models.transfer.amounts import read_number, read_payment_method
from kinso.models.transfer.cells import (
    AS_EXPORTED,
    ExportedEntry,
    ExportedMoment,
    on_one_line,
    read_exported_entry,
    shortened,
)
from kinso.models.transfer.dates import DateOrder
from kinso.models.transfer.plans import PurchaseRow
from kinso.models.validation import LABELS
from kinso.services.transfer.reading import SURPLUS, CsvFile, FileDates, Layout, Record, named

PURCHASE_FILE = Layout(
    fields=named(
        {
            **{field: field for field in ("saleId", "customerId", "soldAt", "amount", "paymentMethod", "note", "kind")},
            **{field: field for field in ("refundOf", "customerName", "contactInfo", AS_EXPORTED)},
            **{LABELS[field]: field for field in ("customerName", "contactInfo")},
            "sale": "saleId",
            "receipt": "saleId",
            "receipt number": "saleId",
            "transaction": "saleId",
            "transaction ID": "saleId",
            "customer": "customerId",
            "date": "soldAt",
            "payment": "paymentMethod",
        }
    ),
    required=frozenset({"saleId", "customerId", "soldAt", "amount"}),
    complaint="The first row must name the columns, and among them must be Sale ID, Customer ID, Date and Amount.",
)

_KINDS: dict[str, EntryKind] = {"purchase": "sale", **{kind: kind for kind in get_args(EntryKind)}}
_NEGATIVE = "cannot be negative; take money back by recording a refund of the sale"
_NOT_NEGATIVE = "of a refund must be less than 0, such as -12.50"


@dataclass(frozen=True)
class PurchaseReader:
    """Understands the rows of one file."""

    file: CsvFile
    dates: FileDates

    def read(self, record: Record) -> PurchaseRow:
        """The row; raises `InvalidInput` with everything that is wrong with it."""
        if record.surplus:
            raise InvalidInput([FieldError("file", SURPLUS)])
        cells = _Cells(record)
        exported = exported_entry(record)
        kind: EntryKind = cells.value("kind", self._kind) or "sale"
        row = {
            "sale_id": cells.needed("saleId", self._sale_id),
            "customer_id": cells.needed("customerId", self._id),
            "amount": cells.needed("amount", lambda cell: self._amount(cell, kind)),
            "sold_at": cells.needed("soldAt", lambda cell: self._moment(cell, exported)),
            "refund_of": cells.needed("refundOf", self._sale_id) if kind == "refund" else None,
            "payment_method": cells.value("paymentMethod", read_payment_method),
            "note": cells.value("note", lambda cell: self._text(1, LONGEST_NOTE)(on_one_line(cell))),
            "customer_name": cells.value("customerName", self._text(2, 200)),
            "contact_info": cells.value("contactInfo", lambda cell: self._text(5, 500)(on_one_line(cell))),
        }
        if cells.errors:
            raise InvalidInput(cells.errors)
        return PurchaseRow(record.row, record.line, kind=kind, exported_as=exported.id if exported else None, **row)

    def _moment(self, cell: str, exported: ExportedEntry | None) -> datetime:
        return self.dates.read(cell, exported.at if exported else None)

    def _id(self, cell: str) -> str:
        return check_id(self._text(1, 64)(cell))

    def _sale_id(self, cell: str) -> str:
        return sale_key(self._id(cell))

    def _text(self, shortest: int, longest: int) -> Callable[[str], str]:
        return lambda cell: clean_text(self.file.readings(cell)[-1], shortest=shortest, longest=longest)

    def _kind(self, cell: str) -> EntryKind:
        word = cell.strip().casefold()
        if word not in _KINDS:
            raise ValueError(
                f"“{shortened(cell)}” is not understood; write {', '.join(get_args(EntryKind))} or nothing"
            )
        return _KINDS[word]

    def _amount(self, cell: str, kind: EntryKind) -> Decimal:
        number = read_number(cell, self.file.delimiter)
        if kind == "sale" and number < 0:
            raise ValueError(_NEGATIVE)
        amount = check_amount(abs(number)).copy_sign(number)
        if kind == "refund" and amount >= 0:
            raise ValueError(_NOT_NEGATIVE)
        return amount


class _Cells:
    """The cells of one row, and what was found wrong with them."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self.errors: list[FieldError] = []

    def value(self, field: str, read: Callable[[str], Any]) -> Any:
        """What the cell means; None when it is empty or wrong."""
        cell = self._record.cells.get(field, "")
        return self._read(field, cell, read) if cell.strip() else None

    def needed(self, field: str, read: Callable[[str], Any]) -> Any:
        """The same for a cell that must not be empty."""
        cell = self._record.cells.get(field, "")
        if cell.strip():
            return self._read(field, cell, read)
        self._add(field, "is required")
        return None

    def _read(self, field: str, cell: str, read: Callable[[str], Any]) -> Any:
        try:
            return read(cell)
        except ValueError as error:
            self._add(field, str(error))
            return None

    def _add(self, field: str, what: str) -> None:
        self.errors.append(FieldError(field, f"{LABELS.get(field, field)} {what}."))


def purchase_reader(file: CsvFile, zone: ZoneInfo, latest: datetime, order: DateOrder | None = None) -> PurchaseReader:
    """What understands the rows of this file; dates are before `latest`, in `zone` when they name none."""

    def sold(record: Record) -> ExportedMoment | None:
        exported = exported_entry(record)
        return exported.at if exported else None

    return PurchaseReader(file, FileDates(file, ("soldAt",), zone, latest, order, sold))


def exported_entry(record: Record) -> ExportedEntry | None:
    """The entry that the row was when it was exported; None when it does not tell."""
    return read_exported_entry(record.cells.get(AS_EXPORTED, ""))
