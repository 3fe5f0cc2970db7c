"""What commands do with the whole shop: samples, checks, backups, and moving."""

from __future__ import annotations

from pathlib import Path

from kinso.cli.console import counted, progress, remark, say
from kinso.cli.opening import opened_store
from kinso.config import load_settings
from kinso.models.accounts import COMMAND_LINE
from kinso.models.shop import CheckReport
from kinso.services.application import current_application
from kinso.services.shop.checks import check_database
from kinso.services.shop.samples import load_samples
from kinso.services.transfer.backups import BackupContent, examine_backup, make_backup, move_shop, restore_shop
from kinso.services.transfer.exports import new_file


def seed(count: int) -> int:
    """Add sample customers and purchases."""
    with opened_store() as store, progress("Adding samples") as tell:
        added = load_samples(store, COMMAND_LINE, count, tell)
    present = count - added
    known = f" {present:,} {'was' if present == 1 else 'were'} there already." if present else ""
    say(f"Added {counted(added, 'sample customer')}.{known}")
    return 0


def check() -> int:
    """Whether everything in the database is as it must be."""
    with opened_store() as store, progress("Examining") as tell:
        report = check_database(store, COMMAND_LINE, tell, put_back=current_application().put_back)
    _tell_case_duplicates(report)
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


def check_backup(name: str) -> int:
    """Read all of a backup, without any database."""
    with Path(name).open("rb") as file, progress("Examining") as tell:
        content = examine_backup(file, tell)
    say(f"Nothing is wrong with the backup: {_in_words(content)}.")
    return 0


def backup(name: str, *, overwrite: bool) -> int:
    """Write the whole shop into a new file."""
    with (
        new_file(name, overwrite=overwrite) as file,
        opened_store() as store,
        progress("Writing") as tell,
    ):
        content = make_backup(store, COMMAND_LINE, load_settings(), file, tell)
    say(f"{name} holds {_in_words(content)}.")
    return 0


def restore(name: str) -> int:
    """Fill an empty database from a backup."""
    with Path(name).open("rb") as file, progress("Restoring") as tell:
        content = restore_shop(load_settings(), file, tell)
    say(f"Restored {_in_words(content)}. Start Kinso; everybody signs in again.")
    return 0


def move_to(uri: str) -> int:
    """Copy the whole shop to another MongoDB."""
    settings = load_settings()
    with opened_store() as store, progress("Copying") as tell:
        customers = move_shop(store, COMMAND_LINE, settings, uri, tell)
    say(
        f"Moved {customers:,} customers and all that belongs to them. From now on, start Kinso with KINSO_MONGODB_URI"
        " set to that address; what is here stays as a copy of today."
    )
    return 0


def _tell_case_duplicates(report: CheckReport) -> None:
    for sentence in report.duplicates:
        remark(sentence)
    if report.duplicate_count > len(report.duplicates):
        remark(f"… and {report.duplicate_count - len(report.duplicates):,} more such customer IDs.")


def _in_words(content: BackupContent) -> str:
    return (
        f"{counted(content.customers, 'customer')}, {counted(content.documents, 'document')} in all,"
        f" as of {content.made_at:%Y-%m-%d %H:%M:%S} UTC"
    )
