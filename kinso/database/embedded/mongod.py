"""One mongod process: how it is started, watched and stopped."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kinso.database.embedded import child
from kinso.database.embedded.binary import recorded_version
from kinso.database.embedded.diagnosis import Ending, explain
from kinso.database.embedded.folder import ServerFolder, is_on_tcp, secret_file
from kinso.errors import StartupError

REPLICA_SET = "kinso"

_SHARE_OF_MEMORY = 8
_SMALLEST_CACHE, _LARGEST_CACHE = 512, 4096
"""Megabytes. In a cache that is much smaller than the data, every change of a customer waits for the disk."""
_OPLOG_MB = 128
_OPLOG_HOURS = 0.1
"""What has happened in so long is kept in any case, for who follows it while very much is written."""
_LARGEST_LOG = 10_000_000
_MOST_WORDS = 200_000
_LIMIT_OF_CONTAINER = Path("/sys/fs/cgroup/memory.max")
_STOP_SECONDS = 20.0
_KILL = 9
"""SIGKILL, which Windows does not name; there a server of ours is not recognised."""


@dataclass
class Mongod:
    """A mongod that this process started; use it from the thread that started it, whose end would end it too."""

    binary: Path
    folder: ServerFolder
    host: str
    process: subprocess.Popen[bytes]
    log_start: int

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self.process.poll() is None

    def accepts(self) -> bool:
        """Whether it takes connections by now."""
        return accepts(self.host)

    def failure(self) -> StartupError:
        """Why it ended."""
        words = _tail(self.folder.output, 0) + _tail(self.folder.log, self.log_start)
        return _explained(self.binary, self.folder, self.process.returncode, words)

    def limit_log(self) -> None:
        """Put the log aside when it has grown large, over the one that was put aside before."""
        if sys.platform == "win32" or _size(self.folder.log) < _LARGEST_LOG:
            return
        import signal

        _put_aside(self.folder.log)
        self.log_start = 0
        self.process.send_signal(signal.SIGUSR1)

    def stop(self) -> None:
        """End it cleanly; kill it only when it takes far too long, which loses nothing either."""
        if self.is_running:
            self.process.terminate()
            try:
                self.process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def start(binary: Path, folder: ServerFolder, host: str) -> Mongod:
    """Start a mongod on the folder; it ends when the calling thread ends. Raises `StartupError`."""
    if _size(folder.log) >= _LARGEST_LOG:
        _put_aside(folder.log)
    log_start = _size(folder.log)
    command = _command(binary, folder, host)
    if sys.platform == "linux":
        command = [sys.executable, "-I", "-S", str(Path(child.__file__)), str(os.getpid()), *command]
    try:
        with folder.output.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=folder.path,
                env=_without_secrets(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                **_own_group(),
            )
    except OSError as error:
        raise _explained(binary, folder, child.CANNOT_EXECUTE, f"cannot execute: {error.strerror}") from error
    return Mongod(binary, folder, host, process, log_start)


def accepts(host: str) -> bool:
    """Whether something takes connections at this socket path or address."""
    try:
        if is_on_tcp(host):
            address, port = host.rsplit(":", 1)
            socket.create_connection((address, int(port)), timeout=1).close()
        else:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(1)
                probe.connect(host)
    except OSError:
        return False
    return True


def kill_leftover(folder: ServerFolder, host: str) -> bool:
    """Kill the server that an owner which is gone left on the folder at `host`; False when none of ours is found.

    For one that does not heed anything else; what it acknowledged is in its journal.
    """
    try:
        process_id = int((folder.data / "mongod.lock").read_text())
        if host not in _arguments_of(process_id):
            return False
        os.kill(process_id, _KILL)
    except (OSError, ValueError, subprocess.SubprocessError):
        return False
    return True


def _arguments_of(process_id: int) -> list[str]:
    if Path("/proc/self/cmdline").exists():
        return Path(f"/proc/{process_id}/cmdline").read_text().split("\0")
    command = ["ps", "-o", "command=", "-p", str(process_id)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def _explained(binary: Path, folder: ServerFolder, code: int, words: str) -> StartupError:
    free = shutil.disk_usage(folder.path).free
    return StartupError(explain(Ending(binary, folder.path, code, words, free, recorded_version(folder))))


def _command(binary: Path, folder: ServerFolder, host: str) -> list[str]:
    return [
        str(binary),
        *("--dbpath", str(folder.data)),
        *("--replSet", REPLICA_SET),
        *_listening(folder, host),
        *("--logpath", str(folder.log), "--logappend", "--logRotate", "reopen", "--quiet"),
        *("--wiredTigerCacheSizeGB", f"{_cache() / 1024:.2f}"),
        # Documents of purchases and changes take three fifths of the space that they would.
        *("--wiredTigerCollectionBlockCompressor", "zstd"),
        *("--oplogSize", str(_OPLOG_MB)),
        *("--oplogMinRetentionHours", str(_OPLOG_HOURS)),
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        # What a process that died left open is in nobody's way for longer than this.
        *("--setParameter", "transactionLifetimeLimitSeconds=30"),
        # Nobody is far away, and their libraries had holes.
        *("--networkMessageCompressors", "disabled"),
    ]


def _cache() -> int:
    """A part of the memory that this machine has, or this container may use, in megabytes."""
    return min(max(_memory() // 2**20 // _SHARE_OF_MEMORY, _SMALLEST_CACHE), _LARGEST_CACHE)


def _memory() -> int:
    """In bytes; 0 where it is not told."""
    found = []
    with contextlib.suppress(OSError, ValueError, AttributeError):
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    with contextlib.suppress(OSError, ValueError):
        # “max” is no number.
        found.append(int(_LIMIT_OF_CONTAINER.read_text()))
    return min(found, default=0)


def _listening(folder: ServerFolder, host: str) -> list[str]:
    only = [] if sys.platform == "win32" else ["--nounixsocket"]
    if not is_on_tcp(host):
        return ["--bind_ip", host, *only]
    address, port = host.rsplit(":", 1)
    # A key turns access control on.
    return ["--bind_ip", address, "--port", port, "--keyFile", str(secret_file(folder)), *only]


def _without_secrets() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("KINSO_")}


def _own_group() -> dict[str, Any]:
    """Ctrl-C in a terminal goes to a whole group: mongod must outlive the process that still uses it."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"process_group": 0}


def _tail(path: Path, start: int) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(start, _size(path) - _MOST_WORDS))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _put_aside(log: Path) -> None:
    with contextlib.suppress(OSError):
        log.replace(log.with_suffix(".log.1"))
