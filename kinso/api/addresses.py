"""Addresses below /api that the server in front of the API would refuse in its own words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.routing import BaseRoute, Router
from starlette.types import ASGIApp, Receive, Scope, Send

_ORDINARY = re.compile(r"(/[\w-]+(\.\w+)?)*/?", re.ASCII)


class OddAddresses:
    """ASGI middleware that hands requests for odd addresses to the API itself, which has the envelope for them.

    Streamlit answers what looks like a path of the file system with a plain 400, whatever it leads to. Nothing in the
    API is a file.
    """

    def __init__(self, app: ASGIApp, path: str, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._below = f"{path}/"
        self._api = Router(routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything else on."""
        is_odd = scope["type"] == "http" and scope["path"].startswith(self._below)
        if is_odd and not _ORDINARY.fullmatch(scope["path"]):
            await self._api(scope, receive, send)
        else:
            await self._app(scope, receive, send)
