"""Everything that an import would do, as a CSV file: one row for each new customer, changed cell and conflict."""

from __future__ import annotations

import codecs
import csv
import io
from typing import IO, BinaryIO

from kinso.models.accounts import Actor, Permission
from kinso.models.transfer.cells import escape_formula
from kinso.models.transfer.plans import UNDECIDED, ChangeOfPlan, ImportChoices, PlannedChange
from kinso.repository.store import Store
from kinso.services.permissions import use_case
from kinso.services.transfer.customer_imports import rehearse_import

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
    rehearse_import(store, actor, source, choices=choices, sink=report)
    report.flush()
