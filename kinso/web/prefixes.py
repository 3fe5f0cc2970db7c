"""Kinso is served at the root of a host name; below a path everybody is told so, instead of getting half a page."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from kinso.errors import ConfigurationError
from kinso.web.answers import enveloped, is_navigation, short
from kinso.web.pages import page
from kinso.web.paths import API

AT_THE_ROOT = "Kinso works at the root of a host name only, not below a path"
HOW_INSTEAD = "give it a name of its own, such as https://kinso.example.com"

_WRONG_PROXY_CLOSE = 1008
_HEADERS = ("x-forwarded-prefix", "x-script-name")
"""How proxies tell which part of the path they took away."""


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
