"""All commands with their arguments; what each of them needs is imported only when it runs.

The exit code is 0 for success, 1 for a failure that one sentence on standard error explains, 2 for a wrong use, 130 for
an end by Ctrl-C.
"""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, Literal, NoReturn, ParamSpec

import typer

from kinso.cli.console import STANDARD, let_go_of_closed_output, remark
from kinso.errors import KinsoError

_INTERRUPTED = 130
_NAME = "python -m kinso"
_LOG = logging.getLogger(__name__)

_Arguments = ParamSpec("_Arguments")

app = typer.Typer(
    help="Work with the shop's data from the command line, also while the app is running.",
    epilog="Where the data is: KINSO_DATA_DIR (default .kinso), or the MongoDB of KINSO_MONGODB_URI.",
    # Boxes and colours are for people; whatever reads a pipe gets plain text.
    rich_markup_mode="rich" if sys.stdout.isatty() and sys.stderr.isatty() else None,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def main() -> None:
    """Run the command that the process was started with, and end with its exit code."""
    app(prog_name=_NAME)


@app.callback()
def _prepare(debug: Annotated[bool, typer.Option("--debug", help="Tell everything about a failure.")] = False) -> None:
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    logging.getLogger("kinso").setLevel(logging.DEBUG if debug else logging.ERROR)
    _end_in_order()


def _command(name: str, **told: Any) -> Callable[[Callable[_Arguments, int]], Callable[_Arguments, NoReturn]]:
    """Register what returns the exit code of a command."""

    def register(run: Callable[_Arguments, int]) -> Callable[_Arguments, NoReturn]:
        @app.command(name, **told)
        @wraps(run)
        def end(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> NoReturn:
            raise typer.Exit(_exit_code_of(lambda: run(*args, **kwargs)))

        return end

    return register


@_command("seed", short_help="Add sample customers and purchases.")
def _seed(count: Annotated[int, typer.Argument(metavar="N", min=1, max=5_000_000, help="How many.")]) -> int:
    """Add sample customers C-000001 to C-N with their purchases.

    Those that exist stay as they are, so it can be repeated. Their names and amounts are always the same, their dates
    are on the same day.
    """
    from kinso.cli.shop import seed

    return seed(count)


@_command("create-user", short_help="Add an account.")
def _create_user(
    email: Annotated[str, typer.Argument(metavar="EMAIL")],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What the person is called in the app.")],
    role: Annotated[Literal["analyst", "staff", "manager", "admin"], typer.Option("--role")],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read one line from standard input instead of asking.")
    ] = False,
) -> int:
    """Add an account. The password is asked for twice, unless it comes from standard input."""
    from kinso.cli.accounts import create_account

    return create_account(email, name, role, password_stdin=password_stdin)


_COLUMNS = (
    "The first row names the columns: customerId, and any others that `export` writes. Missing columns and empty cells"
    " leave what is stored. With --purchases: saleId, customerId, date and amount, and any others that `export"
    " --purchases` writes; for new customers also their names and contacts. What is recorded already stays as it is."
)


@_command("import", short_help="Create or update customers, or record purchases, from a CSV file.", epilog=_COLUMNS)
def _import(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A CSV file, or - for standard input.")],
    purchases: Annotated[bool, typer.Option("--purchases", help="The file holds purchases, not customers.")] = False,
    create_unknown: Annotated[
        bool, typer.Option("--create-unknown", help="With --purchases: create customers who are not known.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done.")] = False,
    conflicts: Annotated[
        Literal["mine", "theirs", "refuse"],
        typer.Option(
            "--conflicts",
            help="Where the file and somebody here changed the same since it was exported: take the file's value, keep"
            " the stored one, or import nothing and list them.",
        ),
    ] = "refuse",
    opening_balance: Annotated[
        Literal["give-way", "keep"] | None,
        typer.Option(
            "--opening-balance",
            help="With --purchases: what customers came with gives way by what the purchases explain of it, or is kept"
            " and they come on top. Without: amounts in the file contain what was bought here (default), or that comes"
            " on top.",
        ),
    ] = None,
    date_order: Annotated[
        Literal["dmy", "mdy"] | None,
        typer.Option(
            "--date-order", help="Whether the day or the month comes first in 03.04.2024, if no date in the file tells."
        ),
    ] = None,
    damaged: Annotated[
        Literal["refuse", "mend"],
        typer.Option(
            "--damaged",
            help="IDs and phone numbers that a spreadsheet took for numbers: refuse them, or read them as what is"
            " stored.",
        ),
    ] = "refuse",
    report: Annotated[
        str | None,
        typer.Option("--report", metavar="FILE", help="Write every change and conflict, old and new, into a CSV file."),
    ] = None,
) -> int:
    """Create or update customers by their customerId (in any letter case), or record purchases by their saleId.

    All of the file or nothing.
    """
    if create_unknown and not purchases:
        raise typer.BadParameter("--create-unknown goes with --purchases only")
    if report and purchases:
        raise typer.BadParameter("--report tells what a file of customers changes, and --purchases only adds")
    from kinso.models.transfer.plans import ImportChoices

    choices = ImportChoices(
        conflicts=None if conflicts == "refuse" else conflicts,
        date_order=date_order,
        damaged=damaged,
        opening_balance=opening_balance,
    )
    if purchases:
        from kinso.cli.transfer import import_purchases_file

        return import_purchases_file(file, choices, create_unknown=create_unknown, dry_run=dry_run)
    from kinso.cli.transfer import import_customers_file

    return import_customers_file(file, choices, report=report, dry_run=dry_run)


@_command("export", short_help="Write customers or purchases as a CSV file.")
def _export(
    file: Annotated[str, typer.Argument(metavar="FILE", help="- is standard output.")] = STANDARD,
    flavour: Annotated[
        Literal["excel", "raw"],
        typer.Option(
            "--flavour", help="excel: safe to open in a spreadsheet; raw: every text exactly as it is stored."
        ),
    ] = "excel",
    search: Annotated[
        str,
        typer.Option("--search", metavar="TEXT", help="Only those whom a search for TEXT finds.", show_default=False),
    ] = "",
    member: Annotated[
        Literal["yes", "no"] | None, typer.Option("--member", help="Only members, or only the others.")
    ] = None,
    purchases: Annotated[
        bool,
        typer.Option(
            "--purchases",
            help="Write the purchases, refunds, opening balances and adjustments of all customers instead.",
        ),
    ] = False,
) -> int:
    """Write customers as a CSV file, ordered by their ID, or everything that purchase amounts consist of."""
    if purchases and (search or member):
        raise typer.BadParameter("--search and --member choose customers, and --purchases writes those of everybody")
    if purchases:
        from kinso.cli.transfer import export_ledger_file

        return export_ledger_file(file, flavour)
    from kinso.cli.transfer import export_customers_file

    return export_customers_file(file, flavour, search=search, member=member)


@_command("check", short_help="Examine the whole database.")
def _check(
    backup: Annotated[
        str | None, typer.Option("--backup", metavar="FILE", help="Examine this backup instead, without any database.")
    ] = None,
) -> int:
    """Examine all customers, their history, runs and memberships, and name what is wrong.

    It changes nothing. The exit code is 0 when nothing is wrong.
    """
    from kinso.cli.shop import check, check_backup

    return check() if backup is None else check_backup(backup)


@_command("backup", short_help="Write the whole shop into a file, also while it is open.")
def _backup(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Such as kinso.backup.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if there is one.")] = False,
) -> int:
    """Write everything that lasts into FILE as it is at one moment, while others go on working.

    Nobody but you can read the file, which appears under its name when it is whole.
    """
    from kinso.cli.shop import backup

    return backup(file, overwrite=overwrite)


@_command("restore", short_help="Fill an empty database from a backup.")
def _restore(file: Annotated[str, typer.Argument(metavar="FILE", help="What backup has written.")]) -> int:
    """Fill the empty database from FILE. Stop Kinso first. Nothing is written if the file is damaged."""
    from kinso.cli.shop import restore

    return restore(file)


@_command("move-to", short_help="Copy the whole shop to another MongoDB.")
def _move(
    uri: Annotated[
        str, typer.Argument(metavar="URI", help="Such as mongodb://user:password@host:27017/?replicaSet=rs0")
    ],
) -> int:
    """Copy everything into an empty database of the same name on the MongoDB at URI, and compare the two.

    Stop Kinso first. What is here stays as it is.
    """
    from kinso.cli.shop import move_to

    return move_to(uri)


def _exit_code_of(run: Callable[[], int]) -> int:
    """Run a command; whatever goes wrong with the work is told in one sentence."""
    try:
        code = run()
        sys.stdout.flush()
    except BrokenPipeError:
        let_go_of_closed_output()
        return 0
    except (KeyboardInterrupt, typer.Abort):
        remark("Stopped; nothing was left half done.")
        return _INTERRUPTED
    except typer.BadParameter:
        raise
    except Exception as error:
        _LOG.debug("This went wrong:", exc_info=error)
        remark(_sentence(error))
        return 1
    return code


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
    """A request to end is an exception, so that a run is undone and the database is closed."""

    def end(number: int, _frame: Any) -> NoReturn:
        sys.exit(128 + number)

    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), end)
