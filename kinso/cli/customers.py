"""Customers from and to CSV files: `import` and `export`."""

from __future__ import annotations

from typing import Literal

from kinso.cli.console import counted, progress, remark, say
from kinso.cli.imports import (
    count_of_errors,
    report_to,
    tell_changes,
    tell_conflicts,
    tell_errors,
    tell_likely_duplicates,
    tell_reading,
)
from kinso.cli.opening import name_of, opened, opened_store, write_chunks
from kinso.models.accounts import COMMAND_LINE
from kinso.models.customers import CustomerQuery
from kinso.models.transfer.plans import ImportChoices, ImportPlan
from kinso.models.validation import parse
from kinso.services.transfer.customer_imports import ImportRefused, ImportUndecided, import_customers, rehearse_import
from kinso.services.transfer.exports import Flavour, export_customers

_MEMBER = {None: None, "yes": True, "no": False}
_KEPT = "Missing columns and empty cells leave what is stored."


def import_customers_file(file: str, choices: ImportChoices, *, report: str | None, dry_run: bool) -> int:
    """Create or update the customers of a file, or tell what would be done."""
    with opened(file) as source, opened_store() as store, report_to(report) as sink:
        if dry_run:
            with progress("Checking the file"):
                plan = rehearse_import(store, COMMAND_LINE, source, choices=choices, sink=sink)
            return _tell_plan(plan)
        try:
            with progress("Importing") as tell:
                result = import_customers(
                    store, COMMAND_LINE, source, tell, choices=choices, sink=sink, file_name=name_of(file)
                )
        except ImportRefused as refused:
            tell_errors(refused.plan)
            raise
        except ImportUndecided as undecided:
            tell_conflicts(undecided.plan)
            remark(undecided.message)
            # The report is what helps to decide, so it stays.
            return 1
    tell_reading(result)
    tell_likely_duplicates(result)
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


def _tell_plan(plan: ImportPlan) -> int:
    tell_reading(plan)
    if plan.error_count:
        tell_errors(plan)
        remark(f"The file has {count_of_errors(plan)}; nothing would be imported.")
        return 1
    tell_likely_duplicates(plan)
    tell_conflicts(plan)
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
    tell_changes(plan)
    return 0
