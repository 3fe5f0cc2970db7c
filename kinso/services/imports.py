"""Customers from a CSV file: created or updated by their ID, all of them or none."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO

from kinso.errors import Conflict, FieldError, InvalidInput
from kinso.models.csv_plan import MOST_ERRORS_SHOWN, ImportPlan, ImportResult, RowError
from kinso.models.customer import Customer
from kinso.models.folding import id_key
from kinso.models.run import Change, Run
from kinso.models.user import Actor, Permission
from kinso.repository.by_customer_id import ByCustomerId
from kinso.repository.customers import changed
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.access import demand_all, use_case
from kinso.services.csv_reading import CsvFile, MalformedRow, Record, open_csv_file
from kinso.services.first_rows import FirstRows, first_rows
from kinso.services.import_rows import CUSTOMER_FILE, Creation, RowReader, Update
from kinso.services.import_runs import CHANGED, FileRefused, Turn, as_ended, await_turn, import_run
from kinso.services.records import record_of_creation, record_of_update
from kinso.services.runs import Progress, ignore_progress, in_batches, record_batch

_NEW = 1
"""Marks a row that creates a customer; 0 one that writes nothing, and anything else tells whom a row updates."""


class ImportRefused(FileRefused):
    """Some rows have errors, so nothing was imported; `plan` lists them."""

    plan: ImportPlan


@dataclass
class _Survey:
    """What the whole file would do; `marks` tell for each row by its number whom it writes, see `_mark`."""

    marks: array[int] = field(default_factory=lambda: array("q"))
    create: int = 0
    update: int = 0
    unchanged: int = 0
    decides_on_memberships: bool = False
    errors: list[RowError] = field(default_factory=list)
    error_count: int = 0

    def add_errors(self, row: int, line: int, errors: Sequence[FieldError]) -> None:
        """Count all errors, keep the first ones."""
        self.error_count += len(errors)
        room = MOST_ERRORS_SHOWN - len(self.errors)
        self.errors.extend(RowError(row, line, error.field, error.message) for error in errors[:room])

    def mark(self, row: int, mark: int) -> None:
        """Note what this row writes; rows come in their order."""
        self.marks.extend([0] * (row - len(self.marks)))
        self.marks.append(mark)

    def mark_of(self, row: int) -> int:
        """What this row writes."""
        return self.marks[row] if row < len(self.marks) else 0


@use_case(Permission.IMPORT)
def rehearse_import(store: Store, actor: Actor, source: bytes | BinaryIO) -> ImportPlan:
    """What importing this file would do now; changes nothing. Raises `InvalidInput` for a file that is unusable."""
    with open_csv_file(source, CUSTOMER_FILE) as file:
        return _plan(file, _survey(store, _reader(store, file)))


@use_case(Permission.IMPORT)
def import_customers(
    store: Store,
    actor: Actor,
    source: bytes | BinaryIO,
    on_progress: Progress = ignore_progress,
    *,
    file_name: str = "",
    expected: ImportPlan | None = None,
) -> ImportResult:
    """Create and update the customers that the file names, as one run.

    An ID matches in any letter case. A column that is missing and a cell that is empty leave what is stored. With an
    `expected` plan as many customers as there are created and updated, or nothing is done. Raises
    `InvalidInput` for an unusable file, `ImportRefused` when any row has an error, `ImportUnderWay`, `Conflict` when
    someone else wrote to one of these customers meanwhile; nothing is imported then. `DatabaseUnavailable` tells what
    is.
    """
    turn = await_turn(store)
    with open_csv_file(source, CUSTOMER_FILE) as file:
        reader = _reader(store, file)
        survey = _survey(store, reader)
        plan = _plan(file, survey)
        if plan.error_count:
            raise ImportRefused(plan)
        _demand(actor, survey)
        if expected is not None and _counts(expected) != _counts(plan):
            raise Conflict(CHANGED)
        run = _apply(store, actor, turn, reader, survey, file_name, on_progress) if plan.changes else None
    return ImportResult(
        run=run,
        created=plan.create,
        updated=plan.update,
        unchanged=plan.unchanged,
        ignored_columns=plan.ignored_columns,
        notices=plan.notices,
    )


def _demand(actor: Actor, survey: _Survey) -> None:
    """Raise `NotPermitted` unless the actor may do all of it one by one as well."""
    needed = {Permission.CREATE: survey.create > 0, Permission.EDIT: survey.update > 0}
    demand_all(actor, {**needed, Permission.MEMBERSHIP: survey.decides_on_memberships})


def _counts(plan: ImportPlan) -> tuple[int, int, int]:
    return plan.create, plan.update, plan.unchanged


def _reader(store: Store, file: CsvFile) -> RowReader:
    return RowReader(file, store.shop.get().zone, latest=now())


def _plan(file: CsvFile, survey: _Survey) -> ImportPlan:
    return ImportPlan(
        create=survey.create,
        update=survey.update,
        unchanged=survey.unchanged,
        errors=tuple(survey.errors),
        error_count=survey.error_count,
        ignored_columns=file.ignored_columns,
        notices=file.notices,
    )


def _survey(store: Store, reader: RowReader) -> _Survey:
    """Go through the whole file and compare it with what is stored."""
    survey = _Survey()
    with first_rows() as first:
        try:
            for batch in in_batches(reader.file.records()):
                known = _known(store, reader, batch)
                for record in batch:
                    try:
                        _survey_row(survey, reader, record, known, first)
                    except InvalidInput as error:
                        survey.add_errors(record.row, record.line, error.errors)
        except MalformedRow as error:
            survey.add_errors(error.row, error.line, [FieldError("file", error.message)])
    return survey


def _known(store: Store, reader: RowReader, batch: Sequence[Record]) -> ByCustomerId:
    return store.customers.get_by_customer_ids(id for record in batch for id in reader.customer_ids(record))


def _survey_row(survey: _Survey, reader: RowReader, record: Record, known: ByCustomerId, first: FirstRows) -> None:
    current = reader.existing(record, known)
    key = current.id if current else id_key(reader.customer_ids(record)[-1])
    earlier = first.row_of(key, record.row) if key else record.row
    if earlier != record.row:
        sentence = f"Customer ID “{record.cells['customerId'].strip()}” is already in row {earlier}; keep one of them."
        raise InvalidInput([FieldError("customerId", sentence)])
    planned = reader.plan(record, current)
    if planned is None:
        survey.unchanged += 1
        return
    survey.mark(record.row, _mark(current))
    if isinstance(planned, Creation):
        survey.create += 1
        survey.decides_on_memberships |= planned.draft.membership_status
    else:
        survey.update += 1
        survey.decides_on_memberships |= "membershipStatus" in planned.changes


def _mark(customer: Customer | None) -> int:
    """A number for this version of this customer: a million of them need little memory."""
    return hash((customer.id, customer.version)) | 2 if customer else _NEW


def _apply(
    store: Store,
    actor: Actor,
    turn: Turn,
    reader: RowReader,
    survey: _Survey,
    file_name: str,
    on_progress: Progress,
) -> Run:
    parameters = {"file": file_name, "create": survey.create, "update": survey.update}
    total, done = survey.create + survey.update, 0
    with import_run(store, actor, turn, "import", parameters, total) as run:
        for batch in in_batches(record for record in reader.file.records() if survey.mark_of(record.row)):

            def work(batch: Sequence[Record] = batch) -> None:
                record_batch(store, run, _write(store, actor, run, reader, survey, batch))

            store.transact(work)
            done += len(batch)
            on_progress(done, total)
    return as_ended(store, run)


def _write(
    store: Store, actor: Actor, run: Run, reader: RowReader, survey: _Survey, batch: Sequence[Record]
) -> list[Change]:
    known = _known(store, reader, batch)
    planned = [reader.plan(record, _as_surveyed(record, reader.existing(record, known), survey)) for record in batch]
    at = now()
    creations = [item for item in planned if isinstance(item, Creation)]
    updates = [item for item in planned if isinstance(item, Update)]
    return [*_create(store, actor, run, creations, at), *_update(store, actor, run, updates, at)]


def _as_surveyed(record: Record, current: Customer | None, survey: _Survey) -> Customer | None:
    """The customer that the row updates, None when it creates one; raises `Conflict` when this changed meanwhile."""
    mark = survey.mark_of(record.row)
    if _mark(current) == mark:
        return current
    what = "registered" if mark == _NEW else "changed" if current else "deleted"
    raise Conflict(f"Customer {record.cells['customerId'].strip()} was {what} by someone else during the import.")


def _create(store: Store, actor: Actor, run: Run, creations: Sequence[Creation], at: datetime) -> Iterator[Change]:
    if creations:
        drafts = [creation.draft for creation in creations]
        created_at = [creation.created_at or at for creation in creations]
        for customer in store.customers.insert_many(drafts, at, created_at=created_at):
            yield record_of_creation(actor, customer, run=run.id)


def _update(store: Store, actor: Actor, run: Run, updates: Sequence[Update], at: datetime) -> Iterator[Change]:
    if updates:
        if store.customers.update_many([(update.before, update.changes) for update in updates], at) != len(updates):
            raise Conflict("Some of these customers were changed by someone else during the import.")
        for update in updates:
            yield record_of_update(actor, update.before, changed(update.before, update.changes, at), run=run.id)
