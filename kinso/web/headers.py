"""Headers that tell browsers what not to do with our answers."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kinso.web.forms import is_https
from kinso.web.policy import policy_of_pages

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": it would hide the origin of our own forms as well.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_HTTPS_FOR_A_YEAR = "max-age=31536000; includeSubDomains"


class SecurityHeaders:
    """ASGI middleware that adds them where an answer does not set its own.

    Of inline scripts, pages may run `scripts` and those of Streamlit itself.
    """

    def __init__(self, app: ASGIApp, scripts: Iterable[str] = ()) -> None:
        self._app = app
        self._headers = {**_HEADERS, "Content-Security-Policy": policy_of_pages(scripts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, with more headers on HTTP answers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                if is_https(HTTPConnection(scope)):
                    headers.setdefault("Strict-Transport-Security", _HTTPS_FOR_A_YEAR)
            await send(message)

        await self._app(scope, receive, send_with_headers)
