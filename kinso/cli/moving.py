"""`move-to`: the whole shop to another MongoDB."""

from __future__ import annotations

import argparse
from typing import Any

from kinso.cli.console import ProgressLine, say
from kinso.cli.opening import opened_store
from kinso.config import load_settings
from kinso.models.user import COMMAND_LINE
from kinso.services.moving import move_shop


def add_command(commands: Any) -> None:
    """Describe the command and its arguments."""
    move = commands.add_parser(
        "move-to",
        help="copy the whole shop to another MongoDB",
        description="Copy everything into an empty database of the same name on the MongoDB at URI, and compare"
        " the two. Stop Kinso first. What is here stays as it is.",
    )
    move.add_argument("uri", metavar="URI", help="such as mongodb://user:password@host:27017/?replicaSet=rs0")
    move.set_defaults(run=_move)


def _move(options: argparse.Namespace) -> int:
    settings = load_settings()
    with opened_store() as store, ProgressLine("Copying") as progress:
        customers = move_shop(store, COMMAND_LINE, settings, options.uri, progress)
    say(
        f"Moved {customers:,} customers and all that belongs to them. From now on, start Kinso with KINSO_MONGODB_URI"
        " set to that address; what is here stays as a copy of today."
    )
    return 0
