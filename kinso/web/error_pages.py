"""Whole pages and short answers for when there is nothing better to show, and the failures that nobody thought of."""

from __future__ import annotations

import logging
from uuid import uuid4

from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kinso.web.pages import Link, page

RETRY_SECONDS = 5

logger = logging.getLogger(__name__)


def database_away(address: str) -> HTMLResponse:
    """The page that waits for the database and then opens `address`, by itself or by its button."""
    return page(
        "The database is away",
        "Kinso cannot reach its database at the moment. Nothing is lost. This page tries again every few seconds.",
        status=503,
        link=Link(address, "Try again now"),
        refresh_seconds=RETRY_SECONDS,
        headers={"Retry-After": str(RETRY_SECONDS)},
    )


def refused(title: str, sentence: str, *, status: int, back: str = "/", label: str = "Back to Kinso") -> HTMLResponse:
    """A page with one sentence and one way on."""
    return page(title, sentence, status=status, link=Link(back, label))


def enveloped(sentence: str, *, status: int) -> Response:
    """The same form that the API gives its failures, for what never reaches it."""
    return JSONResponse({"success": False, "message": sentence}, status, {"Cache-Control": "no-store"})


def short(sentence: str, *, status: int) -> Response:
    """A sentence for a program; as JSON, because then Streamlit shows it to the person when it lost its server.

    It has room for about 45 characters.
    """
    headers = {"Cache-Control": "no-store"}
    if status == 503:
        headers["Retry-After"] = str(RETRY_SECONDS)
    return JSONResponse(sentence, status, headers)


def is_navigation(connection: HTTPConnection) -> bool:
    """Whether a person will see the answer as a page of its own."""
    mode = connection.headers.get("sec-fetch-mode")
    if mode is not None:
        return mode == "navigate"
    return "text/html" in connection.headers.get("accept", "")


class ErrorPages:
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
