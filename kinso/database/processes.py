"""Which process did something, and whether that is certain to have ended."""

from __future__ import annotations

import os
import sys
import uuid
from functools import cache
from pathlib import Path

_TOKEN = uuid.uuid4().hex


def this_process() -> str:
    """What marks this process and no other one, on any machine and at any time; about 90 characters."""
    return f"{_place()} {os.getpid()} {_TOKEN}"


def has_ended(process: str) -> bool:
    """Whether the process with this mark is certain to have ended; of another machine's it never is."""
    place, _, rest = process.partition(" ")
    number = rest.partition(" ")[0]
    if process == this_process() or not place or place != _place() or not number.isdecimal():
        return False
    # A process with our own number was another one, before a restart.
    return int(number) == os.getpid() or not _exists(int(number))


@cache
def _place() -> str:
    """Where process numbers mean the same as here, until the next start of the machine; nothing where that is unknown.

    Containers may share everything else, their names included, but number their processes each for themselves.
    """
    if sys.platform != "linux":
        return ""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
