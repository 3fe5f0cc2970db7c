"""Kinso's processes that have a shop's data open, and do nothing.

Run as `python -m tests.support.at_work`: opens what the settings name, prints a line, and closes it at SIGTERM.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kinso.config import load_settings
from kinso.services.application import close_application, open_application

_ROOT = Path(__file__).parents[2]


@contextmanager
def at_work(**settings: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has it open until the end of the block."""
    command = [sys.executable, "-m", "tests.support.at_work"]
    process = subprocess.Popen(command, cwd=_ROOT, env={**os.environ, **settings}, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


def main() -> None:
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    open_application(load_settings())
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    over.wait()
    close_application()


if __name__ == "__main__":
    main()
