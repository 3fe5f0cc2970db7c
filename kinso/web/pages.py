"""The pages that Streamlit cannot serve: self-contained HTML without anything from elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from starlette.responses import HTMLResponse

from kinso.web.policy import source_of

_HERE = Path(__file__).parent
_STYLE = (_HERE / "assets/page.css").read_text(encoding="utf-8")
_SCRIPT = (_HERE / "assets/page.js").read_text(encoding="utf-8")
_ICON = (_HERE.parent / "ui/assets/icon.svg").read_text(encoding="utf-8")
_MARK = _ICON.replace('role="img" aria-label="Kinso"', 'aria-hidden="true"')
_FAVICON = "data:image/svg+xml;base64," + base64.b64encode(_ICON.encode()).decode()

_TOGGLE = '<button class="toggle" type="button" aria-controls="{name}" aria-label="Show password" hidden>Show</button>'


CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src {source_of(_STYLE)}; script-src {source_of(_SCRIPT)}; img-src data:;"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""Allows exactly the style and the script below, whatever else may find its way into a page."""


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


def page(
    title: str,
    lead: str,
    *,
    status: int = 200,
    alert: str = "",
    content: str = "",
    refresh_seconds: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """A whole page; `content` is HTML, everything else is text."""
    refresh = f'<meta http-equiv="refresh" content="{refresh_seconds}">' if refresh_seconds else ""
    shown_alert = f'<p class="alert" role="alert">{escape(alert)}</p>' if alert else ""
    html = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">{refresh}
<title>{escape(title if "Kinso" in title else f"{title} · Kinso")}</title>
<link rel="icon" href="{_FAVICON}">
<style>{_STYLE}</style>
</head>
<body>
<main>
<p class="brand">{_MARK}<span>Kinso</span></p>
<div class="card">
<h1>{escape(title)}</h1>
<p class="lead">{escape(lead)}</p>
{shown_alert}{content}
</div>
</main>
<script>{_SCRIPT}</script>
</body>
</html>
"""
    own = {"Cache-Control": "no-store", "Content-Security-Policy": CONTENT_SECURITY_POLICY}
    return HTMLResponse(html, status, {**own, **(headers or {})})


def form_html(form: Form) -> str:
    """The form as HTML; the first field that needs attention has the focus."""
    wanting = [
        one.name
        for one in form.inputs
        if one.name in form.errors or (isinstance(one, Input) and not form.typed.get(one.name))
    ]
    focused = next((name for name in wanting if name in form.errors), wanting[0] if wanting else "")
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in form.hidden.items()
    )
    fields = "".join(_field_html(one, form, focused=one.name == focused) for one in form.inputs)
    return (
        f'<form method="post" action="{escape(form.action)}" novalidate>{hidden}{fields}'
        f'<button class="button" type="submit">{escape(form.button)}</button></form>'
    )


def link_html(address: str, text: str) -> str:
    """A link that looks like a button."""
    return f'<a class="button" href="{escape(address)}">{escape(text)}</a>'


def _field_html(one: Input | Choice, form: Form, *, focused: bool) -> str:
    wrong = form.errors.get(one.name, "")
    kind = 'class="wrong" role="alert"' if wrong else 'class="hint"'
    note = f'<p {kind} id="{one.name}-note">{escape(wrong or one.hint)}</p>'
    told = {"id": one.name, "name": one.name, "autocomplete": one.autocomplete}
    if wrong:
        told["aria-invalid"] = "true"
    if wrong or one.hint:
        told["aria-describedby"] = f"{one.name}-note"
    typed = form.typed.get(one.name, "")
    html = _choice_html(one, typed, told) if isinstance(one, Choice) else _input_html(one, typed, told, focused=focused)
    return (
        f'<div class="field"><label for="{one.name}">{escape(one.label)}</label>{html}'
        f"{note if wrong or one.hint else ''}</div>"
    )


def _input_html(one: Input, typed: str, told: Mapping[str, str], *, focused: bool) -> str:
    attributes = {**told, "type": one.type, **one.attributes}
    if one.type != "password":
        attributes["value"] = typed
    toggle = _TOGGLE.format(name=one.name) if one.type == "password" else ""
    field = f"<input {_attributes(attributes)} required{' autofocus' if focused else ''}>"
    return f'<div class="input{" with-toggle" if toggle else ""}">{field}{toggle}</div>'


def _choice_html(one: Choice, typed: str, told: Mapping[str, str]) -> str:
    options = "".join(
        f'<option value="{escape(value)}"{" selected" if value == typed else ""}>{escape(text)}</option>'
        for value, text in one.options.items()
    )
    return f'<div class="input"><select {_attributes(told)}>{options}</select></div>'


def _attributes(attributes: Mapping[str, str]) -> str:
    return " ".join(f'{name}="{escape(value)}"' for name, value in attributes.items())
