"""Kinso as an attacker meets it: the whole server without its pages, and the real one with everything."""

import os
import re
import secrets
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from kinso.api.app import api_routes
from kinso.config import Settings
from kinso.database.connection import connect
from kinso.models.accounts import COMMAND_LINE, NewUser, Role, Session, User
from kinso.models.customers import CustomerDraft
from kinso.models.validation import parse
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.accounts.sign_in import SESSION_COOKIE, session_id_of
from kinso.services.accounts.users import create_user
from kinso.services.application import ApplicationContext, use_application
from kinso.services.customers.editing import create_customer
from kinso.ui.browser import SCRIPTS
from kinso.web.routes import web_middleware, web_routes
from tests.integration.security.tab import Tab

_ROOT = Path(__file__).parents[3]
PASSWORD = "correct horse battery"
ADMIN = "boss@shop.com"


@pytest.fixture
def server(application):
    """Everything but Streamlit, for which a page stands that repeats nothing."""

    async def inside(_request):
        return PlainTextResponse("inside")

    routes = [*api_routes("/api"), *web_routes(), Route("/{path:path}", inside, methods=["GET", "POST", "PUT"])]
    return Starlette(routes=routes, middleware=web_middleware(SCRIPTS))


@pytest.fixture
def application(store):
    with use_application(ApplicationContext.around(store)) as application:
        yield application


@pytest.fixture
def browse(server):
    """Opens another browser at another address: `browse(secret, address="203.0.113.5")`."""
    opened = []

    def browse(secret="", *, address="198.51.100.1", scheme="http"):
        browser = TestClient(
            server, f"{scheme}://kinso.test", follow_redirects=False, client=(address, 1), raise_server_exceptions=False
        )
        if secret:
            browser.cookies.set(SESSION_COOKIE, secret)
        opened.append(browser)
        return browser

    yield browse
    for browser in opened:
        browser.close()


@pytest.fixture
def add(store) -> Callable[..., User]:
    """Adds an account: `add("ann", Role.STAFF)`."""

    def add(name: str, role: Role = Role.STAFF, password: str = PASSWORD) -> User:
        data = {"email": f"{name}@shop.com", "name": f"{name.title()} Person", "role": role, "password": password}
        return create_user(store, COMMAND_LINE, parse(NewUser, data))

    return add


def fill_in(browser, address: str, **typed: str) -> dict[str, str]:
    """The hidden fields of a form together with what is typed."""
    html = browser.get(address).text
    return {**dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html)), **typed}


@dataclass(frozen=True)
class Running:
    """The real server: its address, its database, what it wrote to its console, and its process."""

    address: str
    store: Store
    console: Path
    process_id: int

    def ask(self, method: str, path: str, **options: object) -> httpx.Response:
        """One request, with the path exactly as given and no redirect followed."""
        return httpx.request(method, self.address + path, **options)

    def secret_of(self, role: Role) -> str:
        """A new session of somebody with this role, without the expensive password."""
        data = {"email": f"{role}@shop.com", "name": f"{role.title()} Person", "role": role, "password": PASSWORD}
        new = parse(NewUser, data)
        user = self.store.users.by_email(new.email) or self.store.users.insert(new, "no password opens this", now())
        secret, end = secrets.token_urlsafe(), now() + timedelta(hours=1)
        session = Session(id=session_id_of(secret), user_id=user.id, created_at=now(), expires_at=end)
        self.store.sessions.insert(session)
        return secret

    def catch_up(self) -> None:
        """Wait until the server has heard of everything that was written here: who asks for changes is told of all."""
        cookies = {SESSION_COOKIE: self.secret_of(Role.STAFF)}
        assert self.ask("GET", "/api/customers?updatedSince=2000-01-01", cookies=cookies).status_code == 200
        self.store.sessions.delete(session_id_of(cookies[SESSION_COOKIE]))

    @contextmanager
    def open_tab(self, secret: str, page: str = "") -> Iterator[Tab]:
        """A tab of a browser that is signed in, with a page in it."""
        with Tab(self.address, secret) as tab:
            tab.show(page)
            yield tab


@pytest.fixture(scope="session")
def _running(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    settings = Settings(mongodb_uri=mongodb_uri, database=f"kinso_{uuid.uuid4().hex[:12]}")
    store, port, console = Store(connect(settings)), _free_port(), tmp_path_factory.mktemp("running") / "console"
    own = {"KINSO_MONGODB_URI": mongodb_uri, "KINSO_DATABASE": settings.database}
    own |= {"KINSO_ADMIN_EMAIL": ADMIN, "KINSO_ADMIN_PASSWORD": PASSWORD}
    command = [sys.executable, "-m", "streamlit", "run", "app.py"]
    # As the documents say: without an address, so that a proxy on this machine comes as an IPv6 client.
    options = ["--server.port", str(port)]
    with console.open("wb") as output:
        process = subprocess.Popen(
            [*command, *options], cwd=_ROOT, env=os.environ | own, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        running = Running(f"http://127.0.0.1:{port}", store, console, process.pid)
        _wait_for(running, process)
        yield running
    finally:
        process.terminate()
        process.wait(30)
        store.connection.client.drop_database(store.name)
        store.connection.close()


@pytest.fixture
def running(_running: Running) -> Running:
    """The real server with two customers; its accounts stay from test to test."""
    database = _running.store.connection.database
    for name in ("customers", "changes", "runs", "sessions", "attempts"):
        database[name].delete_many({})
    for name in ("Ada Secret", "Bob Secret"):
        draft = {"customerId": name.upper(), "customerName": name, "contactInfo": f"{name[:3]}@secret.test"}
        create_customer(_running.store, COMMAND_LINE, parse(CustomerDraft, draft))
    _running.catch_up()
    return _running


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(running: Running, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(httpx.TransportError):
            if running.ask("GET", "/api/health").status_code == 200:
                return
        time.sleep(0.1)
    pytest.fail(f"The server does not come up: {running.console.read_text(errors='replace')}")
