"""The database server that all processes of a test run share; started by whichever needs it first."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from kinso.database.embedded.folder import FolderLock

_FOLDER = "KINSO_TEST_RUN_FOLDER"
_ROOT = Path(__file__).parents[2]


def begin_run() -> None:
    """Choose the folder of this run, for this process and for those that it starts."""
    os.environ[_FOLDER] = str(Path(tempfile.gettempdir(), f"kinso-{secrets.token_hex(4)}"))


def end_run() -> None:
    """Stop the server, if any process of this run needed one."""
    folder = Path(os.environ.pop(_FOLDER))
    keeper = folder / "keeper.pid"
    if keeper.exists():
        _end(int(keeper.read_text()))
    shutil.rmtree(folder, ignore_errors=True)


def shared_uri(run_process_id: int) -> str:
    """The URI of the run's server; `run_process_id` is the process whose end ends the server."""
    folder = Path(os.environ[_FOLDER])
    folder.mkdir(mode=0o700, exist_ok=True)
    lock = FolderLock(folder / "keeper.lock")
    while not lock.acquire():
        time.sleep(0.05)
    try:
        uri = folder / "uri"
        if not uri.exists():
            uri.write_text(_start_keeper(folder, run_process_id))
        return uri.read_text()
    finally:
        lock.release()


def _start_keeper(folder: Path, run_process_id: int) -> str:
    with (folder / "keeper.err").open("wb") as errors:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "tests.support.keeper", str(folder), str(run_process_id)],
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            text=True,
        )
    (folder / "keeper.pid").write_text(str(keeper.pid))
    assert keeper.stdout is not None
    with keeper.stdout:
        uri = keeper.stdout.readline().strip()
    if not uri:
        raise RuntimeError((folder / "keeper.err").read_text())
    # The run ends it by its process id; this process is not the one that waits for it.
    keeper.returncode = 0
    return uri


def _end(process_id: int) -> None:
    deadline = time.monotonic() + 30
    try:
        os.kill(process_id, signal.SIGTERM)
        while time.monotonic() < deadline:
            _reap(process_id)
            os.kill(process_id, 0)
            time.sleep(0.05)
    except ProcessLookupError:
        return


def _reap(process_id: int) -> None:
    try:
        os.waitpid(process_id, os.WNOHANG)
    except ChildProcessError:
        return
