"""What both kinds of import tell about a file: how it was read, its errors, conflicts and changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from kinso.cli.console import counted, remark, say
from kinso.cli.opening import writable
from kinso.models.transfer.plans import ImportPlan, ImportResult, PlannedChange, PurchasePlan, PurchaseResult
from kinso.models.validation import LABELS
from kinso.services.transfer.customer_reports import ReportFile
from kinso.services.transfer.customer_survey import Sink

_MOST_TOLD = 20
"""Changes and conflicts; a report has all of them."""


@contextmanager
def report_to(name: str | None) -> Iterator[Sink | None]:
    """What writes everything that an import would do into this file, if there is to be one."""
    if name is None:
        yield None
        return
    with writable(name) as target:
        report = ReportFile(target)
        yield report
        report.flush()


def tell_reading(outcome: ImportPlan | ImportResult | PurchasePlan | PurchaseResult) -> None:
    """How the file was understood."""
    for notice in outcome.notices:
        remark(notice)
    if outcome.ignored_columns:
        remark(f"Ignored columns: {', '.join(outcome.ignored_columns)}.")


def tell_errors(plan: ImportPlan | PurchasePlan) -> None:
    """What is wrong with its rows, and which options may help."""
    for error in plan.errors:
        remark(str(error))
    if plan.error_count > len(plan.errors):
        remark(f"… and {plan.error_count - len(plan.errors):,} more.")
    if plan.needs_date_order:
        remark("No row tells whether the day or the month comes first; say it with --date-order dmy or mdy.")
    if isinstance(plan, ImportPlan) and plan.damaged:
        remark("With --damaged mend, what a spreadsheet took for numbers is read as what is stored.")


def tell_conflicts(plan: ImportPlan | PurchasePlan) -> None:
    """What the file and somebody here changed, and which option decides."""
    _tell_first(remark, plan.conflicts, plan.conflict_count)
    if plan.undecided_rows:
        remark("With --conflicts mine the file's values are taken, with --conflicts theirs the stored ones stay.")


def tell_changes(plan: ImportPlan) -> None:
    """What would be written, old and new."""
    _tell_first(say, plan.changes, plan.change_count)


def tell_likely_duplicates(outcome: ImportPlan | ImportResult | PurchasePlan | PurchaseResult) -> None:
    """Which of the new customers may be known already."""
    for duplicate in outcome.duplicates[:_MOST_TOLD]:
        remark(str(duplicate))
    if outcome.duplicate_count > _MOST_TOLD:
        remark(f"… and {outcome.duplicate_count - _MOST_TOLD:,} more new customers may be known already.")


def count_of_errors(plan: ImportPlan | PurchasePlan) -> str:
    """`1 error`, `2,000 errors`."""
    return counted(plan.error_count, "error")


def _tell_first(tell: Callable[[str], None], changes: Sequence[PlannedChange], count: int) -> None:
    told = changes[:_MOST_TOLD]
    for change in told:
        tell(_in_words(change))
    if count > len(told):
        tell(f"… and {count - len(told):,} more; --report FILE writes all of them.")


def _in_words(change: PlannedChange) -> str:
    place = f"Row {change.row}: {change.customer_id}"
    label = LABELS.get(change.field, change.field)
    match change.kind:
        case "new":
            return f"{place} is new: {change.file}."
        case "change":
            return f"{place}, {label}: {change.stored} → {change.file}."
        case "conflict":
            before = "" if change.before is None else f" was {change.before},"
            return f"{place}, {label}:{before} is {change.stored} here now, and {change.file} in the file."
        case "gone" if change.field:
            return f"{place}, purchase {change.file}: taken back here since the file was exported."
        case "gone":
            return f"{place}, {change.file}: deleted here since the file was exported."
