"""What nobody thought of: told calmly and without details, which are in the log."""

from __future__ import annotations

import logging
from uuid import uuid4

from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kinso.web.answers import is_navigation, refused, short

logger = logging.getLogger(__name__)


class Mishaps:
    """ASGI middleware that answers for what is inside it when that fails before it has begun to answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; an answer that breaks off half-way stays broken off."""
        has_begun = False

        async def send_and_note(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except ClientDisconnect:
            # Nobody is there to be answered.
            return
        except Exception:
            if scope["type"] != "http" or has_begun:
                raise
            reference = uuid4().hex[:8]
            logger.exception("Unexpected failure %s: %s %r", reference, scope["method"], scope["path"])
            await _answer(scope, reference)(scope, receive, send)


def _answer(scope: Scope, reference: str) -> Response:
    if not is_navigation(HTTPConnection(scope)):
        return short("Something went wrong on our side.", status=500)
    sentence = f"Something went wrong on our side. Try again, and name “{reference}” when you report it."
    return refused("Something went wrong", sentence, status=500)
