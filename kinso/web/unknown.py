"""Addresses at which nothing is: Streamlit would show its first page there without a word."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from kinso.web.answers import is_navigation, refused

PAGES = frozenset(page.stem for page in (Path(__file__).parents[2] / "pages").glob("*.py"))
_OTHERS = frozenset(
    {"", "_stcore", "api", "component", "download", "draft", "media", "set-up", "sign-in", "sign-out", "static"}
)
"""How everything else that is served begins; it answers for its own unknown addresses."""
_SENTENCE = "Nothing is at this address. It may be mistyped, or from another program."


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
