"""`check`: whether everything in the database is as it must be."""

from __future__ import annotations

import argparse
from typing import Any

from kinso.cli.backups import check_backup
from kinso.cli.console import ProgressLine, counted, remark, say
from kinso.cli.opening import opened_store
from kinso.models.check import CheckReport
from kinso.models.user import COMMAND_LINE
from kinso.services.checks import check_database
from kinso.services.office import current_office


def add_command(commands: Any) -> None:
    """Describe the command."""
    check = commands.add_parser(
        "check",
        help="examine the whole database",
        description="Examine all customers, their history, runs and memberships, and name what is wrong. It changes"
        " nothing. The exit code is 0 when nothing is wrong.",
    )
    check.add_argument("--backup", metavar="FILE", help="examine this backup instead, without any database")
    check.set_defaults(run=_check)


def _check(options: argparse.Namespace) -> int:
    if options.backup is not None:
        return check_backup(options.backup)
    with opened_store() as store, ProgressLine("Examining") as progress:
        report = check_database(store, COMMAND_LINE, progress, put_back=current_office().put_back)
    _tell_twins(report)
    for finding in report.findings:
        say(finding.sentence)
    if report.finding_count > len(report.findings):
        remark(f"… and {report.finding_count - len(report.findings):,} more.")
    looked_at = (
        f"{counted(report.customers, 'customer')}, {report.trashed:,} in the trash, {counted(report.changes, 'change')}"
    )
    if report.is_clean:
        say(f"Nothing is wrong with {looked_at}.")
        return 0
    remark(
        f"{report.finding_count:,} thing{'s are' if report.finding_count > 1 else ' is'} wrong; looked at {looked_at}."
    )
    return 1


def _tell_twins(report: CheckReport) -> None:
    for sentence in report.twins:
        remark(sentence)
    if report.twin_count > len(report.twins):
        remark(f"… and {report.twin_count - len(report.twins):,} more such customer IDs.")
