"""Nobody gets past this without a valid session: no page, no websocket, no file."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from kinso.errors import DatabaseUnavailable, NotSignedIn
from kinso.models.user import User
from kinso.services.first_admin import needs_set_up
from kinso.services.office import current_office
from kinso.services.sign_in import resume
from kinso.web.answers import database_away, is_navigation, short
from kinso.web.cookies import session_id_from
from kinso.web.forms import is_from_elsewhere
from kinso.web.paths import SET_UP, SIGN_IN, is_open, safe_next
from kinso.web.sign_in import redirect
from kinso.web.sockets import while_signed_in
from kinso.web.threads import look_up

IDENTITY_HEADER = b"x-kinso-session"
"""Streamlit believes it, because nobody but this guard can send it."""
_UNAUTHENTICATED_CLOSE = 4401
_FOREIGN_CLOSE = 4403
_TRY_AGAIN_LATER_CLOSE = 1013

_SAFE_METHODS = frozenset({"GET", "HEAD"})

Headers = Iterable[tuple[bytes, bytes]]


class SignInGuard:
    """ASGI middleware for HTTP and websockets.

    It asks the database with every request, so a session that was ended or an account that was switched off is out at
    once. What is behind it finds the session's id in the header, and the `User` in `scope["state"]["user"]`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let pass, or answer itself."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        scope = {**scope, "headers": _without_identity(scope["headers"])}
        if scope["type"] == "http" and is_open(scope["path"]):
            await self._app(scope, receive, send)
            return
        session_id = session_id_from(HTTPConnection(scope))
        if _is_foreign(scope):
            await _refuse_foreign(scope, receive, send)
            return
        try:
            user = await look_up(_resume, session_id)
        except NotSignedIn:
            await _refuse(scope, receive, send)
        except DatabaseUnavailable:
            await _ask_to_wait(scope, receive, send)
        else:
            if scope["type"] == "websocket":
                receive = while_signed_in(receive, session_id or "")
            await self._app(_with_identity(scope, user, session_id or ""), receive, send)


def _without_identity(headers: Headers) -> list[tuple[bytes, bytes]]:
    # Some servers and gateways read an underscore as a hyphen.
    return [(name, value) for name, value in headers if name.lower().replace(b"_", b"-") != IDENTITY_HEADER]


def _with_identity(scope: Scope, user: User, session_id: str) -> Scope:
    return {
        **scope,
        "headers": [*scope["headers"], (IDENTITY_HEADER, session_id.encode())],
        "state": {**scope.get("state", {}), "user": user},
    }


def _is_foreign(scope: Scope) -> bool:
    changes_something = scope["type"] == "websocket" or scope["method"] not in _SAFE_METHODS
    return changes_something and is_from_elsewhere(HTTPConnection(scope))


async def _refuse_foreign(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await _refuse_websocket(receive, send, _FOREIGN_CLOSE)
    else:
        await short("This was not sent from Kinso's own page.", status=403)(scope, receive, send)


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await _refuse_websocket(receive, send, _UNAUTHENTICATED_CLOSE)
    elif is_navigation(HTTPConnection(scope)):
        try:
            answer: Response = redirect(await look_up(_entrance, scope))
        except DatabaseUnavailable:
            answer = database_away(_address_of(scope))
        await answer(scope, receive, send)
    else:
        await short("Signed out: reload the page to sign in.", status=401)(scope, receive, send)


async def _ask_to_wait(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await _refuse_websocket(receive, send, _TRY_AGAIN_LATER_CLOSE)
    elif is_navigation(HTTPConnection(scope)):
        await database_away(_address_of(scope))(scope, receive, send)
    else:
        await short("The database is away; Kinso keeps trying.", status=503)(scope, receive, send)


async def _refuse_websocket(receive: Receive, send: Send, code: int) -> None:
    await receive()
    await send({"type": "websocket.close", "code": code})


def _entrance(scope: Scope) -> str:
    if needs_set_up(current_office().store):
        return SET_UP
    there = _address_of(scope)
    return SIGN_IN if there == "/" else f"{SIGN_IN}?next={quote(there, safe='')}"


def _address_of(scope: Scope) -> str:
    if scope["method"] not in _SAFE_METHODS:
        return "/"
    path = (scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    return safe_next(f"{path}?{query}" if query else path)


def _resume(session_id: str | None) -> User:
    return resume(current_office().store, session_id)
