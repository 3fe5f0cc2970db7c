"""Nobody gets past this without a valid session: no page, no websocket, no file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import quote

from google.protobuf.message import DecodeError
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState

from kinso.errors import DatabaseUnavailable, NotSignedIn
from kinso.models.accounts import User
from kinso.models.customers import WIDGETS
from kinso.services.accounts.first_admin import needs_set_up
from kinso.services.accounts.sign_in import resume
from kinso.services.application import current_application
from kinso.web.addresses import SET_UP, SIGN_IN, is_open, safe_next
from kinso.web.error_pages import database_away, is_navigation, short
from kinso.web.forms import is_from_elsewhere
from kinso.web.sign_in import redirect, session_id_from
from kinso.web.threads import look_up

IDENTITY_HEADER = b"x-kinso-session"
"""Streamlit believes it, because nobody but this guard can send it."""
_UNAUTHENTICATED_CLOSE = 4401
_FOREIGN_CLOSE = 4403
_TRY_AGAIN_LATER_CLOSE = 1013

_SAFE_METHODS = frozenset({"GET", "HEAD"})

Headers = Iterable[tuple[bytes, bytes]]

_TYPED = re.compile(rf"\$\$ID-[0-9a-f]+-(?:{'|'.join(map(re.escape, WIDGETS))})")
"""The ids of widgets into which something is typed that must not be lost."""
_CLICKS = frozenset({"trigger_value", "string_trigger_value", "json_trigger_value", "chat_input_value"})
_PATIENCE = 0.8
"""Seconds; what comes after it asks again, and then says that the database does not answer."""


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
            answer: Response = redirect(await look_up(_sign_in_address, scope))
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


def _sign_in_address(scope: Scope) -> str:
    if needs_set_up(current_application().store):
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
    return resume(current_application().store, session_id)


def while_signed_in(receive: Receive, session_id: str) -> Receive:
    """`receive` until the session ends; from then on, any message only asks for the page to be drawn.

    The page then says that its person is signed out, and keeps what they typed for them. Dialogs and parts of a page
    that are drawn on their own may hold on to who was there when they were opened; they are never run for somebody who
    has left. Without a database messages pass, because nothing can be done with them.
    """

    async def receive_while_signed_in() -> Message:
        message = await receive()
        if message["type"] == "websocket.receive" and not await look_up(_is_signed_in, session_id):
            return {"type": "websocket.receive", "bytes": _draw_the_page(message.get("bytes") or b"")}
        return message

    return receive_while_signed_in


def _draw_the_page(message: bytes) -> bytes:
    """What draws the whole page, presses no button, and brings only what was typed into forms and the grid."""
    state = ClientState()
    with suppress(DecodeError):
        for widget in BackMsg.FromString(message).rerun_script.widget_states.widgets:
            if _TYPED.match(widget.id) and widget.WhichOneof("value") not in _CLICKS:
                state.widget_states.widgets.add().CopyFrom(widget)
    return bytes(BackMsg(rerun_script=state).SerializeToString())


def _is_signed_in(session_id: str) -> bool:
    try:
        resume(current_application().store, session_id, in_use=False, patience=_PATIENCE)
    except NotSignedIn:
        return False
    except DatabaseUnavailable:
        return True
    return True
