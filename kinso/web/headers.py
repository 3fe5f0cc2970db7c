"""Headers that tell browsers what not to do with our answers, and what a page may load and run."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kinso.web.forms import is_https

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

_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


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


def source_of(text: str) -> str:
    """What allows an inline script or style of exactly this text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def policy_of_pages(scripts: Iterable[str]) -> str:
    """The policy of the pages that Streamlit serves, with these inline scripts.

    Streamlit needs styles in elements and attributes, and keeps a few images and a font in its scripts as data. It
    needs neither `eval` nor anything from elsewhere, and does without the WebAssembly that it tries first.
    """
    allowed = " ".join(map(source_of, (*_scripts_of_streamlit(), *scripts)))
    return (
        f"default-src 'none'; script-src 'self' {allowed}; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
        " font-src 'self' data:; connect-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none';"
        " base-uri 'none'; object-src 'none'"
    )


@cache
def _scripts_of_streamlit() -> tuple[str, ...]:
    page = Path(st.__file__).parent / "static" / "index.html"
    return tuple(_SCRIPT.findall(page.read_text(encoding="utf-8")))
