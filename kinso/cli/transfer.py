"""Customers and purchases from and to CSV files: `import` and `export`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from kinso.cli.console import counted, progress, remark, say
from kinso.cli.opening import name_of, opened, opened_store, writable, write_chunks
from kinso.models.accounts import COMMAND_LINE
from kinso.models.customers import CustomerQuery
from kinso.models.shop import ShopSettings
from kinso.models.transfer.cells import Flavour
from kinso.models.transfer.plans import (
    ImportChoices,
    ImportPlan,
    ImportResult,
    Overlap,
    PlannedChange,
    PurchaseFigures,
    PurchasePlan,
    PurchaseResult,
    Unknown,
)
from kinso.models.validation import LABELS, parse
from kinso.services.shop.settings import get_shop_settings
from kinso.services.transfer.customer_imports import (
    ImportRefused,
    ImportUndecided,
    ReportFile,
    import_customers,
    preview_import,
)
from kinso.services.transfer.customer_survey import Sink
from kinso.services.transfer.exports import export_customers, export_ledger
from kinso.services.transfer.purchase_imports import (
    PurchasesRefused,
    PurchasesUndecided,
    import_purchases,
    preview_purchases,
)

_MOST_SHOWN = 20
"""Changes and conflicts; a report has all of them."""
_MEMBER = {None: None, "yes": True, "no": False}
_KEPT = "Missing columns and empty cells leave what is stored."


def import_customers_file(file: str, choices: ImportChoices, *, report: str | None, dry_run: bool) -> int:
    """Create or update the customers of a file, or tell what would be done."""
    with opened(file) as source, opened_store() as store, _report_to(report) as sink:
        if dry_run:
            with progress("Checking the file"):
                plan = preview_import(store, COMMAND_LINE, source, choices=choices, sink=sink)
            return _tell_customer_plan(plan)
        try:
            with progress("Importing") as tell:
                result = import_customers(
                    store, COMMAND_LINE, source, tell, choices=choices, sink=sink, file_name=name_of(file)
                )
        except ImportRefused as refused:
            _tell_errors(refused.plan)
            raise
        except ImportUndecided as undecided:
            _tell_conflicts(undecided.plan)
            remark(undecided.message)
            # The report is what helps to decide, so it stays.
            return 1
    _tell_reading(result)
    _tell_likely_duplicates(result)
    say(
        f"Created {counted(result.created, 'customer')}, updated {result.updated:,}, left {result.unchanged:,} as they"
        " were."
    )
    return 0


def export_customers_file(file: str, flavour: Flavour, *, search: str, member: Literal["yes", "no"] | None) -> int:
    """Write the customers who are chosen, ordered by their ID."""
    chosen = {"search": search, "membershipStatus": _MEMBER[member], "sortBy": "customerId", "sortOrder": "asc"}
    query = parse(CustomerQuery, chosen)
    with opened_store() as store:
        write_chunks(export_customers(store, COMMAND_LINE, query, flavour), file)
    return 0


def import_purchases_file(file: str, choices: ImportChoices, *, create_unknown: bool, dry_run: bool) -> int:
    """Record what a file says, or tell what would be recorded."""
    unknown: Unknown = "create" if create_unknown else "refuse"
    with opened(file) as source, opened_store() as store:
        if dry_run:
            with progress("Checking the file"):
                plan = preview_purchases(store, COMMAND_LINE, source, unknown=unknown, choices=choices)
            return _tell_purchase_plan(plan, get_shop_settings(store, COMMAND_LINE))
        try:
            with progress("Importing") as tell:
                result = import_purchases(
                    store, COMMAND_LINE, source, tell, unknown=unknown, choices=choices, file_name=name_of(file)
                )
        except PurchasesRefused as refused:
            _tell_errors(refused.plan)
            _advise(refused.plan)
            raise
        except PurchasesUndecided as undecided:
            _tell_conflicts(undecided.plan)
            _tell_ways(undecided.plan)
            raise
    _tell_reading(result)
    _tell_likely_duplicates(result)
    members = f", made {counted(result.activated, 'customer')} members" if result.activated else ""
    say(
        f"Recorded {_purchases(result.figures)}, {result.figures.total:,} in all, created"
        f" {counted(result.created, 'customer')}{members}; {_recorded(result.figures)}.{_gave_way(result.gives_way)}"
    )
    return 0


def export_ledger_file(file: str, flavour: Flavour) -> int:
    """Write everything that purchase amounts consist of."""
    with opened_store() as store:
        write_chunks(export_ledger(store, COMMAND_LINE, flavour), file)
    return 0


@contextmanager
def _report_to(name: str | None) -> Iterator[Sink | None]:
    """What writes everything that an import would do into this file, if there is to be one."""
    if name is None:
        yield None
        return
    with writable(name) as target:
        report = ReportFile(target)
        yield report
        report.flush()


def _tell_customer_plan(plan: ImportPlan) -> int:
    _tell_reading(plan)
    if plan.error_count:
        _tell_errors(plan)
        remark(f"The file has {_count_of_errors(plan)}; nothing would be imported.")
        return 1
    _tell_likely_duplicates(plan)
    _tell_conflicts(plan)
    if plan.undecided_rows:
        remark(
            f"{counted(plan.undecided_rows, 'row')} would overwrite what was changed here since the file was exported;"
            " nothing would be imported."
        )
        return 1
    say(
        f"Would create {counted(plan.create, 'customer')}, update {plan.update:,}, leave {plan.unchanged:,} as they"
        f" are. {_KEPT}"
    )
    _tell_changes(plan)
    return 0


def _tell_purchase_plan(plan: PurchasePlan, shop: ShopSettings) -> int:
    _tell_reading(plan)
    if plan.error_count:
        _tell_errors(plan)
        _advise(plan)
        remark(f"The file has {_count_of_errors(plan)}; nothing would be imported.")
        return 1
    _tell_likely_duplicates(plan)
    _tell_conflicts(plan)
    if plan.overlap.customers:
        remark(f"{plan.overlap_in_words}.")
    if plan.undecided_rows or plan.is_overlap_undecided:
        _tell_ways(plan)
        remark("Nothing would be imported before that is decided.")
        return 1
    figures = plan.figures
    period = ""
    if figures.first_at and figures.last_at:
        first, last = (moment.astimezone(shop.zone).date() for moment in (figures.first_at, figures.last_at))
        period = f" from {first} to {last}"
    say(
        f"Would record {_purchases(figures)}{period}, {figures.total:,} in all, and create"
        f" {counted(figures.unknown, 'customer')}; {_recorded(figures)}."
    )
    return 0


def _tell_reading(outcome: ImportPlan | ImportResult | PurchasePlan | PurchaseResult) -> None:
    """How the file was understood."""
    for notice in outcome.notices:
        remark(notice)
    if outcome.ignored_columns:
        remark(f"Ignored columns: {', '.join(outcome.ignored_columns)}.")


def _tell_errors(plan: ImportPlan | PurchasePlan) -> None:
    """What is wrong with its rows, and which options may help."""
    for error in plan.errors:
        remark(str(error))
    if plan.error_count > len(plan.errors):
        remark(f"… and {plan.error_count - len(plan.errors):,} more.")
    if plan.needs_date_order:
        remark("No row tells whether the day or the month comes first; say it with --date-order dmy or mdy.")
    if isinstance(plan, ImportPlan) and plan.damaged:
        remark("With --damaged mend, what a spreadsheet took for numbers is read as what is stored.")


def _tell_conflicts(plan: ImportPlan | PurchasePlan) -> None:
    """What the file and somebody here changed, and which option decides."""
    _tell_first(remark, plan.conflicts, plan.conflict_count)
    if plan.undecided_rows:
        remark("With --conflicts mine the file's values are taken, with --conflicts theirs the stored ones stay.")


def _tell_changes(plan: ImportPlan) -> None:
    """What would be written, old and new."""
    _tell_first(say, plan.changes, plan.change_count)


def _tell_likely_duplicates(outcome: ImportPlan | ImportResult | PurchasePlan | PurchaseResult) -> None:
    """Which of the new customers may be known already."""
    for duplicate in outcome.duplicates[:_MOST_SHOWN]:
        remark(str(duplicate))
    if outcome.duplicate_count > _MOST_SHOWN:
        remark(f"… and {outcome.duplicate_count - _MOST_SHOWN:,} more new customers may be known already.")


def _count_of_errors(plan: ImportPlan | PurchasePlan) -> str:
    """`1 error`, `2,000 errors`."""
    return counted(plan.error_count, "error")


def _tell_first(tell: Callable[[str], None], changes: Sequence[PlannedChange], count: int) -> None:
    shown = changes[:_MOST_SHOWN]
    for change in shown:
        tell(_in_words(change).replace("\n", " "))
    if count > len(shown):
        tell(f"… and {count - len(shown):,} more; --report FILE writes all of them.")


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
            return f"{place}, purchase {change.file}: undone here since the file was exported."
        case "gone":
            return f"{place}, {change.file}: deleted here since the file was exported."


def _tell_ways(plan: PurchasePlan) -> None:
    if plan.is_overlap_undecided:
        remark(
            "With --opening-balance give-way the opening balances are lowered by that amount, with --opening-balance"
            " keep the purchases come on top of them."
        )


def _advise(plan: PurchasePlan) -> None:
    if plan.unknown == "refuse" and plan.figures.unknown:
        are, they_are = ("is", "it is") if plan.figures.unknown == 1 else ("are", "they are")
        unknown = counted(plan.figures.unknown, "customer")
        remark(f"{unknown} {are} not known; with --create-unknown {they_are} created.")


def _gave_way(overlap: Overlap) -> str:
    if not overlap.customers:
        return ""
    return f" Opening balances of {counted(overlap.customers, 'customer')} gave way, by {overlap.amount:,} in all."


def _purchases(figures: PurchaseFigures) -> str:
    return f"{counted(figures.new, 'purchase')} of {counted(figures.customers, 'customer')}"


def _recorded(figures: PurchaseFigures) -> str:
    return f"{figures.recorded:,} {'was' if figures.recorded == 1 else 'were'} recorded already"
