"""Customers from a CSV file: created or updated by their ID, all of them or none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO

from kinso.database.search import id_key
from kinso.errors import Conflict, DatabaseUnavailable, FieldError, InvalidInput
from kinso.models.csv_plan import MOST_ERRORS_SHOWN, ImportPlan, ImportResult, RowError
from kinso.models.customer import Customer
from kinso.models.run import Change, Run
from kinso.models.user import Actor, Permission
from kinso.repository.customers import changed
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.access import use_case
from kinso.services.csv_reading import CsvFile, MalformedRow, Record, open_csv_file
from kinso.services.import_rows import CUSTOMER_FILE, Creation, RowReader, Update
from kinso.services.records import record_of_creation, record_of_update
from kinso.services.runs import Progress, ignore_progress, in_batches, record_batch, running

_NEW = -1
CHANGED = (
    "The file means something else now than when it was checked, because customers or purchases were added or changed"
    " since; nothing was imported. Check it again."
)
INTERRUPTED = (
    "The database stopped answering during the import; whatever was done of it is taken back as soon as Kinso reaches"
    " the database again, so import the file once more then."
)


class ImportRefused(InvalidInput):
    """Some rows have errors, so nothing was imported; `plan` lists them."""

    def __init__(self, plan: ImportPlan) -> None:
        super().__init__([FieldError(f"row {error.row}", str(error)) for error in plan.errors])
        self.plan = plan
        number = f"{plan.error_count:,} error{'s' if plan.error_count > 1 else ''}"
        self.message = f"Nothing was imported, because the file has {number}; correct them and import it again."
        self.args = (self.message,)


@dataclass
class _Survey:
    """What the whole file would do; `writes` maps rows to the ID they write and the version of it that they saw."""

    writes: dict[int, tuple[str, int]] = field(default_factory=dict)
    rows_by_id: dict[str, int] = field(default_factory=dict)
    create: int = 0
    update: int = 0
    unchanged: int = 0
    errors: list[RowError] = field(default_factory=list)
    error_count: int = 0

    def add_errors(self, row: int, line: int, errors: Sequence[FieldError]) -> None:
        """Count all errors, keep the first ones."""
        self.error_count += len(errors)
        room = MOST_ERRORS_SHOWN - len(self.errors)
        self.errors.extend(RowError(row, line, error.field, error.message) for error in errors[:room])


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
    `InvalidInput` for an unusable file, `ImportRefused` when any row has an error, `Conflict` when someone else wrote
    to one of these customers meanwhile; nothing is imported then. `DatabaseUnavailable` tells what is.
    """
    with open_csv_file(source, CUSTOMER_FILE) as file:
        reader = _reader(store, file)
        survey = _survey(store, reader)
        plan = _plan(file, survey)
        if plan.error_count:
            raise ImportRefused(plan)
        if expected is not None and _counts(expected) != _counts(plan):
            raise Conflict(CHANGED)
        run = _apply(store, actor, reader, survey, file_name, on_progress) if plan.changes else None
    return ImportResult(
        run=run,
        created=plan.create,
        updated=plan.update,
        unchanged=plan.unchanged,
        ignored_columns=plan.ignored_columns,
        notices=plan.notices,
    )


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
    try:
        for batch in in_batches(reader.file.records()):
            existing = store.customers.get_by_customer_ids(
                {customer_id for record in batch for customer_id in reader.customer_ids(record)}
            )
            for record in batch:
                _survey_row(survey, reader, record, existing)
    except MalformedRow as error:
        survey.add_errors(error.row, error.line, [FieldError("file", error.message)])
    return survey


def _survey_row(survey: _Survey, reader: RowReader, record: Record, existing: dict[str, Customer]) -> None:
    keys = [id_key(customer_id) for customer_id in reader.customer_ids(record)]
    key = next((key for key in keys if key in existing), keys[-1])
    first = survey.rows_by_id.setdefault(key, record.row) if key else record.row
    if first != record.row:
        sentence = f"Customer ID “{record.cells['customerId'].strip()}” is already in row {first}; keep one of them."
        survey.add_errors(record.row, record.line, [FieldError("customerId", sentence)])
        return
    current = existing.get(key) if key else None
    try:
        planned = reader.plan(record, current)
    except InvalidInput as error:
        survey.add_errors(record.row, record.line, error.errors)
        return
    if planned is None:
        survey.unchanged += 1
        return
    survey.writes[record.row] = (key, current.version if current else _NEW)
    survey.create += isinstance(planned, Creation)
    survey.update += isinstance(planned, Update)


def _apply(
    store: Store, actor: Actor, reader: RowReader, survey: _Survey, file_name: str, on_progress: Progress
) -> Run:
    parameters = {"file": file_name, "create": survey.create, "update": survey.update}
    total, done = len(survey.writes), 0
    try:
        with store.guarded(), running(store, actor, "import", parameters, total) as run:
            for batch in in_batches(record for record in reader.file.records() if record.row in survey.writes):

                def work(batch: Sequence[Record] = batch) -> None:
                    record_batch(store, run, _write(store, actor, run, reader, survey, batch))

                store.transact(work)
                done += len(batch)
                on_progress(done, total)
    except Conflict as error:
        raise Conflict(f"{error.message} Nothing was imported; import the file again.") from error
    except DatabaseUnavailable as error:
        raise DatabaseUnavailable(INTERRUPTED) from error
    return store.runs.get(run.id) or run


def _write(
    store: Store, actor: Actor, run: Run, reader: RowReader, survey: _Survey, batch: Sequence[Record]
) -> list[Change]:
    existing = store.customers.get_by_customer_ids(survey.writes[record.row][0] for record in batch)
    planned = [reader.plan(record, _as_surveyed(record, existing, survey)) for record in batch]
    at = now()
    creations = [item for item in planned if isinstance(item, Creation)]
    updates = [item for item in planned if isinstance(item, Update)]
    return [*_create(store, actor, run, creations, at), *_update(store, actor, run, updates, at)]


def _as_surveyed(record: Record, existing: dict[str, Customer], survey: _Survey) -> Customer | None:
    """The customer that the row updates, None when it creates one; raises `Conflict` when this changed meanwhile."""
    key, version = survey.writes[record.row]
    current = existing.get(key)
    if (current.version if current else _NEW) == version:
        return current
    what = "registered" if version == _NEW else "changed" if current else "deleted"
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
