"""Other processes as tests see them."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_PATIENCE = 100


class Holder:
    """A running `tests.support.holder`; `mongod` is the id of the server's process if this one runs it."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.holder", str(folder)],
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Holder":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate(timeout=_PATIENCE)

    def wait_until_ready(self) -> "Holder":
        assert self._process.stdout is not None
        facts = json.loads(self._process.stdout.readline())
        assert "error" not in facts, facts["error"]
        self.uri: str = facts["uri"]
        self.mongod: int | None = facts["mongod"]
        return self

    @property
    def process_id(self) -> int:
        return self._process.pid

    def end(self, with_signal: signal.Signals) -> int:
        """Send the signal, wait, and return the exit code."""
        self._process.send_signal(with_signal)
        return self._process.wait(_PATIENCE)


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something that happens by itself; fails after a good minute and a half."""
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"still waiting until {what}"
        time.sleep(0.05)


def is_alive(process_id: int) -> bool:
    """Whether the process runs; one that ended but was not waited for yet does not."""
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        if sys.platform == "linux":
            return False
        return _answers_signals(process_id)
    return state != "Z"


def listens_on_tcp(process_id: int) -> bool:
    """Whether the process (of this machine, Linux) accepts TCP connections."""
    return bool(_sockets_of(process_id) & (_listening("/proc/net/tcp") | _listening("/proc/net/tcp6")))


def listens_on_socket(process_id: int, path: str) -> bool:
    """Whether the process accepts connections at this Unix socket."""
    lines = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
    return bool(_sockets_of(process_id) & {line[6] for line in lines if line[-1] == path})


def _answers_signals(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def _sockets_of(process_id: int) -> set[str]:
    links = []
    for link in Path(f"/proc/{process_id}/fd").iterdir():
        # It may be closed meanwhile.
        with contextlib.suppress(FileNotFoundError):
            links.append(str(link.readlink()))
    return {link[len("socket:[") : -1] for link in links if link.startswith("socket:[")}


def _listening(table: str) -> set[str]:
    lines = [line.split() for line in Path(table).read_text().splitlines()[1:]]
    return {line[9] for line in lines if line[3] == "0A"}
