"""Addresses that look like paths of a file system are answered by the API like any others."""

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from streamlit.web.server.starlette.starlette_path_security_middleware import PathSecurityMiddleware

from kinso.api.app import api_routes, create_api
from kinso.api.middleware import OddAddresses
from kinso.services.application import ApplicationContext, use_application


@pytest.fixture
def ask(store, token):
    """One request through what Streamlit puts before the API; the path is sent exactly as it is written."""
    api = create_api()

    async def page(_request):
        return PlainTextResponse("page")

    app = Starlette(
        routes=[*api_routes("/api", api), Route("/{path:path}", page)],
        middleware=[Middleware(OddAddresses, path="/api", api=api), Middleware(PathSecurityMiddleware)],
    )

    async def send(method, path, secret):
        url = httpx.URL("http://shop.test").copy_with(raw_path=path.encode())
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            return await client.request(method, url, headers={"Authorization": f"Bearer {secret}"})

    with use_application(ApplicationContext.around(store)):
        yield lambda method, path, secret=None: asyncio.run(send(method, path, token() if secret is None else secret))


ODD = [
    "/api/customers/%00",
    "/api/customers/%2e%2e",
    "/api/customers/..%2f..",
    "/api/customers/%5c%5cserver",
    "/api/customers/C:%5cx",
    "/api/sales/%00",
    "/api/sales/..%2fx",
    "/api/runs/%00",
    "/api/%2e%2e/etc/passwd",
    "/api//server/share",
    "/api/x%0ay/z",
    "/api/customers/export%0a",
    "/api/openapi.json%0a",
    "/api/customers/x%0dy",
]


@pytest.mark.parametrize("path", ODD)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_odd_address_is_answered_in_the_envelope(ask, method, path):
    answer = ask(method, path)
    assert answer.status_code in ((404,) if method == "GET" else (404, 405))
    assert answer.json()["success"] is False


@pytest.mark.parametrize("path", ["/api/customers/%00", "/api/customers/%2e%2e", "/api/sales/%00"])
def test_an_odd_address_is_no_way_around_the_sign_in(ask, path):
    answer = ask("GET", path, "wrong")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_what_is_not_the_api_is_left_to_the_server(ask):
    assert ask("GET", "/%00").text == "Bad Request"
    assert ask("GET", "/apix/%2e%2e").text == "Bad Request"
    assert ask("GET", "/customers").text == "page"


def test_an_ordinary_address_takes_the_ordinary_way(ask):
    assert ask("GET", "/api/health").json()["success"] is True
    assert ask("GET", "/api/openapi.json").status_code == 200
