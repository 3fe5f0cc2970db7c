"""Many people who work at the same time: `python -m bench.working --folder F --customers 1000000 --people 50`.

Staff search, open customers, register and sell; managers look at figures, membership and history; analysts filter, sort
and turn pages. Everybody thinks for five seconds after each step. Prints how long the server took for a step until the
page was complete, and what its process holds at the beginning and at the end. Exits with 1 when 95 of 100 steps took
longer than `--most`, or one of them failed.
"""

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from websockets.sync.client import connect

from bench.shop import built
from bench.tabs import serving
from bench.texts import searched_texts
from bench.timing import memory_of
from kinso.config import Settings
from kinso.models.accounts import COMMAND_LINE, NewUser, Role
from kinso.repository.documents import new_id
from kinso.services.accounts.sign_in import SESSION_COOKIE, sign_in
from kinso.services.accounts.users import create_user
from kinso.services.application import close_application, open_application
from kinso.services.shop.sample_people import sample_id

THINKING = 5.0
"""Seconds."""
_PATIENCE = 60
_SEARCH = "Search"
_CUSTOMERS = "customers"
_SORTED = ("sort=Name&order=Ascending", "sort=Purchase%20amount", "member=Members", "page=40", "page=1800")
_SHARES = {Role.STAFF: 0.6, Role.MANAGER: 0.2, Role.ANALYST: 0.2}
_PASSWORD = "a long sentence for measuring"


class Person:
    """One of them, in a tab of their own; `times` are the milliseconds of each kind of step."""

    def __init__(self, role: Role, secret: str, customers: int, number: int) -> None:
        self.times: list[tuple[str, float]] = []
        self.failed: list[str] = []
        self._role, self._secret = role, secret
        self._chance = random.Random(number)
        self._customers = customers
        self._texts = searched_texts(customers)
        self._search: str | None = None

    def work(self, address: str, until: float) -> None:
        """Take one step after the other until this moment of the monotonic clock."""
        self._address = address
        cookie = {"Cookie": f"{SESSION_COOKIE}={self._secret}"}
        stream = f"{address.replace('http', 'ws')}/_stcore/stream"
        time.sleep(self._chance.random() * THINKING)
        with connect(stream, subprotocols=["streamlit"], additional_headers=cookie, max_size=None) as self._tab:
            while time.monotonic() < until:
                name, step = self._next()
                began = time.perf_counter()
                try:
                    step()
                except (AssertionError, httpx2.HTTPError, TimeoutError) as error:
                    self.failed.append(f"{name}: {error!r}")
                self.times.append((name, (time.perf_counter() - began) * 1000))
                time.sleep(max(0.0, min(THINKING, until - time.monotonic())))

    def _next(self) -> tuple[str, Callable[[], None]]:
        id = sample_id(self._chance.randrange(1, self._customers))
        text = self._chance.choice(self._texts)
        steps: dict[Role, list[tuple[str, Callable[[], None]]]] = {
            Role.STAFF: [
                *[("search", lambda: self._find(text))] * 4,
                *[("customer", lambda: self._open_customer(id))] * 3,
                ("register", lambda: self._open("register")),
                ("sale", lambda: self._sell(id)),
            ],
            Role.MANAGER: [
                ("overview", lambda: self._open("")),
                ("membership", lambda: self._open("membership")),
                ("history", lambda: self._open("history")),
                ("search", lambda: self._find(text)),
            ],
            Role.ANALYST: [
                ("overview", lambda: self._open("")),
                *[("list", lambda: self._open(_CUSTOMERS, self._chance.choice(_SORTED)))] * 3,
                ("search", lambda: self._find(text)),
            ],
        }
        return self._chance.choice(steps[self._role])

    def _find(self, text: str) -> None:
        if self._search is None:
            self._open(_CUSTOMERS)
        state = WidgetState(id=self._search or "", string_value=text)
        self._run(ClientState(page_name=_CUSTOMERS, widget_states=WidgetStates(widgets=[state])))

    def _open_customer(self, customer_id: str) -> None:
        answer = self._ask("GET", f"customers?customerId={customer_id}&limit=1")
        self._open("customer", f"id={answer['data'][0]['_id']}")

    def _sell(self, customer_id: str) -> None:
        self._ask("POST", "sales", json={"customerId": customer_id, "amount": 12.5})

    def _ask(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        headers = {"Cookie": f"{SESSION_COOKIE}={self._secret}", "Origin": self._address}
        answer = httpx2.request(method, f"{self._address}/api/{path}", headers=headers, timeout=_PATIENCE, **content)
        assert answer.is_success, answer.text
        return dict(answer.json())

    def _open(self, page: str, query: str = "") -> None:
        self._search = None
        self._run(ClientState(page_name=page, query_string=query))

    def _run(self, state: ClientState) -> None:
        """Have the page drawn, and read all of it."""
        self._tab.send(BackMsg(rerun_script=state).SerializeToString())
        while True:
            message = ForwardMsg.FromString(bytes(self._tab.recv(timeout=_PATIENCE)))
            match message.WhichOneof("type"):
                case "script_finished":
                    return
                case "delta" if message.delta.WhichOneof("type") == "new_element":
                    element = message.delta.new_element
                    assert element.WhichOneof("type") != "exception", element.exception.message
                    if element.text_input.label == _SEARCH:
                        self._search = element.text_input.id


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.working", description=__doc__)
    parser.add_argument("--folder", type=Path, help="keep the shop here, for the next time")
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--most", type=float, default=500, help="milliseconds")
    options = parser.parse_args()
    with built(options.folder, options.customers) as shop:
        signed_in = _signed_in(shop, options.people)
        everybody = [Person(role, secret, options.customers, number) for number, (role, secret) in enumerate(signed_in)]
        memory = _have_work(everybody, shop, options.minutes * 60)
    print(f"{len(everybody)} people, {options.customers:,} customers, {options.minutes:g} minutes")
    print("memory {:.0f} MB at the beginning, {:.0f} MB at the end".format(*memory))
    sys.exit(_tell(everybody, options.most))


def _have_work(everybody: Sequence[Person], shop: Path, seconds: float) -> tuple[float, float]:
    """What the process holds before and afterwards, in MB."""
    with serving(shop) as (process, address):
        before = memory_of(process)
        until = time.monotonic() + seconds
        with ThreadPoolExecutor(len(everybody)) as pool:
            list(pool.map(lambda person: person.work(address, until), everybody))
        return before, memory_of(process)


def _signed_in(shop: Path, people: int) -> list[tuple[Role, str]]:
    """The roles of so many people, and the secrets of their sessions."""
    store = open_application(Settings(data_dir=shop)).store
    try:
        found = []
        for role, share in _SHARES.items():
            email = f"{role}-{new_id()}@shop.com"
            create_user(store, COMMAND_LINE, NewUser(email=email, name="Bench", role=role, password=_PASSWORD))
            found += [
                (role, sign_in(store, email, _PASSWORD, "127.0.0.1").secret) for _ in range(round(people * share))
            ]
        return found
    finally:
        close_application()


def _tell(everybody: list[Person], most: float) -> int:
    """Print what came of it; 1 when it took too long or something failed."""
    times = [each for person in everybody for each in person.times]
    failed = [each for person in everybody for each in person.failed]
    print(f"{'':14}{'steps':>7}{'median ms':>11}{'95 %':>8}{'slowest':>9}")
    for name in ("all", *sorted({name for name, _ in times})):
        ordered = sorted(taken for kind, taken in times if name in ("all", kind))
        at_95 = ordered[int(len(ordered) * 0.95)]
        print(f"{name:14}{len(ordered):7,}{statistics.median(ordered):11.0f}{at_95:8.0f}{ordered[-1]:9.0f}")
    print(f"{len(failed)} failed", *failed[:5], sep="\n")
    at_95 = sorted(taken for _, taken in times)[int(len(times) * 0.95)]
    return 1 if failed or at_95 > most else 0


if __name__ == "__main__":
    main()
