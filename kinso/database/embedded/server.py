"""The embedded server: a mongod of our own, started with the first process on a data folder and stopped with the last.

The first process on a folder owns the server: it starts it, restarts it when it is killed, and stops it. Every further
process joins the running server, and one of them takes over when the owner ends. All of that happens in one thread of
each process, because on Linux a child that is to end with its parent really ends with the thread that started it.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

from pymongo.errors import PyMongoError

from kinso.database.embedded import mongod
from kinso.database.embedded.binary import find_binary, record_version
from kinso.database.embedded.diagnosis import OTHER_FOLDER
from kinso.database.embedded.folder import (
    FolderLock,
    ServerFolder,
    address_of,
    claim_host,
    is_locked,
    make_secret,
    open_folder,
    recorded_host,
    secret_for,
)
from kinso.database.embedded.mongod import Mongod
from kinso.database.embedded.replica import LoneReplica
from kinso.errors import StartupError

_log = logging.getLogger(__name__)

_GLANCE = 0.2
_STEP = 0.03
_MOST_DOUBLINGS = 7


class _Stopping(Exception):
    """`stop` was called while the server was still coming up."""


class EmbeddedServer:
    """Start, join, supervise and stop the server of one data folder. Thread-safe."""

    def __init__(
        self,
        data_dir: Path,
        binary: str | None = None,
        *,
        patience: float = 10.0,
        recovery: float = 120.0,
        on_tcp: bool = sys.platform == "win32",
    ) -> None:
        """`patience`: seconds to wait for another process's server; `recovery`: for our own that is coming up.

        `on_tcp`: listen on this machine's own address instead of a socket, with access control.
        """
        self._data_dir = data_dir
        self._configured_binary = binary
        self._patience = patience
        self._recovery = recovery
        self._on_tcp = on_tcp
        self._stopping = threading.Event()
        self._joinable: Future[str] = Future()
        self._thread = threading.Thread(target=self._supervise, name="kinso-mongod", daemon=True)
        self._process_id = os.getpid()
        self._owned: Mongod | None = None

    @property
    def is_owner(self) -> bool:
        """Whether this process runs the server, rather than having joined another's."""
        return self._owned is not None

    @property
    def process_id(self) -> int | None:
        """The id of the mongod that this process runs."""
        return self._owned.process.pid if self._owned else None

    def start(self) -> str:
        """Start or join the server and return its URI once it takes writes; raises `StartupError`."""
        atexit.register(self.stop)
        self._thread.start()
        try:
            return self._joinable.result()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server if this process owns it; harmless when repeated."""
        if self._process_id != os.getpid():
            return
        atexit.unregister(self.stop)
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _supervise(self) -> None:
        try:
            folder = open_folder(self._data_dir)
            lock = FolderLock(folder.lock)
        except StartupError as error:
            self._joinable.set_exception(error)
            return
        try:
            self._joinable.set_result(self._own_or_join(folder, lock))
            self._stay(folder, lock)
        except _Stopping:
            if not self._joinable.done():
                self._joinable.set_exception(StartupError("The embedded database was stopped while it started."))
        except BaseException as error:
            if self._joinable.done():
                raise
            self._joinable.set_exception(error)
        finally:
            self._end(lock)

    def _own_or_join(self, folder: ServerFolder, lock: FolderLock) -> str:
        deadline = time.monotonic() + self._patience
        while True:
            if lock.acquire():
                return address_of(folder, self._launch(folder))
            host = recorded_host(folder)
            if host and mongod.accepts(host):
                with _replica(folder, host) as replica:
                    if replica.is_primary():
                        return address_of(folder, host)
            if time.monotonic() > deadline:
                raise StartupError(
                    f"The data folder {folder.path} is in use by {lock.holder()}, whose database does not answer:"
                    f" end that process, {OTHER_FOLDER}."
                )
            self._pause(_STEP)

    def _stay(self, folder: ServerFolder, lock: FolderLock) -> None:
        failures = 0
        said = ""
        while not self._stopping.wait(_GLANCE * 2 ** min(failures, _MOST_DOUBLINGS)):
            try:
                if lock.is_held or lock.acquire():
                    self._keep_running(folder, again=failures > 0)
                failures = 0
                said = ""
            except _Stopping:
                return
            except Exception as error:
                failures += 1
                if str(error) != said:
                    _log.error("The embedded database cannot be started; it is tried again and again. %s", error)
                said = str(error)

    def _keep_running(self, folder: ServerFolder, *, again: bool) -> None:
        if self._owned and self._owned.is_running:
            self._owned.limit_log()
            return
        if self._owned and not again:
            _log.warning("The embedded database ended unexpectedly; it is being restarted.")
        self._launch(folder)

    def _launch(self, folder: ServerFolder) -> str:
        deadline = time.monotonic() + self._recovery
        binary = find_binary(self._configured_binary)
        self._outwait_leftover(folder, time.monotonic() + self._patience)
        host = claim_host(folder, on_tcp=self._on_tcp)
        if self._on_tcp:
            make_secret(folder)
        self._owned = server = mongod.start(binary, folder, host)
        try:
            self._until(server.accepts, server, deadline)
            with _replica(folder, host) as replica:
                self._until(replica.promote, server, deadline)
                replica.create_user()
                _settle_version(folder, replica)
        except BaseException:
            server.stop()
            raise
        return host

    def _outwait_leftover(self, folder: ServerFolder, deadline: float) -> None:
        """Wait until the mongod of an owner that was killed has ended; where it does not by itself, we see to it."""
        host = recorded_host(folder)
        asked = killed = False
        while is_locked(folder.data / "mongod.lock"):
            if not asked and host and mongod.accepts(host):
                with _replica(folder, host) as replica:
                    replica.shut_down()
                asked = True
            if time.monotonic() > deadline:
                if killed or not (host and mongod.kill_leftover(folder, host)):
                    raise StartupError(
                        f"Another MongoDB server is using the data folder {folder.path}: end it, {OTHER_FOLDER}."
                    )
                killed, deadline = True, time.monotonic() + self._patience
            self._pause(_STEP)

    def _until(self, reached: Callable[[], bool], server: Mongod, deadline: float) -> None:
        while not reached():
            if not server.is_running:
                raise server.failure()
            if time.monotonic() > deadline:
                raise StartupError(
                    f"The embedded database did not become ready within {self._recovery:.0f} seconds; see"
                    f" {server.folder.log}, {OTHER_FOLDER}."
                )
            self._pause(_STEP)

    def _pause(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise _Stopping

    def _end(self, lock: FolderLock) -> None:
        if self._owned:
            self._owned.stop()
            self._owned = None
        lock.release()


def _settle_version(folder: ServerFolder, replica: LoneReplica) -> None:
    """What cannot be raised now is read as well, and raised at the next start."""
    try:
        record_version(folder, replica.raise_version())
    except PyMongoError as error:
        _log.warning("The embedded database keeps the version of its data for now: %s", error)


@contextlib.contextmanager
def _replica(folder: ServerFolder, host: str) -> Iterator[LoneReplica]:
    replica = LoneReplica(host, secret_for(folder, host))
    try:
        yield replica
    finally:
        replica.close()
