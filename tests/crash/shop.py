"""A shop whose processes are killed: Kinso processes on one database, and everything they said."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from kinso.config import Settings
from kinso.database.connection import Connection, connect
from kinso.database.embedded.folder import is_locked, open_folder, recorded_host, uri_of
from kinso.models.accounts import COMMAND_LINE
from kinso.models.shop import CheckReport
from kinso.repository.store import Store
from kinso.services.history.runs import recover_interrupted
from kinso.services.shop.checks import check_database
from tests.crash.ledger import Ledger
from tests.support.processes import until

ROOT = Path(__file__).parents[2]
PATIENCE = 90


class Worker:
    """A running `tests.crash.worker`, whose output goes into the ledger."""

    def __init__(self, ledger: Ledger, **options: Any) -> None:
        self._ledger = ledger
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.worker", json.dumps(options)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={name: value for name, value in os.environ.items() if not name.startswith("KINSO_")},
        )
        self._ready = threading.Event()
        self._confirmations: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_until_ready(self) -> None:
        assert self._ready.wait(PATIENCE), "The worker did not get ready."

    def go(self) -> None:
        """Let it write."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def wait_for_confirmations(self, count: int = 1) -> float:
        """Wait until so many writes more are confirmed; returns the seconds that took."""
        while not self._confirmations.empty():
            self._confirmations.get()
        start = time.monotonic()
        for _ in range(count):
            self._confirmations.get(timeout=PATIENCE)
        return time.monotonic() - start

    def kill(self) -> None:
        """SIGKILL for its whole group, and take in what it had said until then."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            with suppress(BrokenPipeError):
                stream.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if not line.endswith("\n"):
                # It was killed within this line.
                return
            facts = json.loads(line)
            if "ready" in facts:
                self._ready.set()
                continue
            with self._ledger.noting:
                self._ledger.note(facts)
            if "done" in facts:
                self._confirmations.put(None)


def kill_server(data_dir: Path) -> bool:
    """SIGKILL for the mongod of a data folder; False when it is just not running."""
    folder = open_folder(data_dir)
    try:
        process_id = int((folder.data / "mongod.lock").read_text())
        # The file may be left from a server before, whose number may be somebody else's now.
        if str(folder.data) not in Path(f"/proc/{process_id}/cmdline").read_text():
            return False
        os.kill(process_id, signal.SIGKILL)
    except (ProcessLookupError, FileNotFoundError, ValueError):
        return False
    return True


class Shop:
    """A data folder with an embedded server, and the workers that write into it."""

    def __init__(self, data_dir: Path, seed: int) -> None:
        self.ledger = Ledger()
        self.workers: list[Worker] = []
        self._data_dir = data_dir
        self._seed = seed
        self._generation = 0

    def open(self, workers: int = 1, **options: Any) -> None:
        """Start processes, the first of which runs the database, and undo what an interruption left."""
        self._generation += 1
        for number in range(workers):
            name = f"g{self._generation}-{number}"
            place = {"name": name, "seed": self._seed, "data_dir": str(self._data_dir)}
            self.workers.append(Worker(self.ledger, **place, **options))
            self.workers[-1].wait_until_ready()
        with self.store() as store:
            self.ledger.counts["interrupted runs undone"] += recover_interrupted(store, silence=timedelta(0))

    def go(self) -> None:
        """Let everybody write."""
        for worker in self.workers:
            worker.go()

    def wait_for_confirmations(self, count: int = 1) -> float:
        """Wait until so many writes more are confirmed to each worker; returns the seconds that took."""
        return max(worker.wait_for_confirmations(count) for worker in self.workers)

    def kill_kinso(self) -> None:
        """The Kinso processes are killed; the database then ends by itself."""
        for worker in self.workers:
            worker.kill()
        self.workers.clear()

    def close(self) -> None:
        """End everything, and wait until the database has ended, too."""
        self.kill_kinso()
        folder = open_folder(self._data_dir)
        until(lambda: not is_locked(folder.data / "mongod.lock"), "the database has ended")

    def kill_mongod(self) -> bool:
        """The database is killed; False when it is just not running."""
        return kill_server(self._data_dir)

    def kill_both(self) -> None:
        """As when the power goes out."""
        self.kill_mongod()
        self.kill_kinso()

    @contextmanager
    def store(self) -> Iterator[Store]:
        """The database as a further process sees it."""
        host = recorded_host(open_folder(self._data_dir))
        assert host is not None
        with closing(connect(Settings(), uri_of(host))) as connection:
            yield Store(connection)

    def verify(self) -> None:
        """Compare what is there with what the writers said; nobody must be writing."""
        with self.store() as store:
            self.ledger.verify(store.connection.database)

    def check(self) -> CheckReport:
        """What Kinso itself says about the database."""
        with self.store() as store:
            return check_database(store, COMMAND_LINE)


def settle(connection: Connection, ledger: Ledger) -> CheckReport:
    """After the last writer: undo what is unfinished, compare, and examine."""
    store = Store(connection)
    ledger.counts["interrupted runs undone"] += recover_interrupted(store, silence=timedelta(0))
    ledger.verify(connection.database)
    return check_database(store, COMMAND_LINE)
