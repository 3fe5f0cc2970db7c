"""`create-user`: an account that can sign in at once."""

from __future__ import annotations

import sys

import typer

from kinso.cli.console import say
from kinso.cli.opening import opened_store
from kinso.errors import FieldError, InvalidInput
from kinso.models.accounts import COMMAND_LINE, NewUser
from kinso.models.validation import parse
from kinso.services.accounts.users import create_user


def create_account(email: str, name: str, role: str, *, password_stdin: bool) -> int:
    """Add an account whose password is asked for, or is one line of standard input."""
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else _ask_for_password()
    new = parse(NewUser, {"email": email, "name": name, "role": role, "password": password})
    with opened_store() as store:
        user = create_user(store, COMMAND_LINE, new)
    say(f"{user.name} can now sign in as {user.email} ({user.role}).")
    return 0


def _ask_for_password() -> str:
    if not sys.stdin.isatty():
        sentence = "Password cannot be asked for without a terminal; give it on standard input with --password-stdin."
        raise InvalidInput([FieldError("password", sentence)])
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt="Password, again", err=True)
    return password
