"""What can be typed on the command line, without running anything."""

import subprocess
import sys
from typing import get_args

import pytest
from typer.main import get_command

from kinso.cli.main import app
from kinso.models.accounts import Role
from kinso.models.transfer.cells import Flavour
from kinso.models.transfer.dates import DATE_ORDERS
from kinso.models.transfer.plans import OPENING_BALANCES, Damaged
from kinso.services.shop.samples import MOST_SAMPLES

COMMANDS = get_command(app).commands


def type_of(command, name):
    [parameter] = [each for each in COMMANDS[command].params if each.name == name]
    return parameter.type


@pytest.mark.parametrize(
    ("command", "option", "choices"),
    [
        ("create-user", "role", tuple(role.value for role in Role)),
        ("import", "opening_balance", OPENING_BALANCES),
        ("import", "date_order", DATE_ORDERS),
        ("import", "damaged", get_args(Damaged)),
        ("export", "flavour", get_args(Flavour)),
    ],
)
def test_what_can_be_chosen_is_what_there_is(command, option, choices):
    assert tuple(type_of(command, option).choices) == choices


def test_as_many_samples_can_be_asked_for_as_are_made():
    assert (type_of("seed", "count").min, type_of("seed", "count").max) == (1, MOST_SAMPLES)


def test_every_argument_is_told_what_it_means():
    parameters = [each for command in COMMANDS.values() for each in command.params]
    assert [each.name for each in parameters if not each.help and each.name not in {"email", "role"}] == []
    assert all(command.help and command.short_help for command in COMMANDS.values())


def test_help_waits_for_nothing_that_only_a_command_needs():
    code = "import sys, kinso.cli.main; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"pymongo", "pandas", "pydantic", "kinso.services"}.isdisjoint(done.stdout.split())
