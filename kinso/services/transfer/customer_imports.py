"""Customers from a CSV file: created or updated by their ID, all of them or none, one import at a time."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, BinaryIO

from kinso.errors import Conflict, DatabaseUnavailable, DuplicateSaleId, FieldError, ImportUnderWay, InvalidInput
from kinso.models.accounts import Actor, Permission
from kinso.models.history import Change, Run, RunKind
from kinso.models.transfer.cells import escape_formula
from kinso.models.transfer.plans import (
    UNDECIDED,
    ChangeOfPlan,
    ImportChoices,
    ImportPlan,
    ImportResult,
    PlannedChange,
    PurchasePlan,
)
from kinso.repository.documents import changed, now
from kinso.repository.store import Store
from kinso.repository.transfer import IMPORTS
from kinso.services.history.records import record_of_creation, record_of_update
from kinso.services.history.runs import (
    SILENCE,
    Progress,
    ignore_progress,
    in_batches,
    record_batch,
    recover_interrupted,
    running,
)
from kinso.services.permissions import demand_all, use_case
from kinso.services.transfer.customer_matches import KnownCustomers
from kinso.services.transfer.customer_rows import CUSTOMER_FILE, Creation, DuplicatesOfNew, Update
from kinso.services.transfer.customer_survey import Sink, Survey, is_new, mark_of_customer, reader_for
from kinso.services.transfer.reading import Record, open_csv_file

CHANGED = (
    "The file means something else now than when it was checked, because customers or purchases were added or changed"
    " since; nothing was imported. Check it again."
)
_INTERRUPTED = (
    "The database stopped answering during the import; unless the page Membership lists it as done all the same,"
    " whatever was done of it is undone as soon as Kinso reaches the database again, so look there before you"
    " import the file once more."
)


class FileRefused(InvalidInput):
    """Some rows of a file have errors, so nothing was imported; `plan` lists them."""

    def __init__(self, plan: ImportPlan | PurchasePlan) -> None:
        super().__init__([FieldError(f"row {error.row}", str(error)) for error in plan.errors])
        self.plan = plan
        number = f"{plan.error_count:,} error{'s' if plan.error_count > 1 else ''}"
        self.message = f"Nothing was imported, because the file has {number}; correct them and import it again."
        self.args = (self.message,)


@dataclass(frozen=True)
class ImportLock:
    """The right to begin an import, as long as no other one begins."""

    store: Store
    number: int

    def take(self, _run: Run) -> None:
        """Begin, within the transaction of the run's beginning; raises `ImportUnderWay`."""
        if not self.store.import_locks.take(self.number):
            raise ImportUnderWay("Another import began meanwhile, and only one can be at a time; start this one again.")


def await_import_lock(store: Store) -> ImportLock:
    """Make sure that no import is under way before the file is compared with what is stored.

    What a crash left of one is undone first. Raises `ImportUnderWay`.
    """
    recover_interrupted(store)
    # Read before the runs: an import that begins in between is either seen below or has changed the number.
    lock = ImportLock(store, store.import_locks.number())
    moment = now()
    for run in store.import_locks.running():
        # One that does not move is one that could not be undone; it must not keep everybody from importing.
        if run.kind in IMPORTS and abs(moment - run.heartbeat_at) <= SILENCE:
            file = f" of “{run.parameters['file']}”" if run.parameters.get("file") else ""
            raise ImportUnderWay(
                f"An import{file} by {run.by_name} is under way, and only one can be at a time; wait until it has"
                " ended, or have it stopped on the page Membership, and start this one then."
            )
    return lock


@contextmanager
def import_run(
    store: Store, actor: Actor, lock: ImportLock, kind: RunKind, parameters: dict[str, Any], matched: int
) -> Iterator[Run]:
    """The run of an import; its failures say what became of the file.

    Raises `Conflict` when nothing was imported, and `DatabaseUnavailable` when that cannot be told.
    """
    begun: Run | None = None
    try:
        with store.guarded(), running(store, actor, kind, parameters, matched, on_begin=lock.take) as begun:
            yield begun
    except DuplicateSaleId as error:
        raise Conflict(
            f"{error.message.partition(';')[0]} by someone else since the import began. Nothing was imported; import"
            " the file again."
        ) from error
    except ImportUnderWay:
        raise
    except Conflict as error:
        raise Conflict(f"{error.message} Nothing was imported; import the file again.") from error
    except DatabaseUnavailable as error:
        # Perhaps nothing was lost but the last answer.
        if begun is None or as_ended(store, begun).status != "done":
            raise DatabaseUnavailable(_INTERRUPTED) from error


def as_ended(store: Store, run: Run) -> Run:
    """The run as it is stored now; as it began when the database does not answer."""
    with suppress(DatabaseUnavailable), store.guarded():
        return store.runs.get(run.id) or run
    return run


class ImportRefused(FileRefused):
    """Some rows have errors, so nothing was imported; `plan` lists them."""

    plan: ImportPlan


class ImportUndecided(Conflict):
    """The file and somebody here changed the same, and it is not decided what stays; `plan` lists it."""

    def __init__(self, plan: ImportPlan) -> None:
        rows = "1 row" if plan.undecided_rows == 1 else f"{plan.undecided_rows:,} rows"
        super().__init__(
            f"Nothing was imported, because {rows} would overwrite what was changed here since the file was exported;"
            " decide whether the file's values or the stored ones stay."
        )
        self.plan = plan


@use_case(Permission.IMPORT)
def preview_import(
    store: Store,
    actor: Actor,
    source: bytes | BinaryIO,
    *,
    choices: ImportChoices = UNDECIDED,
    sink: Sink | None = None,
) -> ImportPlan:
    """What importing this file would do now; changes nothing. Raises `InvalidInput` for a file that is unusable.

    A `sink` is told every single change and conflict, while the plan keeps only the first ones.
    """
    with open_csv_file(source, CUSTOMER_FILE) as file:
        survey = Survey(store, reader_for(store, file, choices), DuplicatesOfNew(store, actor, is_wanted=True), sink)
        survey.go_through()
        return survey.plan()


@use_case(Permission.IMPORT)
def import_customers(
    store: Store,
    actor: Actor,
    source: bytes | BinaryIO,
    on_progress: Progress = ignore_progress,
    *,
    choices: ImportChoices = UNDECIDED,
    sink: Sink | None = None,
    file_name: str = "",
    expected: ImportPlan | None = None,
) -> ImportResult:
    """Create and update the customers that the file names, as one run.

    An ID matches in any letter case. A column that is missing and a cell that is empty leave what is stored, and so
    does a cell that is as it was when the file was exported. With an `expected` plan exactly that is done, but for the
    `choices`, or nothing. Raises `InvalidInput` for an unusable file, `ImportRefused` when any row has an error,
    `ImportUndecided` when nobody has chosen between the file's value and one that was changed here since,
    `ImportUnderWay`, `Conflict` when someone else wrote to one of these customers meanwhile; nothing is imported then.
    `DatabaseUnavailable` tells what is.
    """
    lock = await_import_lock(store)
    with open_csv_file(source, CUSTOMER_FILE) as file:
        # Whoever has seen the plan has seen the likely duplicates.
        duplicates = DuplicatesOfNew(store, actor, is_wanted=expected is None)
        survey = Survey(store, reader_for(store, file, choices), duplicates, sink)
        survey.go_through()
        plan = survey.plan()
        _refuse(plan, expected)
        _demand(actor, survey)
        run = _apply(store, actor, lock, survey, file_name, on_progress) if plan.writes else None
    return ImportResult(
        run=run,
        created=plan.create,
        updated=plan.update,
        unchanged=plan.unchanged,
        ignored_columns=plan.ignored_columns,
        notices=plan.notices,
        duplicates=plan.duplicates,
        duplicate_count=plan.duplicate_count,
    )


def _refuse(plan: ImportPlan, expected: ImportPlan | None) -> None:
    if plan.error_count:
        raise ImportRefused(plan)
    if expected is not None and expected.digest != plan.digest:
        raise Conflict(CHANGED)
    if plan.undecided_rows:
        raise ImportUndecided(plan)


def _demand(actor: Actor, survey: Survey) -> None:
    """Raise `NotPermitted` unless the actor may do all of it one by one as well."""
    needed = {Permission.CREATE: survey.create > 0, Permission.EDIT: survey.update > 0}
    demand_all(actor, {**needed, **dict.fromkeys(survey.needed, True)})


def _apply(store: Store, actor: Actor, lock: ImportLock, survey: Survey, file_name: str, on_progress: Progress) -> Run:
    parameters = {"file": file_name, "create": survey.create, "update": survey.update}
    total, done = survey.create + survey.update, 0
    with import_run(store, actor, lock, "import", parameters, total) as run:
        for batch in in_batches(record for record in survey.reader.file.records() if survey.mark_of(record.row)):

            def work(batch: Sequence[Record] = batch) -> None:
                record_batch(store, run, _write(store, actor, run, survey, batch))

            store.transact(work)
            done += len(batch)
            on_progress(done, total)
    return as_ended(store, run)


def _write(store: Store, actor: Actor, run: Run, survey: Survey, batch: Sequence[Record]) -> list[Change]:
    known = KnownCustomers(store, survey.reader.file, batch)
    planned = [_as_surveyed(record, known, survey) for record in batch]
    at = now()
    creations = [item for item in planned if isinstance(item, Creation)]
    updates = [item for item in planned if isinstance(item, Update)]
    return [*_create(store, actor, run, creations, at), *_update(store, actor, run, updates, at)]


def _as_surveyed(record: Record, known: KnownCustomers, survey: Survey) -> Creation | Update | None:
    """What the row writes; raises `Conflict` when its customer is not as surveyed any more."""
    subject, mark = known.subject(record), survey.mark_of(record.row)
    if mark_of_customer(subject.existing) != mark:
        what = "registered" if is_new(mark) else "changed" if subject.existing else "deleted"
        raise Conflict(f"Customer {record.cells['customerId'].strip()} was {what} by someone else during the import.")
    return survey.reader.read(record, subject).to_write(survey.reader.choices.side_of(record.row))


def _create(store: Store, actor: Actor, run: Run, creations: Sequence[Creation], at: datetime) -> Iterator[Change]:
    if creations:
        drafts = [creation.draft for creation in creations]
        created_at = [creation.created_at or at for creation in creations]
        for customer in store.customers.insert_many(drafts, at, actor, created_at=created_at, source="import"):
            yield record_of_creation(actor, customer, run=run.id)


def _update(store: Store, actor: Actor, run: Run, updates: Sequence[Update], at: datetime) -> Iterator[Change]:
    if updates:
        if store.customers.update_many([(update.before, update.changes) for update in updates], at) != len(updates):
            raise Conflict("Some of these customers were changed by someone else during the import.")
        for update in updates:
            yield record_of_update(actor, update.before, changed(update.before, update.changes, at), run=run.id)


COLUMNS = ("row", "customerId", "what", "field", "before", "stored", "inFile")
WHAT: dict[ChangeOfPlan, str] = {
    "new": "new customer",
    "change": "change",
    "conflict": "changed on both sides",
    "gone": "deleted here",
}


class ReportFile:
    """Takes what an import would do, one after the other, for a spreadsheet; `flush` it at the end."""

    def __init__(self, target: IO[bytes]) -> None:
        target.write(codecs.BOM_UTF8)
        self._text = io.TextIOWrapper(target, encoding="utf-8", newline="", write_through=False)
        self._writer = csv.writer(self._text, lineterminator="\r\n")
        self._writer.writerow(COLUMNS)

    def __call__(self, change: PlannedChange) -> None:
        """Add one."""
        told = (change.customer_id, WHAT[change.kind], change.field, change.before or "", change.stored, change.file)
        self._writer.writerow([change.row, *map(escape_formula, told)])

    def flush(self) -> None:
        """Hand everything on; nothing can be added afterwards."""
        self._text.detach()


@use_case(Permission.IMPORT)
def write_import_report(
    store: Store,
    actor: Actor,
    source: bytes | BinaryIO,
    target: IO[bytes],
    *,
    choices: ImportChoices = UNDECIDED,
) -> None:
    """Write everything that importing this file would do now; raises `InvalidInput` for a file that is unusable."""
    report = ReportFile(target)
    preview_import(store, actor, source, choices=choices, sink=report)
    report.flush()
