"""`create-user`: an account that can sign in at once."""

from __future__ import annotations

import argparse
import getpass
import sys
from typing import Any

from kinso.cli.console import say
from kinso.cli.opening import opened_store
from kinso.errors import FieldError, InvalidInput
from kinso.models.user import COMMAND_LINE, NewUser, Role
from kinso.models.validation import parse
from kinso.services.users import create_user


def add_command(commands: Any) -> None:
    """Describe the command and its arguments."""
    command = commands.add_parser(
        "create-user",
        help="add an account",
        description="Add an account. The password is asked for twice, unless it comes from standard input.",
    )
    command.add_argument("email", metavar="EMAIL")
    command.add_argument("--name", required=True, help="what the person is called in the app")
    command.add_argument("--role", required=True, choices=[role.value for role in Role])
    command.add_argument("--password-stdin", action="store_true", help="read one line from standard input instead")
    command.set_defaults(run=_create_user)


def _create_user(options: argparse.Namespace) -> int:
    password = _read_password() if options.password_stdin else _ask_for_password()
    new = parse(NewUser, {"email": options.email, "name": options.name, "role": options.role, "password": password})
    with opened_store() as store:
        user = create_user(store, COMMAND_LINE, new)
    say(f"{user.name} can now sign in as {user.email} ({user.role}).")
    return 0


def _read_password() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _ask_for_password() -> str:
    if not sys.stdin.isatty():
        raise _bad("Password cannot be asked for without a terminal; give it on standard input with --password-stdin.")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Password, again: ") != password:
        raise _bad("Password was typed in two ways; no account was made, start again.")
    return password


def _bad(sentence: str) -> InvalidInput:
    return InvalidInput([FieldError("password", sentence)])
