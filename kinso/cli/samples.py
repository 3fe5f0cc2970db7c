"""`seed`: sample customers and purchases."""

from __future__ import annotations

import argparse
from typing import Any

from kinso.cli.console import ProgressLine, counted, say
from kinso.cli.opening import opened_store
from kinso.models.user import COMMAND_LINE
from kinso.services.samples import MOST_SAMPLES, load_samples


def add_command(commands: Any) -> None:
    """Describe the command and its arguments."""
    seed = commands.add_parser(
        "seed",
        help="add sample customers and purchases",
        description="Add sample customers C-000001 to C-N with their purchases. Those that exist stay as they are, so"
        " it can be repeated. Their names and amounts are always the same, their dates are on the same day.",
    )
    seed.add_argument("count", metavar="N", type=_count, help="how many")
    seed.set_defaults(run=_seed)


def _count(text: str) -> int:
    number = int(text) if text.isdecimal() and len(text) < 20 else 0
    if not 1 <= number <= MOST_SAMPLES:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {MOST_SAMPLES:,}")
    return number


def _seed(options: argparse.Namespace) -> int:
    with opened_store() as store, ProgressLine("Adding samples") as progress:
        added = load_samples(store, COMMAND_LINE, options.count, progress)
    present = options.count - added
    known = f" {present:,} {'was' if present == 1 else 'were'} there already." if present else ""
    say(f"Added {counted(added, 'sample customer')}.{known}")
    return 0
