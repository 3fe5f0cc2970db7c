"""What holds for every request to the API, before any route is looked for."""

from __future__ import annotations

import logging
import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kinso.api.envelope import fail
from kinso.api.errors import NO_SUCH_PATH, UNEXPECTED

LARGEST_BODY = 1_000_000
_TOO_LARGE = f"The body is too large; send at most {LARGEST_BODY:,} bytes."

logger = logging.getLogger(__name__)


class ApiMiddleware:
    """Trailing slashes make no difference, HEAD is GET without a body, large bodies stay out, failures are logged."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass requests on, or answer those that are too large or failed."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(receive, send, head=scope["method"] == "HEAD")
        try:
            if scope["path"].endswith("\n"):
                # Routes are looked for by patterns that let a line break at the end pass.
                await fail(404, NO_SUCH_PATH)(scope, receive, exchange.send)
            elif _declared_size(scope) > LARGEST_BODY:
                await fail(413, _TOO_LARGE)(scope, receive, exchange.send)
            else:
                await self._app(_plain(scope), exchange.receive, exchange.send)
        except Exception:
            logger.exception("%s %r failed", scope["method"], scope["path"])
            if exchange.started:
                raise
            await fail(500, UNEXPECTED)(scope, receive, exchange.send)


class _Exchange:
    def __init__(self, receive: Receive, send: Send, *, head: bool) -> None:
        self._receive = receive
        self._send = send
        self._head = head
        self._received = 0
        self.started = False

    async def receive(self) -> Message:
        """Count the body, because its size need not be declared or true."""
        message = await self._receive()
        self._received += len(message.get("body", b""))
        if self._received > LARGEST_BODY:
            raise HTTPException(413, _TOO_LARGE)
        return message

    async def send(self, message: Message) -> None:
        """Let nothing be kept by browsers or proxies."""
        if message["type"] == "http.response.start":
            self.started = True
            MutableHeaders(scope=message)["Cache-Control"] = "no-store"
        elif self._head:
            message = {**message, "body": b""}
        await self._send(message)


def _plain(scope: Scope) -> Scope:
    is_head = scope["method"] == "HEAD"
    return {
        **scope,
        "method": "GET" if is_head else scope["method"],
        # A slash at the end that was sent as %2F belongs to the name of something.
        "path": scope["path"].removesuffix("/") if raw_path(scope).endswith("/") else scope["path"],
        "state": {**scope.get("state", {}), "is_head": is_head},
    }


def raw_path(scope: Scope) -> str:
    """The path with its escapes, as it was sent; decoded where the server does not tell."""
    raw: bytes | None = scope.get("raw_path")
    return raw.decode("latin-1") if raw else str(scope["path"])


def _declared_size(scope: Scope) -> int:
    declared = Headers(scope=scope).get("content-length", "")
    # Nineteen digits are too many for any body, and not too many to be read.
    return int(declared[:19]) if declared.isascii() and declared.isdigit() else 0


_ORDINARY = re.compile(r"(/[\w-]+(\.\w+)?)*/?", re.ASCII)


class OddAddresses:
    """ASGI middleware that hands requests for odd addresses to the API itself, which has the envelope for them.

    Streamlit answers what looks like a path of the file system with a plain 400, whatever it leads to. Nothing in the
    API is a file.
    """

    def __init__(self, app: ASGIApp, path: str, api: ASGIApp) -> None:
        """`api` is what is mounted at `path`."""
        self._app = app
        self._path = path
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything else on."""
        is_below = scope["type"] == "http" and scope["path"].startswith(f"{self._path}/")
        if is_below and not _ORDINARY.fullmatch(scope["path"]):
            # Not by its mount, which takes no path with a line break in it.
            await self._api({**scope, "root_path": scope.get("root_path", "") + self._path}, receive, send)
        else:
            await self._app(scope, receive, send)
