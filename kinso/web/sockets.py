"""A websocket outlives the moment in which it was opened, so whoever is behind it is looked at with every message."""

from __future__ import annotations

from starlette.types import Message, Receive
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState

from kinso.errors import DatabaseUnavailable, NotSignedIn
from kinso.services.office import current_office
from kinso.services.sign_in import resume
from kinso.web.threads import look_up

_DRAW_THE_PAGE = BackMsg(rerun_script=ClientState()).SerializeToString()
"""Presses no button and fills no field; the page then says that its person is signed out."""


def while_signed_in(receive: Receive, session_id: str) -> Receive:
    """`receive` until the session ends; from then on, any message only asks for the page to be drawn.

    Dialogs and parts of a page that are drawn on their own may hold on to who was there when they were opened; they are
    never run for somebody who has left. Without a database messages pass, because nothing can be done with them.
    """

    async def receive_while_signed_in() -> Message:
        message = await receive()
        if message["type"] == "websocket.receive" and not await look_up(_is_signed_in, session_id):
            return {"type": "websocket.receive", "bytes": _DRAW_THE_PAGE}
        return message

    return receive_while_signed_in


def _is_signed_in(session_id: str) -> bool:
    try:
        resume(current_office().store, session_id, in_use=False)
    except NotSignedIn:
        return False
    except DatabaseUnavailable:
        return True
    return True
