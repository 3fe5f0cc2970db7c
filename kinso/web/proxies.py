"""Where a request comes from, also behind a reverse proxy on this machine that is reached as an IPv6 socket is."""

from __future__ import annotations

import os
from ipaddress import IPv6Address, ip_address

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

_THIS_MACHINE = "127.0.0.1,::1"


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
