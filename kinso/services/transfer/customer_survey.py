"""A file of customers beside what is stored: what it would do, what somebody has to decide, and all that is wrong."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from kinso.errors import FieldError, InvalidInput
from kinso.models.accounts import Permission
from kinso.models.customers import Customer, CustomerDraft
from kinso.models.fields import FIELDS, SPECIFIED, permissions_to_change, permissions_to_enter
from kinso.models.text import id_key
from kinso.models.transfer.cells import written_cells, written_value
from kinso.models.transfer.plans import (
    MOST_CHANGES_SHOWN,
    MOST_ERRORS_SHOWN,
    NO_OVERLAP,
    ChangeOfPlan,
    ImportChoices,
    ImportPlan,
    Overlap,
    PlannedChange,
    RowError,
)
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.history.runs import in_batches
from kinso.services.transfer.customer_matches import (
    FirstRows,
    KnownCustomers,
    SeenVersion,
    Subject,
    exported_customer,
    first_rows,
)
from kinso.services.transfer.customer_rows import Creation, DuplicatesOfNew, RowPlan, RowReader, SpoiltCell
from kinso.services.transfer.reading import CsvFile, FileDates, MalformedRow, Record

Sink = Callable[[PlannedChange], None]
"""Is told everything that a file would do and all that has to be decided, in the order of the rows."""

_NEW = 1
"""Marks a row that creates a customer; 0 one that writes nothing, and anything else tells whom a row updates."""
_MOST_LOOKED_BACK = 500
"""Changes of a customer among which the value before a conflict is looked for."""


@dataclass
class Survey:
    """What the whole file would do; `marks` tell for each row by its number whom it writes, see `mark_of_customer`.

    `needed` is what its fields take beside the permissions to register and to edit.
    """

    store: Store
    reader: RowReader
    duplicates: DuplicatesOfNew
    sink: Sink | None = None
    marks: array[int] = field(default_factory=lambda: array("q"))
    create: int = 0
    update: int = 0
    unchanged: int = 0
    needed: set[Permission] = field(default_factory=set)
    errors: list[RowError] = field(default_factory=list)
    error_count: int = 0
    changes: list[PlannedChange] = field(default_factory=list)
    change_count: int = 0
    conflicts: list[PlannedChange] = field(default_factory=list)
    conflict_count: int = 0
    conflicting_rows: int = 0
    undecided_rows: int = 0
    erased: int = 0
    renamed: int = 0
    damaged: int = 0
    mended: int = 0
    open_dates: int = 0
    overlap: Overlap = NO_OVERLAP

    def __post_init__(self) -> None:
        self._digest = blake2b(digest_size=16)

    def go_through(self) -> None:
        """Compare the whole file with what is stored; raises `MirrorNotReady` while customers are being adopted."""
        self.store.mirror.demand_adopted()
        with first_rows() as first:
            try:
                for batch in in_batches(self.reader.file.records()):
                    known = KnownCustomers(self.store, self.reader.file, batch)
                    plans = [(record.row, self._take(record, known, first)) for record in batch]
                    self.duplicates.look_for([(row, plan.draft.draft) for row, plan in plans if plan and plan.draft])
            except MalformedRow as error:
                self._add_errors(error.row, error.line, [FieldError("file", error.message)])
        self.duplicates.finish()

    def plan(self) -> ImportPlan:
        """All of it for the person who decides."""
        file = self.reader.file
        return ImportPlan(
            create=self.create,
            update=self.update,
            unchanged=self.unchanged,
            errors=tuple(self.errors),
            error_count=self.error_count,
            ignored_columns=file.ignored_columns,
            notices=(*file.notices, *self._notices()),
            changes=tuple(self.changes),
            change_count=self.change_count,
            conflicts=tuple(self.conflicts),
            conflict_count=self.conflict_count,
            conflicting_rows=self.conflicting_rows,
            undecided_rows=self.undecided_rows,
            needs_date_order=self.open_dates > 0 and not self.reader.dates.is_order_known,
            damaged=self.damaged,
            duplicates=tuple(self.duplicates.first),
            duplicate_count=self.duplicates.count,
            overlap=self.overlap,
            digest=self._digest.hexdigest(),
        )

    def mark_of(self, row: int) -> int:
        """What this row writes."""
        return self.marks[row] if row < len(self.marks) else 0

    def _take(self, record: Record, known: KnownCustomers, first: FirstRows) -> RowPlan | None:
        """Count and tell what the row does; None when something is wrong with it."""
        try:
            subject = known.subject(record)
            self._refuse_repeated(record, subject, first)
            plan = self.reader.read(record, subject)
        except InvalidInput as error:
            self.damaged += isinstance(error, SpoiltCell)
            self._add_errors(record.row, record.line, error.errors)
            self.open_dates += any(error.field == "createdAt" for error in error.errors) and self._is_open(record)
            return None
        self._count(record, plan)
        for change in self._planned_changes(record, plan):
            self._tell(change)
        if plan.subject.bought and "purchaseAmount" in plan.changes:
            self.overlap = self.overlap.with_another(plan.subject.bought)
        return plan

    def _is_open(self, record: Record) -> bool:
        return self.reader.dates.is_open(record.cells.get("createdAt", ""))

    def _refuse_repeated(self, record: Record, subject: Subject, first: FirstRows) -> None:
        key = subject.existing.id if subject.existing else id_key(self.reader.new_id(record))
        earlier = first.row_of(key, record.row) if key else record.row
        if earlier != record.row:
            sentence = (
                f"Customer ID “{record.cells['customerId'].strip()}” is already in row {earlier}; keep one of them."
            )
            raise InvalidInput([FieldError("customerId", sentence)])

    def _count(self, record: Record, plan: RowPlan) -> None:
        side = self.reader.choices.side_of(record.row)
        self.mended += plan.mended
        self.erased += plan.subject.gone == "erased"
        self.renamed += plan.subject.has_another_id and plan.draft is not None
        self.conflicting_rows += plan.is_conflict
        self.undecided_rows += plan.is_conflict and side is None
        written = plan.to_write(side)
        if written is None:
            self.unchanged += not plan.is_conflict or side is not None
            return
        self._mark(record.row, mark_of_customer(plan.subject.existing))
        if isinstance(written, Creation):
            self.create += 1
            self.needed |= permissions_to_enter(written.draft)
        else:
            self.update += 1
            self.needed |= permissions_to_change(written.changes)

    def _planned_changes(self, record: Record, plan: RowPlan) -> Iterator[PlannedChange]:
        """What the row does, whatever is decided about conflicts."""
        existing = plan.subject.existing
        if existing is None:
            if plan.draft:
                kind: ChangeOfPlan = "gone" if plan.is_conflict else "new"
                draft = plan.draft.draft
                yield PlannedChange(record.row, draft.customer_id, kind, "", "", _draft_in_words(draft))
            return
        stored = written_cells(existing)
        for name, value in plan.changes.items():
            yield PlannedChange(
                record.row, existing.customer_id, "change", name, stored[name], written_value(name, value)
            )
        for name, value in plan.conflicts.items():
            before = self._before(plan.subject, name) if self._keeps_conflicts else None
            yield PlannedChange(
                record.row, existing.customer_id, "conflict", name, stored[name], written_value(name, value), before
            )

    @property
    def _keeps_conflicts(self) -> bool:
        return self.sink is not None or len(self.conflicts) < MOST_CHANGES_SHOWN

    def _before(self, subject: Subject, name: str) -> str | None:
        """What the file saw; None when the history does not tell any more."""
        if subject.existing is None or subject.seen is None:
            return None
        if isinstance(subject.seen, SeenVersion):
            return subject.seen.values[name]
        for change in self.store.changes.of_customer(subject.existing.id, limit=_MOST_LOOKED_BACK):
            for side in (change.before, change.after):
                if name in (side or {}) and subject.seen.saw(name, text := written_value(name, (side or {})[name])):
                    return text
        return None

    def _tell(self, change: PlannedChange) -> None:
        self._digest.update(_in_bytes(change))
        if self.sink is not None:
            self.sink(change)
        if change.kind in ("conflict", "gone"):
            self.conflict_count += 1
            if len(self.conflicts) < MOST_CHANGES_SHOWN:
                self.conflicts.append(change)
        else:
            self.change_count += 1
            if len(self.changes) < MOST_CHANGES_SHOWN:
                self.changes.append(change)

    def _add_errors(self, row: int, line: int, errors: Sequence[FieldError]) -> None:
        """Count all errors, keep the first ones."""
        self.error_count += len(errors)
        room = MOST_ERRORS_SHOWN - len(self.errors)
        self.errors.extend(RowError(row, line, error.field, error.message) for error in errors[:room])

    def _mark(self, row: int, mark: int) -> None:
        """Note what this row writes; rows come in their order."""
        self.marks.extend([0] * (row - len(self.marks)))
        self.marks.append(mark)

    def _notices(self) -> Iterator[str]:
        if self.overlap.customers:
            amount, customers = f"{self.overlap.amount:,}", self.overlap.customers
            who = "1 customer has" if customers == 1 else f"{customers:,} customers have"
            added = self.reader.choices.opening_balance == "keep"
            yield (
                f"{who} purchases here, {amount} in all, and the file brings another total:"
                f" {'the purchases are added to it.' if added else 'it is taken to contain the purchases.'}"
            )
        if self.renamed:
            rows = "1 row has" if self.renamed == 1 else f"{self.renamed:,} rows have"
            yield f"{rows} another customer ID than in the export: a new customer each; an ID is changed in the app."
        if self.erased:
            were = "1 customer of the file was" if self.erased == 1 else f"{self.erased:,} customers of the file were"
            yield f"{were} erased since it was exported and left out."
        if self.mended:
            were = (
                "1 cell that a spreadsheet took for a number was"
                if self.mended == 1
                else (f"{self.mended:,} cells that a spreadsheet took for numbers were")
            )
            yield f"{were} read as what is stored."


def reader_for(store: Store, file: CsvFile, choices: ImportChoices) -> RowReader:
    """What understands the rows of this file."""

    def created(record: Record) -> Any:
        seen = exported_customer(record)
        return seen.created if seen else None

    fields = ("createdAt", "updatedAt")
    dates = FileDates(file, fields, store.shop.get().zone, now(), choices.date_order, created)
    return RowReader(file, dates, choices)


def mark_of_customer(customer: Customer | None) -> int:
    """A number for this version of this customer: a million of them need little memory."""
    return hash((customer.id, customer.version)) | 2 if customer else _NEW


def is_new(mark: int) -> bool:
    """Whether the row that is marked so creates a customer."""
    return mark == _NEW


def _in_bytes(change: PlannedChange) -> bytes:
    parts = (str(change.row), change.kind, change.field, change.stored, change.file)
    return "\0".join(parts).encode("utf-8", "surrogatepass") + b"\0\0"


def _draft_in_words(new: CustomerDraft) -> str:
    """What a new customer is registered with: `Ada King, ada@king.com, 1250.50, member, Tags: regular`."""
    words = [new.customer_name, new.contact_info]
    if new.purchase_amount:
        words.append(written_value("purchaseAmount", new.purchase_amount))
    if new.membership_status:
        words.append("member")
    others = [(field, value) for field in FIELDS[SPECIFIED:] if (value := field.of(new)) != field.type.empty]
    return ", ".join([*words, *(f"{field.label}: {field.type.to_cell(value)}" for field, value in others)])
