import re

import pytest
from pymongo import MongoClient
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient

from kinso.database.connection import Connection
from kinso.models.accounts import COMMAND_LINE, NewUser, Role
from kinso.models.validation import parse
from kinso.repository.store import Store
from kinso.services.accounts.sign_in import SESSION_COOKIE, sign_in
from kinso.services.accounts.users import create_user
from kinso.services.application import ApplicationContext, use_application
from kinso.web.routes import web_middleware, web_routes

PASSWORD = "correct horse battery"


@pytest.fixture
def reached():
    """The paths that got past the guard to what stands for Streamlit."""
    return []


@pytest.fixture
def server(reached):
    """Everything of kinso.web around an inner app that tells who it believes is there."""

    async def inside(request):
        reached.append(request.url.path)
        return JSONResponse({"identity": request.headers.getlist("x-kinso-session")})

    async def socket(websocket):
        reached.append(websocket.url.path)
        await websocket.accept()
        await websocket.send_json({"identity": websocket.headers.getlist("x-kinso-session")})
        await websocket.close()

    async def api(scope, receive, send):
        reached.append(scope["path"])
        names = [name.decode() for name, _ in scope["headers"]]
        await JSONResponse({"headers": names})(scope, receive, send)

    everything = ["GET", "POST", "PUT", "DELETE"]
    routes = [
        Mount("/api", app=api),
        *web_routes(),
        WebSocketRoute("/_stcore/stream", socket),
        Route("/{path:path}", inside, methods=everything),
    ]
    return Starlette(routes=routes, middleware=web_middleware())


@pytest.fixture
def application(store):
    with use_application(ApplicationContext.around(store)) as application:
        yield application


@pytest.fixture
def browse(server, application):
    """Opens another browser; it does not follow redirects."""
    opened = []

    def browse(secret=None, scheme="http", **options):
        browser = TestClient(server, f"{scheme}://kinso.test", follow_redirects=False, **options)
        if secret:
            browser.cookies.set(SESSION_COOKIE, secret)
        opened.append(browser)
        return browser

    yield browse
    for browser in opened:
        browser.close()


@pytest.fixture
def add(store):
    def add(name, role=Role.STAFF):
        data = {"email": f"{name}@shop.com", "name": name.title(), "role": role, "password": PASSWORD}
        return create_user(store, COMMAND_LINE, parse(NewUser, data))

    return add


@pytest.fixture
def user(add):
    return add("ann")


@pytest.fixture
def signed_in(store, user):
    return sign_in(store, user.email, PASSWORD, "198.51.100.1")


@pytest.fixture
def without_database():
    """From now on no database answers."""
    client = MongoClient("mongodb://127.0.0.1:1", serverSelectionTimeoutMS=50, connect=False)
    nowhere = ApplicationContext.around(Store(Connection(client, client["nowhere"])))

    def cut():
        return use_application(nowhere)

    yield cut
    client.close()


@pytest.fixture
def fill_in():
    """Opens a page with a form and returns its hidden fields together with what is typed."""

    def fill_in(browser, address, **typed):
        html = browser.get(address).text
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html))
        assert "csrf" in hidden
        return {**hidden, **typed}

    return fill_in
