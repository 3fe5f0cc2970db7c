"""Where things are, which of them are open to everyone, and what is answered at addresses where nothing is."""

from __future__ import annotations

import re
from pathlib import Path

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from kinso.errors import ConfigurationError
from kinso.web.error_pages import enveloped, is_navigation, page, refused, short

SIGN_IN = "/sign-in"
SIGN_OUT = "/sign-out"
SET_UP = "/set-up"
FIRST_PAGE = "/"
OVERVIEW = "/overview"
"""Streamlit serves its first page at the root alone, but people type or keep the address that fits the others."""
DOWNLOAD_CUSTOMERS = "/download/customers.csv"
DOWNLOAD_HISTORY = "/download/history.csv"
DOWNLOAD_LEDGER = "/download/ledger.csv"
DOWNLOAD_PURCHASES = "/download/purchases.csv"
DRAFT = "/draft"
API = "/api"

_OPEN = frozenset({SIGN_IN, SIGN_OUT, SET_UP, API, "/_stcore/health"})
"""None of them tells anything or does anything without a proof of its own."""
_LOCAL = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
_LONGEST = 2000

PAGES = frozenset(page.stem for page in (Path(__file__).parents[2] / "pages").glob("*.py"))
_OTHERS = frozenset(
    {"", "_stcore", "api", "component", "download", "draft", "media", "set-up", "sign-in", "sign-out", "static"}
)
"""How everything else that is served begins; it answers for its own unknown addresses."""
_SENTENCE = "Nothing is at this address. It may be mistyped, or from another program."

AT_THE_ROOT = "Kinso works at the root of a host name only, not below a path"
HOW_INSTEAD = "give it a name of its own, such as https://kinso.example.com"
_WRONG_PROXY_CLOSE = 1008
_HEADERS = ("x-forwarded-prefix", "x-script-name")
"""How proxies tell which part of the path they took away."""


def is_open(path: str) -> bool:
    """Whether an unsigned visitor may ask for this; the API checks every one of its calls itself."""
    return path in _OPEN or path.startswith(f"{API}/")


def safe_next(address: str | None) -> str:
    """The address when it is one of our own pages, otherwise the first page.

    A second slash, a backslash or a control character at the right place makes browsers leave for another site.
    """
    if not address or len(address) > _LONGEST or not _LOCAL.fullmatch(address):
        return "/"
    path = address.partition("?")[0].rstrip("/")
    return "/" if path in {SIGN_IN, SIGN_OUT, SET_UP} else address


class UnknownAddresses:
    """ASGI middleware that tells a person so; what programs ask for passes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is known."""
        if scope["type"] == "http" and not is_known(scope["path"]) and is_navigation(HTTPConnection(scope)):
            await refused("This address does not exist", _SENTENCE, status=404)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def is_known(path: str) -> bool:
    """Whether something is served there, or below the same beginning."""
    name = path.strip("/")
    return name in PAGES or name.partition("/")[0] in _OTHERS or "." in name


def refuse_prefix(prefix: str) -> None:
    """Raise `ConfigurationError` for Streamlit's setting that puts pages below a path, unless it says the root."""
    if prefix.strip("/"):
        raise ConfigurationError(
            f"{AT_THE_ROOT}: remove server.baseUrlPath (it is “{prefix}”), and {HOW_INSTEAD}, with a reverse proxy."
        )


class Prefixes:
    """ASGI middleware that refuses what came through a proxy which serves Kinso below a path."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything else on."""
        prefix = _prefix_of(scope) if scope["type"] in {"http", "websocket"} else ""
        if not prefix:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": _WRONG_PROXY_CLOSE})
        else:
            await _answer(scope, prefix)(scope, receive, send)


def _prefix_of(scope: Scope) -> str:
    headers = Headers(scope=scope)
    return next(filter(None, (headers.get(name, "").split(",")[0].strip().strip("/") for name in _HEADERS)), "")


def _answer(scope: Scope, prefix: str) -> Response:
    sentence = f"{AT_THE_ROOT} (this proxy serves it below /{prefix}). Whoever runs it can {HOW_INSTEAD}."
    if scope["path"] == API or scope["path"].startswith(f"{API}/"):
        return enveloped(sentence, status=400)
    if is_navigation(HTTPConnection(scope)):
        return page("Kinso cannot be used here", sentence, status=400)
    return short("Kinso works at the root of a host only.", status=400)
