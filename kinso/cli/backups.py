"""`backup` and `restore`, and `check` of a backup."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from kinso.cli.console import ProgressLine, counted, say
from kinso.cli.opening import opened_store
from kinso.config import load_settings
from kinso.models.user import COMMAND_LINE
from kinso.services.backups import BackupContent, examine_backup, make_backup, restore_shop
from kinso.services.new_file import new_file


def add_commands(commands: Any) -> None:
    """Describe both commands and their arguments."""
    backup = commands.add_parser(
        "backup",
        help="write the whole shop into a file, also while it is open",
        description="Write everything that lasts into FILE as it is at one moment, while others go on working. Nobody"
        " but you can read the file, which appears under its name when it is whole.",
    )
    backup.add_argument("file", metavar="FILE", help="such as kinso.backup")
    backup.add_argument("--overwrite", action="store_true", help="replace the file if there is one")
    backup.set_defaults(run=_backup)
    restore = commands.add_parser(
        "restore",
        help="fill an empty database from a backup",
        description="Fill the empty database from FILE. Stop Kinso first. Nothing is written if the file is damaged.",
    )
    restore.add_argument("file", metavar="FILE", help="what backup has written")
    restore.set_defaults(run=_restore)


def check_backup(name: str) -> int:
    """Read all of a backup, without any database."""
    with Path(name).open("rb") as file, ProgressLine("Examining") as progress:
        content = examine_backup(file, progress)
    say(f"Nothing is wrong with the backup: {_told(content)}.")
    return 0


def _backup(options: argparse.Namespace) -> int:
    with (
        new_file(options.file, overwrite=options.overwrite) as file,
        opened_store() as store,
        ProgressLine("Writing") as progress,
    ):
        content = make_backup(store, COMMAND_LINE, load_settings(), file, progress)
    say(f"{options.file} holds {_told(content)}.")
    return 0


def _restore(options: argparse.Namespace) -> int:
    with Path(options.file).open("rb") as file, ProgressLine("Restoring") as progress:
        content = restore_shop(load_settings(), file, progress)
    say(f"Restored {_told(content)}. Start Kinso; everybody signs in again.")
    return 0


def _told(content: BackupContent) -> str:
    return (
        f"{counted(content.customers, 'customer')}, {counted(content.documents, 'document')} in all,"
        f" as of {content.made_at:%Y-%m-%d %H:%M:%S} UTC"
    )
