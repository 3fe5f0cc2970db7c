"""docs/operations.md, carried out as it stands: backups, an upgrade, and going back."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.at_work import at_work

ROOT = Path(__file__).parents[3]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
_PYTHON = ".venv/bin/python"


def commands(title):
    """The commands of a section, in order."""
    section = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", OPERATIONS, re.MULTILINE | re.DOTALL)
    return re.findall(rf"^    ((?:KINSO_\w+=\S+ )?{re.escape(_PYTHON)} -m kinso .+)$", section[1], re.MULTILINE)


@pytest.fixture
def carry_out(tmp_path):
    """Runs a command of the document, with this test's folders in the place of the shop's."""
    (tmp_path / "backups").mkdir()

    def carry_out(command):
        words = shlex.split(command.replace("/backups/", f"{tmp_path}/backups/").replace("/srv/kinso/", f"{tmp_path}/"))
        own = dict(word.split("=", 1) for word in words if word.startswith("KINSO_"))
        rest = [sys.executable if word == _PYTHON else word for word in words if not word.startswith("KINSO_")]
        environment = {**os.environ, "KINSO_DATA_DIR": str(tmp_path / "shop"), **own}
        done = subprocess.run(rest, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=100, check=False)
        assert (done.returncode, done.stderr) == (0, ""), (command, done.stdout, done.stderr)
        return done.stdout

    return carry_out


def test_backups_are_made_checked_and_restored_as_it_says(carry_out, tmp_path):
    carry_out(f"{_PYTHON} -m kinso seed 10")
    backup, check, restore, look = commands("Backups")
    with at_work(KINSO_DATA_DIR=str(tmp_path / "shop")):
        assert "10 customers" in carry_out(backup)
    assert "Nothing is wrong with the backup: 10 customers" in carry_out(check)
    assert "Restored 10 customers" in carry_out(restore)
    assert "Nothing is wrong with 10 customers" in carry_out(look)


def test_an_upgrade_can_be_gone_back_on_as_it_says(carry_out, tmp_path):
    carry_out(f"{_PYTHON} -m kinso seed 10")
    backup, check, look, restore, look_again = commands("Upgrade, and go back")
    carry_out(backup)
    carry_out(check)
    assert "Nothing is wrong with 10 customers" in carry_out(look)
    carry_out(f"{_PYTHON} -m kinso seed 15")
    assert "Restored 10 customers" in carry_out(restore)
    assert "Nothing is wrong with 10 customers" in carry_out(look_again)
    assert "Nothing is wrong with 15 customers" in carry_out(f"{_PYTHON} -m kinso check")
