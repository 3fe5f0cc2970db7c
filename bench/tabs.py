"""Many browser tabs opened at once and closed again: `python -m bench.tabs --tabs 200`.

Prints how long one tab waits for its first page alone and among all others, and what the process holds before,
meanwhile and afterwards; in the end as ratios.
"""

import argparse
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier

import httpx2
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from bench.timing import memory_of
from kinso.services.accounts.sign_in import SESSION_COOKIE

_ROOT = Path(__file__).parents[1]
_ACCOUNT = {"KINSO_ADMIN_EMAIL": "boss@shop.com", "KINSO_ADMIN_PASSWORD": "correct horse battery"}
_ALONE = 10
_PATIENCE = 120


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.tabs", description=__doc__)
    parser.add_argument("--tabs", type=int, default=200)
    parser.add_argument("--customers", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=2, help="how many times all of them are opened")
    parser.add_argument("--wait", type=float, default=0, help="seconds after closing before memory is read")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="kinso-") as folder,
        serving(_seeded(Path(folder) / "data", options.customers)) as (pid, address),
    ):
        secret = sign_in(address)
        alone = statistics.median(open_and_close(address, secret, 1)[0] for _ in range(_ALONE))
        before = memory_of(pid)
        print(f"one tab: first page {alone:.0f} ms; memory {before:.0f} MB")
        for _ in range(options.rounds):
            waits = open_and_close(address, secret, options.tabs)
            full = memory_of(pid)
            time.sleep(options.wait)
            after = memory_of(pid)
            print(
                f"{options.tabs} tabs: first page median {statistics.median(waits):.0f} ms, last {max(waits):.0f} ms;"
                f" memory {full:.0f} MB, {options.wait:.0f} s after closing {after:.0f} MB"
            )
            print(
                f"first page, {options.tabs} tabs / 1: {statistics.median(waits) / alone:.1f};"
                f" memory, after / before: {after / before:.2f}"
            )


def open_and_close(address: str, secret: str, count: int) -> list[float]:
    """Open so many tabs at the same moment, close them when all have their page; milliseconds of each."""
    ready = Barrier(count)

    def one(_: int) -> float:
        ready.wait(_PATIENCE)
        began = time.perf_counter()
        with connect(
            f"{address.replace('http', 'ws')}/_stcore/stream",
            subprotocols=["streamlit"],
            additional_headers={"Cookie": f"{SESSION_COOKIE}={secret}"},
            open_timeout=_PATIENCE,
            max_size=None,
        ) as tab:
            tab.send(BackMsg(rerun_script=ClientState()).SerializeToString())
            while ForwardMsg.FromString(tab.recv(timeout=_PATIENCE)).WhichOneof("type") != "script_finished":
                pass
            waited = (time.perf_counter() - began) * 1000
            ready.wait(_PATIENCE)
        return waited

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def sign_in(address: str) -> str:
    """The secret of an administrator's session."""
    credentials = {"email": _ACCOUNT["KINSO_ADMIN_EMAIL"], "password": _ACCOUNT["KINSO_ADMIN_PASSWORD"]}
    answer = httpx2.post(f"{address}/api/auth/login", json=credentials)
    return str(answer.cookies[SESSION_COOKIE])


def _seeded(folder: Path, customers: int) -> Path:
    environment = {**os.environ, "KINSO_DATA_DIR": str(folder)}
    subprocess.run([sys.executable, "-m", "kinso", "seed", str(customers)], env=environment, cwd=_ROOT, check=True)
    return folder


@contextmanager
def serving(folder: Path) -> Iterator[tuple[int, str]]:
    """Kinso with the shop in a data folder: its process and its address."""
    environment = {**os.environ, **_ACCOUNT, "KINSO_DATA_DIR": str(folder)}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"]
    process = subprocess.Popen(command, env=environment, cwd=_ROOT, stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        while not _answers(address):
            assert process.poll() is None, "Kinso ended"
            time.sleep(0.1)
        yield process.pid, address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _answers(address: str) -> bool:
    try:
        return httpx2.get(f"{address}/api/health").status_code == 200
    except httpx2.TransportError:
        return False


if __name__ == "__main__":
    main()
