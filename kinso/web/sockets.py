"""A websocket outlives the moment in which it was opened, so whoever is behind it is looked at with every message."""

from __future__ import annotations

import re
from contextlib import suppress

from google.protobuf.message import DecodeError
from starlette.types import Message, Receive
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState

from kinso.errors import DatabaseUnavailable, NotSignedIn
from kinso.models.draft import WIDGETS
from kinso.services.office import current_office
from kinso.services.sign_in import resume
from kinso.web.threads import look_up

_TYPED = re.compile(rf"\$\$ID-[0-9a-f]+-(?:{'|'.join(map(re.escape, WIDGETS))})")
"""The ids of widgets into which something is typed that must not be lost."""
_CLICKS = frozenset({"trigger_value", "string_trigger_value", "json_trigger_value", "chat_input_value"})
_PATIENCE = 0.8
"""Seconds; what comes after it asks again, and then says that the database does not answer."""


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
        resume(current_office().store, session_id, in_use=False, patience=_PATIENCE)
    except NotSignedIn:
        return False
    except DatabaseUnavailable:
        return True
    return True
