"""Addresses below /api that the server in front of the API would refuse in its own words."""

from __future__ import annotations

import re

from starlette.types import ASGIApp, Receive, Scope, Send

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
