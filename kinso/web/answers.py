"""Whole pages for when there is nothing better to show."""

from __future__ import annotations

from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, JSONResponse, Response

from kinso.web.pages import Link, page

RETRY_SECONDS = 5


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
