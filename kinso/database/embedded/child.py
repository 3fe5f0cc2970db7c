"""Becomes the command it is given, which then ends when the parent process ends, however that happens (Linux).

Run as `python child.py PARENT_PID COMMAND...` in a process of its own, before the command is executed: doing the same
between fork and exec would run Python in a copy of a process with many threads, where any lock may be held forever.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
CANNOT_EXECUTE = 126


def main(parent: int, command: list[str]) -> None:
    """Replace this process by `command`; the signal is sent when the thread that started this process ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        return
    try:
        os.execv(command[0], command)  # noqa: S606 - no shell is wanted
    except OSError as error:
        sys.stderr.write(f"cannot execute: {error.strerror}\n")
        sys.exit(CANNOT_EXECUTE)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
