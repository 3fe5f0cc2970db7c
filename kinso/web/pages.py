"""The pages that Streamlit cannot serve: self-contained HTML without anything from elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

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
