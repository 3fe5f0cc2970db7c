"""The app as `streamlit run app.py` serves it, with a client that signs in."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from tests.support.processes import until

_ROOT = Path(__file__).parents[2]
_EMAIL = "boss@shop.com"
_PASSWORD = "correct horse battery"
AS_A_PERSON = {"Sec-Fetch-Mode": "navigate", "Accept": "text/html"}


class App:
    """A running Kinso and somebody who works with it."""

    def __init__(self, process: subprocess.Popen[bytes], address: str) -> None:
        self._process = process
        self.client = httpx2.Client(base_url=address, timeout=60, headers={"Origin": address})

    @property
    def process_id(self) -> int:
        """Kinso's."""
        return self._process.pid

    @property
    def health(self) -> int:
        """What the health check answers; 0 while nothing does."""
        try:
            return self.client.get("/api/health").status_code
        except httpx2.TransportError:
            assert self._process.poll() is None, "the app ended"
            return 0

    def sign_in(self) -> None:
        """From now on with the cookie of an administrator."""
        answer = self.client.post("/api/auth/login", json={"email": _EMAIL, "password": _PASSWORD})
        assert answer.status_code == 200, answer.text


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[App]:
    """Kinso on a free port until the end of the block; `folder` gets what it says."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"]
    command += ["--server.address=127.0.0.1", "--browser.serverAddress=localhost"]
    account = {"KINSO_ADMIN_EMAIL": _EMAIL, "KINSO_ADMIN_PASSWORD": _PASSWORD}
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=_ROOT, env={**os.environ, **account, **settings}, stdout=log, stderr=log
        )
    app = App(process, f"http://127.0.0.1:{port}")
    try:
        until(lambda: app.health == 200, "the app answers")
        yield app
    finally:
        app.client.close()
        process.send_signal(signal.SIGTERM)
        process.wait(60)
