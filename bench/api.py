"""How many requests a second the HTTP API answers, next to a plain application on the same data.

Kinso runs as it always does, `streamlit run app.py` with its own database; the plain application is FastAPI with one
query after another and an exact total. They take turns, so that a busy machine slows both of them; the load generator
runs on the same machine. Figures are medians of the rounds.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import uvicorn

from bench.load import Load, request, run
from bench.plain_api import create_app
from bench.texts import searched_texts
from kinso.config import Settings
from kinso.models.accounts import COMMAND_LINE, NewUser, Role
from kinso.models.customers import CustomerQuery
from kinso.services.accounts.sign_in import sign_in
from kinso.services.accounts.users import create_token, create_user, reset_password
from kinso.services.application import close_application, open_application
from kinso.services.shop.samples import load_samples

ROOT = Path(__file__).parents[1]
EMAIL, PASSWORD = "bench@shop.com", "a long sentence for measuring"
KINSO, PLAIN = 8681, 8682
FEW = 2
"""Connections for what reads all customers, so that the plain application comes to an end as well."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.api", description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="keep the data here, to use it again")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--plain", metavar="URI", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.plain:
        uvicorn.run(create_app(options.plain), port=PLAIN, log_level="error", access_log=False)
        return
    with tempfile.TemporaryDirectory(prefix="kinso-bench-") as scratch:
        measure((options.folder or Path(scratch)).absolute(), options)


def measure(folder: Path, options: argparse.Namespace) -> None:
    store = open_application(Settings(data_dir=folder)).store
    try:
        start = time.perf_counter()
        added = load_samples(store, COMMAND_LINE, options.customers)
        seconds = time.perf_counter() - start
        if added:
            print(f"{added:,} samples added in {seconds:.0f} s, {added / seconds:,.0f} a second")
        user = store.users.by_email(EMAIL) or create_user(
            store, COMMAND_LINE, NewUser(email=EMAIL, name="Bench", role=Role.ADMIN, password=PASSWORD)
        )
        reset_password(store, COMMAND_LINE, user.id, PASSWORD)
        token = create_token(store, user.acting("cli"), "Bench").secret
        session = sign_in(store, EMAIL, PASSWORD, "127.0.0.1").secret
        ids = [customer.id for customer in store.customers.find(CustomerQuery(), page=1, limit=1000)]
        uri = (folder / "mongodb" / "mongod.sock").as_posix()
        with served(folder, f"mongodb://{quote(uri, safe='')}/?directConnection=true"):
            compare(options, ids, {"Authorization": f"Bearer {token}"}, {"Cookie": f"kinso_session={session}"})
    finally:
        close_application()


@contextmanager
def served(folder: Path, uri: str) -> Iterator[None]:
    """Both applications, as long as the context lasts."""
    kinso = ["-m", "streamlit", "run", "app.py", "--server.port", str(KINSO), "--server.address", "127.0.0.1"]
    environment = {**os.environ, "KINSO_DATA_DIR": str(folder)}
    commands = {KINSO: kinso, PLAIN: ["-m", "bench.api", "--plain", uri]}
    running = [
        subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        for command in commands.values()
    ]
    try:
        wait_for(f"http://127.0.0.1:{KINSO}/api/health")
        wait_for(f"http://127.0.0.1:{PLAIN}/openapi.json")
        yield
    finally:
        for process in running:
            process.terminate()
            process.wait()


def wait_for(address: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(address).close()
            return
        except OSError:
            assert time.monotonic() < deadline, f"{address} does not answer"
            time.sleep(0.1)


def compare(options: argparse.Namespace, ids: Sequence[str], token: dict[str, str], cookie: dict[str, str]) -> None:
    rare = quote(f"C-{options.customers // 2:06}")
    quick = {
        "one customer": [f"/api/customers/{id}" for id in ids],
        "first page of the list": ["/api/customers?limit=10"],
    }
    slow = {
        "search, dense text": ["/api/customers?limit=10&search=example"],
        "search, rare text": [f"/api/customers?limit=10&search={rare}"],
        "statistics": ["/api/customers/stats"],
    }
    print(f"{options.customers:,} customers, {options.connections} connections, load {os.getloadavg()[0]:.1f} before\n")
    print(f"{'':32}{'Kinso /s':>10}{'median ms':>11}{'99 % ms':>9}{'plain /s':>10}{'ratio':>8}")
    for name, paths in quick.items():
        compare_one(options, name, [request(path, **token) for path in paths])
    compare_one(options, "one customer, by cookie", [request(path, **cookie) for path in quick["one customer"]], False)
    different = [f"/api/customers?limit=10&search={quote(text)}" for text in searched_texts(options.customers)]
    compare_one(options, "search, different texts", [request(path, **token) for path in different], False)
    options.connections = min(FEW, options.connections)
    print(f"\nwith {options.connections} connections")
    for name, paths in slow.items():
        compare_one(options, name, [request(path, **token) for path in paths])


def compare_one(options: argparse.Namespace, name: str, requests: Sequence[bytes], beside: bool = True) -> None:
    ports = (KINSO, PLAIN) if beside else (KINSO,)
    found: dict[int, list[Load]] = {port: [] for port in ports}
    for _ in range(options.rounds):
        for port in ports:
            found[port].append(run(port, requests, connections=options.connections, seconds=options.seconds))
    own = found[KINSO]
    rate, median, p99 = (
        statistics.median(getattr(one, kind) for one in own) for kind in ("per_second", "median", "p99")
    )
    line = f"{name:32}{rate:10,.0f}{median:11.1f}{p99:9.1f}"
    if beside:
        plain = statistics.median(one.per_second for one in found[PLAIN])
        line += f"{plain:10,.1f}{rate / plain:7.1f}x"
    print(line, flush=True)


if __name__ == "__main__":
    main()
