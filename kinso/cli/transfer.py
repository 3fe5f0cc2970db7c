"""`import` and `export`: customers from and to CSV files."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, get_args

from kinso.cli.console import ProgressLine, remark, say
from kinso.cli.opening import opened_store
from kinso.models.csv_plan import ImportPlan, ImportResult
from kinso.models.customer import CustomerQuery
from kinso.models.user import COMMAND_LINE
from kinso.models.validation import parse
from kinso.services.exports import Flavour, export_customers
from kinso.services.imports import ImportRefused, import_customers, rehearse_import

_STANDARD = "-"
_MEMBER = {"yes": True, "no": False}
_KEPT = "Missing columns and empty cells leave what is stored."


def add_commands(commands: Any) -> None:
    """Describe both commands and their arguments."""
    imports = commands.add_parser(
        "import",
        help="create or update customers from a CSV file",
        description="Create or update customers by their customerId (in any letter case), all of the file or nothing.",
        epilog=f"The first row names the columns: customerId, and any of customerName, contactInfo, purchaseAmount,"
        f" membershipStatus and (for new customers) createdAt. {_KEPT}",
    )
    imports.add_argument("file", metavar="FILE", help="a CSV file, or - for standard input")
    imports.add_argument("--dry-run", action="store_true", help="only tell what would be done")
    imports.set_defaults(run=_import)
    exports = commands.add_parser(
        "export",
        help="write customers as a CSV file",
        description="Write customers as a CSV file, ordered by their ID.",
    )
    exports.add_argument("file", metavar="FILE", nargs="?", default=_STANDARD, help="default: standard output")
    exports.add_argument(
        "--flavour",
        choices=get_args(Flavour),
        default="excel",
        help="excel: safe to open in a spreadsheet (default); raw: every text exactly as it is stored",
    )
    exports.add_argument("--search", default="", metavar="TEXT", help="only those with TEXT in ID, name or contact")
    exports.add_argument("--member", choices=list(_MEMBER), help="only members, or only the others")
    exports.set_defaults(run=_export)


def _import(options: argparse.Namespace) -> int:
    with _opened(options.file) as source, opened_store() as store:
        if options.dry_run:
            with ProgressLine("Checking the file"):
                plan = rehearse_import(store, COMMAND_LINE, source)
            return _tell_plan(plan)
        name = "" if options.file == _STANDARD else Path(options.file).name
        try:
            with ProgressLine("Importing") as progress:
                result = import_customers(store, COMMAND_LINE, source, progress, file_name=name)
        except ImportRefused as refused:
            _tell_errors(refused.plan)
            raise
    _tell_reading(result)
    say(f"Created {result.created:,} customers, updated {result.updated:,}, left {result.unchanged:,} as they were.")
    return 0


def _tell_plan(plan: ImportPlan) -> int:
    _tell_reading(plan)
    if plan.error_count:
        _tell_errors(plan)
        remark(
            f"The file has {plan.error_count:,} error{'s' if plan.error_count > 1 else ''}; nothing would be imported."
        )
        return 1
    say(
        f"Would create {plan.create:,} customers, update {plan.update:,}, leave {plan.unchanged:,} as they are. {_KEPT}"
    )
    return 0


def _tell_reading(outcome: ImportPlan | ImportResult) -> None:
    for notice in outcome.notices:
        remark(notice)
    if outcome.ignored_columns:
        remark(f"Ignored columns: {', '.join(outcome.ignored_columns)}.")


def _tell_errors(plan: ImportPlan) -> None:
    for error in plan.errors:
        remark(str(error))
    if plan.error_count > len(plan.errors):
        remark(f"… and {plan.error_count - len(plan.errors):,} more.")


def _export(options: argparse.Namespace) -> int:
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
        chunks = export_customers(store, COMMAND_LINE, query, options.flavour)
        with _writable(options.file) as target:
            for chunk in chunks:
                target.write(chunk)
            target.flush()
    return 0


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name == _STANDARD:
        yield sys.stdin.buffer
    else:
        with Path(name).open("rb") as file:
            yield file


@contextmanager
def _writable(name: str) -> Iterator[IO[bytes]]:
    """A place for the export; a file appears under its name only when it is complete."""
    path = Path(name)
    if name == _STANDARD:
        yield sys.stdout.buffer
    elif path.exists() and not path.is_file():
        with path.open("wb") as file:
            yield file
    else:
        target = path.resolve()
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
            unfinished = Path(file.name)
            try:
                yield file
            except BaseException:
                unfinished.unlink()
                raise
        unfinished.replace(target)
