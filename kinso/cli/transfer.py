"""`import` and `export`: customers and purchases from and to CSV files."""

from __future__ import annotations

import argparse
from typing import Any, get_args

from kinso.cli.console import ProgressLine, counted, remark, say
from kinso.cli.files import STANDARD, name_of, opened, writable
from kinso.cli.opening import opened_store
from kinso.cli.plans import (
    choices_of,
    count_of_errors,
    report_to,
    tell_changes,
    tell_conflicts,
    tell_errors,
    tell_reading,
    tell_twins,
)
from kinso.cli.purchases import import_purchases_file
from kinso.models.csv_dates import DATE_ORDERS
from kinso.models.csv_plan import OPENING_BALANCES, Damaged, ImportPlan
from kinso.models.customer import CustomerQuery
from kinso.models.user import COMMAND_LINE
from kinso.models.validation import parse
from kinso.services.csv_writing import Flavour
from kinso.services.exports import export_customers
from kinso.services.imports import ImportRefused, ImportUndecided, import_customers, rehearse_import
from kinso.services.ledger_exports import export_ledger

_MEMBER = {"yes": True, "no": False}
_KEPT = "Missing columns and empty cells leave what is stored."


def add_commands(commands: Any) -> None:
    """Describe both commands and their arguments."""
    imports = commands.add_parser(
        "import",
        help="create or update customers, or record purchases, from a CSV file",
        description="Create or update customers by their customerId (in any letter case), or record purchases by their"
        " saleId; all of the file or nothing.",
        epilog=f"The first row names the columns: customerId, and any of customerName, contactInfo, purchaseAmount,"
        f" membershipStatus and (for new customers) createdAt. {_KEPT} With --purchases: saleId, customerId, date and"
        f" amount, and any of paymentMethod, note, kind, refundOf and (for new customers) customerName and contactInfo."
        f" What is recorded already stays as it is.",
    )
    imports.add_argument("file", metavar="FILE", help="a CSV file, or - for standard input")
    imports.add_argument("--purchases", action="store_true", help="the file holds purchases, not customers")
    imports.add_argument(
        "--create-unknown", action="store_true", help="with --purchases: create customers who are not known"
    )
    imports.add_argument("--dry-run", action="store_true", help="only tell what would be done")
    imports.add_argument(
        "--conflicts",
        choices=("mine", "theirs", "refuse"),
        default="refuse",
        help="where the file and somebody here changed the same since it was exported: take the file's value, keep the"
        " stored one, or import nothing and list them (default)",
    )
    imports.add_argument(
        "--opening-balance",
        choices=OPENING_BALANCES,
        help="with --purchases: what customers came with gives way by what the purchases explain of it, or is kept and"
        " they come on top; without: amounts in the file contain what was bought here (default), or that comes on top",
    )
    imports.add_argument(
        "--date-order",
        choices=DATE_ORDERS,
        help="whether the day or the month comes first in 03.04.2024, if no date in the file tells",
    )
    imports.add_argument(
        "--damaged",
        choices=get_args(Damaged),
        default="refuse",
        help="IDs and phone numbers that a spreadsheet took for numbers: refuse them (default), or read them as what is"
        " stored",
    )
    imports.add_argument(
        "--report", metavar="REPORT", help="write every change and conflict, old and new, into a CSV file"
    )
    imports.set_defaults(run=_import, wrong_use=imports.error)
    exports = commands.add_parser(
        "export",
        help="write customers or purchases as a CSV file",
        description="Write customers as a CSV file, ordered by their ID, or everything that purchase amounts consist"
        " of.",
    )
    exports.add_argument("file", metavar="FILE", nargs="?", default=STANDARD, help="default: standard output")
    exports.add_argument(
        "--flavour",
        choices=get_args(Flavour),
        default="excel",
        help="excel: safe to open in a spreadsheet (default); raw: every text exactly as it is stored",
    )
    exports.add_argument("--search", default="", metavar="TEXT", help="only those with TEXT in ID, name or contact")
    exports.add_argument("--member", choices=list(_MEMBER), help="only members, or only the others")
    exports.add_argument(
        "--purchases",
        action="store_true",
        help="write the purchases, refunds, opening balances and adjustments of all customers instead",
    )
    exports.set_defaults(run=_export, wrong_use=exports.error)


def _import(options: argparse.Namespace) -> int:
    if options.create_unknown and not options.purchases:
        options.wrong_use("--create-unknown goes with --purchases only")
    if options.report and options.purchases:
        options.wrong_use("--report tells what a file of customers changes, and --purchases only adds")
    return import_purchases_file(options) if options.purchases else _import_customers(options)


def _import_customers(options: argparse.Namespace) -> int:
    choices = choices_of(options)
    with opened(options.file) as source, opened_store() as store, report_to(options.report) as report:
        if options.dry_run:
            with ProgressLine("Checking the file"):
                plan = rehearse_import(store, COMMAND_LINE, source, choices=choices, sink=report)
            return _tell_plan(plan)
        try:
            with ProgressLine("Importing") as progress:
                result = import_customers(
                    store,
                    COMMAND_LINE,
                    source,
                    progress,
                    choices=choices,
                    sink=report,
                    file_name=name_of(options.file),
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
    tell_twins(result)
    say(
        f"Created {counted(result.created, 'customer')}, updated {result.updated:,}, left {result.unchanged:,} as they"
        " were."
    )
    return 0


def _tell_plan(plan: ImportPlan) -> int:
    tell_reading(plan)
    if plan.error_count:
        tell_errors(plan)
        remark(f"The file has {count_of_errors(plan)}; nothing would be imported.")
        return 1
    tell_twins(plan)
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


def _export(options: argparse.Namespace) -> int:
    if options.purchases and (options.search or options.member):
        options.wrong_use("--search and --member choose customers, and --purchases writes those of everybody")
    query = parse(
        CustomerQuery,
        {
            "search": options.search,
            "membershipStatus": _MEMBER.get(options.member),
            "sortBy": "customerId",
            "sortOrder": "asc",
        },
    )
    with opened_store() as store:
        if options.purchases:
            chunks = export_ledger(store, COMMAND_LINE, options.flavour)
        else:
            chunks = export_customers(store, COMMAND_LINE, query, options.flavour)
        with writable(options.file) as target:
            for chunk in chunks:
                target.write(chunk)
            target.flush()
    return 0
