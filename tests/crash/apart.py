"""Kinso's processes, each in a process group of its own, that are killed while their database lives on."""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import httpx2

from kinso.config import Settings
from kinso.database.connection import connect
from kinso.models.accounts import COMMAND_LINE
from kinso.models.shop import CheckReport
from kinso.repository.store import Store
from kinso.services.application import ApplicationContext
from kinso.services.shop.checks import check_database
from tests.crash.ledger import Ledger
from tests.crash.shop import ROOT, Worker
from tests.support.processes import until

_EMAIL, _PASSWORD = "boss@shop.com", "correct horse battery"
_ROWS = 1200
"""More than two batches of an import."""
_EXPECTED = ("only one can be at a time", "Created 1,200 customers")
_HEADER = "customerId,customerName,contactInfo,purchaseAmount,membershipStatus\n"


class Killable(Protocol):
    """A process that writes."""

    def kill(self) -> None:
        """SIGKILL for its whole group."""


class ApartShop:
    """A database that outlives the processes which write into it, and everything that those said."""

    def __init__(self, mongodb_uri: str, folder: Path, seed: int) -> None:
        self.ledger = Ledger()
        self._uri = mongodb_uri
        self._folder = folder
        self._seed = seed
        self._number = 0

    def worker(self) -> Worker:
        """A process that calls use cases from several threads, as the pages do."""
        worker = Worker(self.ledger, name=self._name("w"), seed=self._seed, mongodb_uri=self._uri)
        worker.wait_until_ready()
        worker.go()
        return worker

    def importer(self) -> "Importer":
        """`python -m kinso import` of a file."""
        return Importer(self.ledger, self._folder, self._name("i"), self._uri)

    def served(self) -> "Served":
        """The app, and a program that writes through its API."""
        return Served(self.ledger, self._folder, self._name("s"), self._uri)

    @contextmanager
    def store(self) -> Iterator[Store]:
        """The database as a further process sees it."""
        with closing(connect(Settings(mongodb_uri=self._uri))) as connection:
            yield Store(connection)

    def verify(self) -> None:
        """Compare what is there with what was said, once Kinso itself has undone what was cut off."""
        with self.store() as store:
            application = ApplicationContext(Settings(mongodb_uri=self._uri), store)
            until(lambda: _is_settled(application, store), "what was cut off is undone")
            self.ledger.verify(store.connection.database)

    def check(self) -> CheckReport:
        """What Kinso itself says about the database."""
        with self.store() as store:
            return check_database(store, COMMAND_LINE)

    def _name(self, letter: str) -> str:
        self._number += 1
        return f"{letter}{self._number}"


class Importer:
    """A command that creates customers from a file, all or none, and again while another import is under way."""

    def __init__(self, ledger: Ledger, folder: Path, name: str, mongodb_uri: str) -> None:
        self._ledger, self._name = ledger, name
        after = {f"{name}-{n}": [f"By {name}", f"{name}-{n}@shop.com", n / 4, n % 3 == 0] for n in range(_ROWS)}
        rows = (f"{id},{who},{contact},{amount:.2f},{member}\n" for id, (who, contact, amount, member) in after.items())
        file = folder / f"{name}.csv"
        file.write_text(_HEADER + "".join(rows).replace("True", "true").replace("False", "false"))
        with ledger.noting:
            ledger.note({"op": name, "kind": "import", "after": after})
        repeated = 'until "$0" -m kinso import "$1"; do sleep 0.1; done'
        command = ["sh", "-c", repeated, sys.executable, str(file)]
        self._log = folder / f"{name}.txt"
        self._process = _begin(command, self._log, KINSO_MONGODB_URI=mongodb_uri)

    def kill(self) -> None:
        """SIGKILL, unless it was quicker."""
        is_done = self._process.poll() is not None
        _kill_group(self._process)
        with self._ledger.noting:
            if is_done:
                self._ledger.note({"op": self._name, "done": True})
            for sentence in self._log.read_text().splitlines():
                if not any(expected in sentence for expected in _EXPECTED):
                    self._ledger.note({"op": self._name, "failed": "import", "sentence": sentence})


class Served:
    """The app and one program that registers and edits customers through its API."""

    def __init__(self, ledger: Ledger, folder: Path, name: str, mongodb_uri: str) -> None:
        self._ledger, self._name = ledger, name
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"]
        account = {"KINSO_ADMIN_EMAIL": _EMAIL, "KINSO_ADMIN_PASSWORD": _PASSWORD}
        log = folder / f"{name}.txt"
        self._process = _begin([*command, "--server.address=127.0.0.1"], log, KINSO_MONGODB_URI=mongodb_uri, **account)
        address = f"http://127.0.0.1:{port}"
        self._client = httpx2.Client(base_url=address, timeout=60, headers={"Origin": address})
        until(self._answers, "the app answers")
        login = self._client.post("/api/auth/login", json={"email": _EMAIL, "password": _PASSWORD})
        assert login.status_code == 200, login.text
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def kill(self) -> None:
        """SIGKILL, and take in what was answered until then."""
        _kill_group(self._process)
        self._thread.join()
        self._client.close()

    def _answers(self) -> bool:
        assert self._process.poll() is None, "the app ended"
        with suppress(httpx2.TransportError):
            return self._client.get("/api/health").status_code == 200
        return False

    def _write(self) -> None:
        number = 0
        with suppress(httpx2.TransportError):
            while True:
                number += 1
                self._register_and_edit(f"{self._name}-{number}")

    def _register_and_edit(self, customer_id: str) -> None:
        state = [f"By {customer_id}", f"{customer_id}@shop.com", 12.5, False]
        body = dict(zip(("customerName", "contactInfo", "purchaseAmount"), state[:3], strict=True))
        created = self._note_and("create", customer_id, state, "POST", "", {"customerId": customer_id, **body})
        edited = [f"Edited {customer_id}", *state[1:]]
        self._note_and("edit", customer_id, edited, "PUT", f"/{created['_id']}", {"customerName": edited[0]})

    def _note_and(self, kind: str, customer_id: str, state: list[Any], method: str, path: str, body: Any) -> Any:
        op = f"{kind} {customer_id}"
        with self._ledger.noting:
            self._ledger.note({"op": op, "kind": kind, "after": {customer_id: state}})
        answer = self._client.request(method, f"/api/customers{path}", json=body)
        with self._ledger.noting:
            if answer.is_success:
                self._ledger.note({"op": op, "done": True})
            else:
                self._ledger.note({"op": op, "failed": f"HTTP {answer.status_code}", "sentence": answer.text})
        return answer.json()["data"]


def kill_one_by_one(shop: ApartShop, chance: random.Random, *, serve: bool) -> int:
    """Let one of each kind write, and kill them in any order at any instant; returns how many were killed."""
    alive: list[Killable] = [shop.worker()]
    if serve:
        alive.append(shop.served())
    alive.append(shop.importer())
    chance.shuffle(alive)
    for each in alive:
        threading.Event().wait(chance.uniform(0.2, 3))
        each.kill()
    return len(alive)


def _is_settled(application: ApplicationContext, store: Store) -> bool:
    """After what every start of Kinso does first."""
    application.prepare()
    return not store.import_locks.running()


def _begin(command: list[str], log: Path, **environment: str) -> subprocess.Popen[bytes]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("KINSO_")}
    with log.open("wb") as output:
        return subprocess.Popen(
            command, cwd=ROOT, env=own | environment, stdout=output, stderr=output, start_new_session=True
        )


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
