import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
KINSO = [sys.executable, "-W", "error", "-m", "kinso"]


@pytest.fixture
def environment(settings):
    """That of a command that works on the test's database."""
    own = {"KINSO_MONGODB_URI": settings.mongodb_uri, "KINSO_DATABASE": settings.database, "PYTHONPATH": str(ROOT)}
    return {**os.environ, **own}


@pytest.fixture
def run(tmp_path):
    """Runs a command in a folder of its own: its exit code, standard output and standard error."""

    def run(*arguments, stdin=b"", **environment):
        own = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
        command = [*KINSO, *map(str, arguments)]
        done = subprocess.run(
            command, input=stdin, capture_output=True, cwd=tmp_path, env=own, timeout=100, check=False
        )
        assert b"Traceback" not in done.stderr
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    return run


@pytest.fixture
def kinso(store, environment, run):
    """Runs a command on the test's database."""
    return lambda *arguments, stdin=b"": run(*arguments, stdin=stdin, **environment)
