"""Commands whose standard error is a terminal."""

import os
import pty
import subprocess
from contextlib import suppress
from pathlib import Path

_ROOT = Path(__file__).parents[2]


def on_a_terminal(command, environment):
    """The exit code of a command, and what a person saw meanwhile."""
    screen, terminal = pty.openpty()
    told = {**environment, "TERM": "xterm", "COLUMNS": "120"}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=terminal, cwd=_ROOT, env=told) as process:
        os.close(terminal)
        shown = b""
        # The end of the other side is an error here.
        with suppress(OSError):
            while piece := os.read(screen, 1000):
                shown += piece
    os.close(screen)
    return process.returncode, shown.decode()
