"""Pages that Streamlit cannot serve: self-contained HTML, also for failures that nobody thought of."""

from __future__ import annotations

import base64
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kinso.web.headers import source_of

_HERE = Path(__file__).parent
_STYLE = (_HERE / "assets/page.css").read_text(encoding="utf-8")
_SCRIPT = (_HERE / "assets/page.js").read_text(encoding="utf-8")
_ICON = (_HERE.parent / "ui/assets/icon.svg").read_text(encoding="utf-8")
_OURS = {
    "style": _STYLE,
    "script": _SCRIPT,
    "mark": _ICON.replace('role="img" aria-label="Kinso"', 'aria-hidden="true"'),
    "favicon": "data:image/svg+xml;base64," + base64.b64encode(_ICON.encode()).decode(),
}
_PAGE = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
).get_template("page.html", globals=_OURS)

CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src {source_of(_STYLE)}; script-src {source_of(_SCRIPT)}; img-src data:;"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""Allows exactly our style and our script, whatever else may find its way into a page."""


@dataclass(frozen=True)
class Input:
    """One labelled field of a form; `password` ones get a button that shows what was typed."""

    name: str
    label: str
    autocomplete: str
    type: str = "text"
    hint: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Choice:
    """One labelled field with a few answers, by value; nothing needs to be chosen."""

    name: str
    label: str
    autocomplete: str
    options: Mapping[str, str]
    hint: str = ""


@dataclass(frozen=True)
class Form:
    """A form with what was typed and what was wrong with it; both by the fields' names."""

    action: str
    button: str
    inputs: Sequence[Input | Choice]
    hidden: Mapping[str, str]
    typed: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def focused(self) -> str:
        """The first field with an error, otherwise the first one to be filled in."""
        empty = (one.name for one in self.inputs if isinstance(one, Input) and not self.typed.get(one.name))
        return next((one.name for one in self.inputs if one.name in self.errors), next(empty, ""))


@dataclass(frozen=True)
class Link:
    """A link that looks like a button."""

    address: str
    text: str


def page(
    title: str,
    lead: str,
    *,
    status: int = 200,
    alert: str = "",
    form: Form | None = None,
    link: Link | None = None,
    refresh_seconds: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """A whole page, with a form or one way on."""
    html = _PAGE.render(title=title, lead=lead, alert=alert, form=form, link=link, refresh_seconds=refresh_seconds)
    own = {"Cache-Control": "no-store", "Content-Security-Policy": CONTENT_SECURITY_POLICY}
    return HTMLResponse(html, status, {**own, **(headers or {})})


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
