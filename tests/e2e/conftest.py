"""Kinso as it is served, in a real browser: one server for all stories of a process, an empty shop for each."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from kinso.config import Settings
from kinso.database.connection import connect
from kinso.models.accounts import COMMAND_LINE, NewUser, Role, Session
from kinso.models.validation import parse
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.accounts.sign_in import SESSION_COOKIE, session_id_of
from kinso.services.accounts.users import create_user
from tests.e2e.grid import PATIENCE
from tests.e2e.toasts import RECORD_TOASTS

_ROOT = Path(__file__).parents[2]
_HERE = Path(__file__).parent
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_KEPT = frozenset({"users", "sessions", "settings"})
PASSWORD = "long enough for a story"
ADMIN = "admin@shop.com"

expect.set_options(timeout=PATIENCE * 1000)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The stories of a file run in one process, which is told early enough for xdist to read it.

    Every process has one server for its files, and one browser for each.
    """
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group(f"browser {item.path.stem}"))
            item.add_marker(pytest.mark.timeout(600))


@dataclass(frozen=True)
class Shop:
    """A running Kinso: its address, its database to prepare and to check stories with, what its console shows."""

    address: str
    store: Store
    console: Path


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where the browser is; a machine without it skips these tests, unless `KINSO_REQUIRE_BROWSER` is 1."""
    executable = os.environ.get("KINSO_CHROMIUM") or next(filter(None, map(shutil.which, _BROWSERS)), None)
    if executable is None:
        reason = f"No browser to drive: none of {', '.join(_BROWSERS)} is on the PATH and KINSO_CHROMIUM is not set."
        if os.environ.get("KINSO_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return executable


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Chromium without a window.

    Closed after each module: as long as it is open, Playwright occupies the event loop of this process, and the tests
    that come after these stories need one of their own.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--process-per-site"])
        yield browser
        browser.close()


@pytest.fixture
def open_window(browser: Browser) -> Iterator[Callable[..., Page]]:
    """A window of a browser that was never used; `options` are those of a browser context, such as its `viewport`."""
    contexts: list[BrowserContext] = []

    def open_window(**options: Any) -> Page:
        contexts.append(_new_context(browser, options))
        return _new_page(contexts[-1])

    yield open_window
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def _kept_contexts() -> dict[str, list[BrowserContext]]:
    """By their options, those that no story uses at the moment."""
    return defaultdict(list)


@pytest.fixture
def _open_kept_window(
    browser: Browser, served: Shop, _kept_contexts: dict[str, list[BrowserContext]]
) -> Iterator[Callable[..., Page]]:
    """As `open_window`, but the stories of a file use it one after the other: it has loaded Streamlit's scripts."""
    used: list[tuple[str, BrowserContext]] = []

    def open_window(**options: Any) -> Page:
        free = _kept_contexts[str(options)]
        used.append((str(options), free.pop() if free else _new_context(browser, options)))
        return _new_page(used[-1][1])

    yield open_window
    for options, context in used:
        _forget_the_story(context, served)
        _kept_contexts[options].append(context)


def _new_context(browser: Browser, options: dict[str, Any]) -> BrowserContext:
    usual: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}, "locale": "en-US"}
    context = browser.new_context(**{**usual, "reduced_motion": "reduce", **options})
    context.set_default_timeout(PATIENCE * 1000)
    context.add_init_script(RECORD_TOASTS)
    return context


def _new_page(context: BrowserContext) -> Page:
    page = context.new_page()
    _wait_for_whole_pages(page)
    return page


def _forget_the_story(context: BrowserContext, shop: Shop) -> None:
    """Close its pages; one without content stays open, and with it the process that has compiled the scripts."""
    pages = context.pages
    empty = context.new_page()
    empty.goto(f"{shop.address}/_stcore/health")
    for page in pages:
        page.close()
    empty.evaluate("localStorage.clear()")
    context.clear_cookies()


def _wait_for_whole_pages(page: Page) -> None:
    """Every action and every expectation waits until nothing is left of what the page showed before.

    While a script runs, Streamlit keeps what was there until the script puts something in its place; until then the
    same field may be there twice, and what is done to the old one is lost.
    """
    left_over = page.locator("[data-stale=true]").filter(visible=True).first
    page.add_locator_handler(left_over, lambda: None)


@pytest.fixture(scope="session")
def serve(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Shop]]:
    """Starts further shops, each on a database of its own: `serve(KINSO_ADMIN_EMAIL=…, …)`; stopped at the end."""
    running: list[subprocess.Popen[bytes]] = []
    stores: list[Store] = []

    def start(**environment: str) -> Shop:
        settings = Settings(mongodb_uri=mongodb_uri, database=f"kinso_{uuid.uuid4().hex[:12]}")
        store = Store(connect(settings))
        stores.append(store)
        port, log = _free_port(), tmp_path_factory.mktemp("server") / "log.txt"
        own = {"KINSO_MONGODB_URI": mongodb_uri, "KINSO_DATABASE": settings.database, **environment}
        running.append(_start(port, log, own))
        _wait_until_it_answers(port, running[-1], log)
        return Shop(f"http://127.0.0.1:{port}", store, log)

    yield start
    for process in running:
        process.terminate()
    for process in running:
        process.wait(timeout=30)
    for store in stores:
        store.connection.client.drop_database(store.name)
        store.connection.close()


@pytest.fixture(scope="session")
def served(chromium: str, serve: Callable[..., Shop]) -> Shop:
    """The shop of most stories, with an administrator; asks for the browser first, so that none is served in vain."""
    return serve(KINSO_ADMIN_EMAIL=ADMIN, KINSO_ADMIN_PASSWORD=PASSWORD)


@pytest.fixture
def shop(served: Shop) -> Shop:
    """The shop without customers; its users stay."""
    database = served.store.connection.database
    for name in database.list_collection_names():
        if name not in _KEPT:
            database[name].delete_many({})
    return served


@pytest.fixture
def sign_in(
    _open_kept_window: Callable[..., Page], open_window: Callable[..., Page], shop: Shop
) -> Callable[..., Page]:
    """A person with a role, signed in, in a window of their own that is empty yet: `page = sign_in(Role.STAFF)`.

    The same role is the same person; `options` are those of `open_window`. `is_kept=False` is for who changes more of
    the window than its pages, such as its clock, which a later story would meet.
    """

    def sign_in(role: Role, *, is_kept: bool = True, **options: Any) -> Page:
        page = _open_kept_window(**options) if is_kept else open_window(**options)
        cookie = {"name": SESSION_COOKIE, "value": _new_session(shop, role), "url": shop.address, "httpOnly": True}
        page.context.add_cookies([{**cookie, "sameSite": "Lax"}])
        return page

    return sign_in


@pytest.fixture
def complaints() -> Callable[[Page], list[str]]:
    """What a browser has to complain about from now on."""

    def listen(page: Page) -> list[str]:
        found: list[str] = []
        page.on("pageerror", lambda error: found.append(str(error)))
        page.on("console", lambda said: found.append(said.text) if is_complaint(said) else None)
        return found

    def is_complaint(said: ConsoleMessage) -> bool:
        # Streamlit first asks beside the page for what it then finds at the root.
        url = said.location.get("url", "")
        is_expected = url.endswith(("/_stcore/health", "/_stcore/host-config"))
        # What was typed last may be on its way to be kept when its form is saved; then it is refused.
        is_late_draft = url.endswith("/draft") and "409" in said.text
        return said.type == "error" and not is_expected and not is_late_draft

    return listen


def fill_sign_in(page: Page, shop: Shop, email: str, password: str = PASSWORD) -> None:
    """Go to the sign-in page and send it."""
    page.goto(f"{shop.address}/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def _new_session(shop: Shop, role: Role) -> str:
    """The secret of a session as signing in begins it, without the expensive password and the page after it."""
    user = shop.store.users.by_email(_account(shop, role))
    assert user is not None
    secret, at = secrets.token_urlsafe(), now()
    session = Session(id=session_id_of(secret), user_id=user.id, created_at=at, expires_at=at + timedelta(hours=1))
    shop.store.sessions.insert(session)
    return secret


def _account(shop: Shop, role: Role) -> str:
    if role is Role.ADMIN:
        return ADMIN
    email = f"{role}@shop.com"
    if shop.store.users.by_email(email) is None:
        data = {"email": email, "name": f"{role.capitalize()} Person", "role": role, "password": PASSWORD}
        create_user(shop.store, COMMAND_LINE, parse(NewUser, data))
    return email


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(port: int, log: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "streamlit", "run", "app.py"]
    options = ["--server.port", str(port), "--server.address", "127.0.0.1"]
    with log.open("wb") as output:
        return subprocess.Popen(
            [*command, *options], cwd=_ROOT, env={**os.environ, **environment}, stdout=output, stderr=subprocess.STDOUT
        )


def _wait_until_it_answers(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"Kinso did not start:\n{log.read_text(errors='replace')}")
