"""Understands the arguments, runs a command, turns its outcome into an exit code.

0 is success, 1 a failure that one sentence on standard error explains, 2 a wrong use, 130 an end by Ctrl-C.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from kinso.cli import accounts, backups, checking, moving, samples, transfer
from kinso.cli.console import let_go_of_closed_output, remark
from kinso.errors import KinsoError

_INTERRUPTED = 130
_LOG = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; `arguments` are those of the process unless given."""
    options = build_parser().parse_args(arguments)
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    logging.getLogger("kinso").setLevel(logging.DEBUG if options.debug else logging.ERROR)
    _end_in_order()
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        let_go_of_closed_output()
        return 0
    except KeyboardInterrupt:
        remark("Stopped; nothing was left half done.")
        return _INTERRUPTED
    except Exception as error:
        _LOG.debug("This went wrong:", exc_info=error)
        remark(_sentence(error))
        return 1
    return code


def build_parser() -> argparse.ArgumentParser:
    """All commands with their arguments; a command is a function in `run` that returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m kinso",
        description="Work with the shop's data from the command line, also while the app is running.",
        epilog="Where the data is: KINSO_DATA_DIR (default .kinso), or the MongoDB of KINSO_MONGODB_URI.",
    )
    parser.add_argument("--debug", action="store_true", help="tell everything about a failure")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    samples.add_command(commands)
    accounts.add_command(commands)
    transfer.add_commands(commands)
    checking.add_command(commands)
    backups.add_commands(commands)
    moving.add_command(commands)
    return parser


def _sentence(error: Exception) -> str:
    match error:
        case KinsoError():
            return error.message
        case OSError(filename=str(name), strerror=str(reason)):
            return f"{name}: {reason}."
        case OSError(strerror=str(reason)):
            return f"{reason}."
        case _:
            return f"Something unexpected went wrong ({type(error).__name__}: {error}); add --debug to see where."


def _end_in_order() -> None:
    """A request to end is an exception, so that a run is taken back and the database is closed."""

    def end(number: int, _frame: Any) -> NoReturn:
        sys.exit(128 + number)

    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), end)
