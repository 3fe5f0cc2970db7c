"""Where a request comes from, and what its connection may take: so many bytes, and so much time."""

from __future__ import annotations

import json
import logging
import os
from asyncio import TimerHandle, Transport
from ipaddress import IPv6Address, ip_address
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

LARGEST_HEAD = 64 * 1024
MOST_HEADERS = 200
HEAD_SECONDS = 15
"""For the request line and all headers together, and for a connection over which nothing comes at all."""
BODY_SECONDS = 30
LEAST_BODY = 3_000
"""Bytes of a body that have to come within each `BODY_SECONDS`, unless Kinso itself does not take them."""

READING_SECONDS = 120
"""For a client to take some of an answer that is waiting for it."""

_PIECE = 16 * 1024
_MOST_IGNORED = 128 * 1024 * 1024
_SECONDS_TO_READ_REFUSAL = 1.0
_MOST_AFTER_REFUSAL = 1024 * 1024
_TICK = 1.0
_TOO_LARGE = "The address or the headers are too large; send at most 64 kB and 200 headers."
_TOO_SLOW = "The request came too slowly and was given up; send it again."
_UNREADABLE = "This is not HTTP as Kinso understands it."

logger = logging.getLogger(__name__)

_THIS_MACHINE = "127.0.0.1,::1"


class LimitedConnections:
    """ASGI middleware that has uvicorn make every connection a `LimitedConnection`.

    Streamlit starts uvicorn and leaves no choice of its protocol. The messages of the lifespan come from an object
    that knows uvicorn's configuration, and connections are made as that says only after the start.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""
        if scope["type"] == "lifespan":
            _limit(getattr(getattr(receive, "__self__", None), "config", None))
        await self._app(scope, receive, send)


def _limit(config: object) -> None:
    if isinstance(config, uvicorn.Config) and config.http_protocol_class is HttpToolsProtocol:
        config.http_protocol_class = LimitedConnection
        # Nobody needs to know by which program they are answered.
        config.encoded_headers = [header for header in config.encoded_headers if header[0] != b"server"]
    else:
        logger.warning("The server is not uvicorn with httptools, so large or slow headers are not refused.")


class LimitedConnection(HttpToolsProtocol):
    """HTTP of one client whose patience has an end.

    Only bytes with which nothing is finished (a header, the length of a piece, part of a body) count against the limit,
    so a body may be as long as the application allows.
    """

    _timer: TimerHandle | None = None
    _unfinished = 0
    _ignored = 0
    _after_refusal: int | None = None
    """Bytes that came after a refusal."""
    _is_in_head = True
    _is_in_body = False
    _since = 0.0
    _stuck_since: float | None = None
    _closing_since: float | None = None
    _received = 0
    _refusal = (400, _UNREADABLE)

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._begin_head()
        self._timer = self.loop.call_later(_TICK, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._stop_looking()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what has come, headers in small pieces so that none is looked at beyond the limit."""
        if self._after_refusal is not None:
            self._count_after_refusal(len(data))
            return
        if not self._is_in_head and not self._is_in_body:
            self._begin_head()
        step = _PIECE if self._is_in_head else len(data)
        for start in range(0, len(data), step):
            self._parse(data[start : start + step])
            if self._after_refusal is not None or self._timer is None or self.transport.is_closing():
                return

    def handle_websocket_upgrade(self) -> None:
        """From here on the connection is another protocol's, which has limits of its own."""
        self._stop_looking()
        super().handle_websocket_upgrade()

    def pause_writing(self) -> None:
        """The client takes less than there is."""
        self._stuck_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """The client has taken some."""
        self._stuck_since = None
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Answer in Kinso's words instead of `msg`."""
        self._refuse(*self._refusal)

    def on_message_begin(self) -> None:
        """A further request may come with the end of the one before."""
        super().on_message_begin()
        self._begin_head()

    def on_headers_complete(self) -> None:
        """Let the application begin, unless all of it together is too large."""
        if len(self.headers) > MOST_HEADERS or self._size_of_head() > LARGEST_HEAD:
            self._refusal = (431, _TOO_LARGE)
            # httptools tells its caller, who answers with `send_400_response`.
            raise ValueError(_TOO_LARGE)
        self._is_in_head, self._is_in_body = False, True
        self._since, self._received, self._unfinished = self.loop.time(), 0, 0
        super().on_headers_complete()

    def on_chunk_header(self) -> None:
        """The length of a piece of the body is known."""
        self._unfinished = 0

    def on_body(self, body: bytes) -> None:
        """Count what comes, also when it was answered already and nobody reads it."""
        self._received += len(body)
        self._unfinished = 0
        super().on_body(body)
        if self.cycle is not None and self.cycle.response_complete:
            self._ignored += len(body)
            if self._ignored > _MOST_IGNORED:
                self.transport.abort()

    def on_message_complete(self) -> None:
        """Everything has come."""
        self._is_in_body = False
        self._unfinished = self._ignored = 0
        super().on_message_complete()

    def _begin_head(self) -> None:
        self._is_in_head, self._is_in_body = True, False
        self._since = self.loop.time()

    def _parse(self, data: bytes) -> None:
        self._unfinished += len(data)
        super().data_received(data)
        if self._unfinished > LARGEST_HEAD:
            self._refuse(431, _TOO_LARGE)

    def _size_of_head(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _look(self) -> None:
        self._timer = self.loop.call_later(_TICK, self._look)
        if self.transport.is_closing():
            self._look_at_closing()
        elif self._after_refusal is not None:
            return
        elif self._stuck_since is not None and self.loop.time() - self._stuck_since >= READING_SECONDS:
            self.transport.abort()
        elif self._is_in_head:
            self._look_at_head()
        elif self._is_in_body:
            self._look_at_body()

    def _look_at_closing(self) -> None:
        """What the client does not take keeps the connection open even after it was closed."""
        self._closing_since = self._closing_since or self.loop.time()
        if self.loop.time() - self._closing_since >= READING_SECONDS:
            self.transport.abort()

    def _look_at_head(self) -> None:
        if self.loop.time() - self._since < HEAD_SECONDS or self._is_answering():
            return
        if self._unfinished:
            self._refuse(408, _TOO_SLOW)
        else:
            self.transport.close()

    def _look_at_body(self) -> None:
        if self.flow.read_paused or (self._is_answering() and self.cycle.waiting_for_100_continue):
            self._since, self._received = self.loop.time(), 0
        elif self.loop.time() - self._since >= BODY_SECONDS:
            if self._received < LEAST_BODY:
                self._refuse(408, _TOO_SLOW)
            self._since, self._received = self.loop.time(), 0

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse(self, status: int, sentence: str) -> None:
        """Answer instead of the application, and give the client a moment to read that before the connection ends."""
        if self.transport.is_closing() or self._after_refusal is not None:
            return
        has_answer = self.cycle is not None and (self._is_in_body or self._is_answering())
        if has_answer and self.cycle.response_started:
            self.transport.abort()
            return
        if has_answer:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._after_refusal = 0
        self.transport.write(_answer(status, sentence, self.server_state.default_headers))
        self.flow.resume_reading()
        self.loop.call_later(_SECONDS_TO_READ_REFUSAL, self.transport.close)

    def _count_after_refusal(self, more: int) -> None:
        self._after_refusal = (self._after_refusal or 0) + more
        if self._after_refusal > _MOST_AFTER_REFUSAL:
            self.transport.close()

    def _stop_looking(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _answer(status: int, sentence: str, headers: list[tuple[bytes, bytes]]) -> bytes:
    """The envelope of the API, which people can read as well."""
    body = json.dumps({"success": False, "message": sentence}, ensure_ascii=False).encode()
    own: dict[str, Any] = {
        "content-type": "application/json",
        "content-length": len(body),
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "connection": "close",
    }
    lines = [STATUS_LINE[status], *(name + b": " + value + b"\r\n" for name, value in headers)]
    lines += [f"{name}: {value}\r\n".encode() for name, value in own.items()]
    return b"".join([*lines, b"\r\n", body])


class ClientAddresses:
    """ASGI middleware that believes `X-Forwarded-For` and `X-Forwarded-Proto` of `FORWARDED_ALLOW_IPS`.

    Without `--server.address` the server listens for IPv6 as well: a proxy at 127.0.0.1 is `::ffff:127.0.0.1` to it,
    which uvicorn compares as text and does not believe.
    """

    def __init__(self, app: ASGIApp) -> None:
        trusted = os.environ.get("FORWARDED_ALLOW_IPS") or _THIS_MACHINE
        self._app = ProxyHeadersMiddleware(app, trusted_hosts=trusted)  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, with one notation for each address."""
        client = scope.get("client")
        if client:
            scope = {**scope, "client": (plain_address(client[0]), client[1])}
        await self._app(scope, receive, send)  # type: ignore[arg-type]


def plain_address(host: str) -> str:
    """An IPv4 address that is wrapped into an IPv6 one as itself, anything else as it is."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped) if mapped else host
