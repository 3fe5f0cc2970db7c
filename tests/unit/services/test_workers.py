import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kinso.database.processes import this_process
from kinso.models.history import Run
from kinso.services.history.runs import at_work, is_left

AT = datetime(2025, 1, 1, tzinfo=UTC)
ROOT = Path(__file__).parents[3]
OTHER = "from kinso.database.processes import this_process; print(this_process(), flush=True); input()"
PLACE, NUMBER, TOKEN = this_process().rsplit(" ", 2)


def a_run(worker):
    return Run(
        id="1",
        kind="import",
        status="running",
        by_id="1",
        by_name="Ann",
        source="app",
        parameters={},
        matched=1,
        changed=0,
        started_at=AT,
        heartbeat_at=AT,
        worker=worker,
    )


def test_a_run_of_this_process_is_left_as_soon_as_it_does_not_work_on_it():
    with at_work("1"):
        assert not is_left(a_run(this_process()))
    assert is_left(a_run(this_process()))


@pytest.mark.skipif(not PLACE, reason="no other process can be recognised here")
def test_a_run_of_another_process_is_left_when_that_is_gone():
    with subprocess.Popen(
        [sys.executable, "-c", OTHER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        run = a_run(other.stdout.readline().decode().strip())
        assert not is_left(run)
        other.communicate(b"end\n")
    assert is_left(run)


def test_a_run_of_an_earlier_process_with_this_number_is_left():
    assert is_left(a_run(f"{PLACE} {os.getpid()} other")) is bool(PLACE)


@pytest.mark.parametrize("place", ["elsewhere", PLACE], ids=["elsewhere", "here"])
@pytest.mark.parametrize("rest", ["", " x y"])
def test_of_what_is_not_understood_it_is_never_certain(place, rest):
    assert not is_left(a_run(f"{place}{rest}"))


@pytest.mark.parametrize("number", [int(NUMBER), 999999999], ids=["ours", "nobody's"])
def test_of_other_machines_it_is_never_certain(number):
    assert not is_left(a_run(f"elsewhere {number} other"))


def test_of_runs_that_name_nobody_it_is_never_certain():
    assert not is_left(a_run(""))
