"""The human page about the API, written from its description; it needs nothing from elsewhere, not even a script."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse

from kinso.api.description import LEAST_ROLE
from kinso.api.docs_parts import curl_html, details_html, example_html, fields_html, marked, text_html

_STYLE = (Path(__file__).parent / "assets/docs.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {"Content-Security-Policy": CONTENT_SECURITY_POLICY}

Description = dict[str, Any]


def add_docs(api: FastAPI) -> None:
    """Serve the page at /docs; like the description it shows nothing about the shop, and so is open to everyone."""
    written: list[str] = []

    async def show_docs(_request: Request) -> HTMLResponse:
        if not written:
            written.append(docs_html(api.openapi()))
        return HTMLResponse(written[0], headers=_HEADERS)

    api.add_route("/docs", show_docs, methods=["GET"], include_in_schema=False)


def docs_html(description: Description) -> str:
    """The whole page."""
    info = description["info"]
    groups: dict[str, list[str]] = {}
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            html = _operation_html(description, method, path, operation)
            groups.setdefault(operation["tags"][0], []).append(html)
    sections = "".join(f"<h2>{escape(tag)}</h2>{''.join(parts)}" for tag, parts in groups.items())
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{escape(info["title"])} API</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>{escape(info["title"])} API {escape(info["version"])}</h1>
{text_html(info["description"])}
<p>For programs: <a href="/api/openapi.json">openapi.json</a> (OpenAPI {escape(description["openapi"])}).</p>
{sections}
</main>
</body>
</html>
"""


def _operation_html(description: Description, method: str, path: str, operation: Description) -> str:
    body = _content_of(operation.get("requestBody", {}))
    parts = [
        text_html(operation.get("description", "")),
        _parameters_html(description, operation),
        f"<h3>Body</h3>{fields_html(description, body['schema'])}" if body else "",
        f"<h3>Call</h3>{curl_html(description, method, path, operation, body)}",
        _responses_html(description, operation),
    ]
    head = (
        f'<span class="method {escape(method)}">{escape(method.upper())}</span><code>/api{escape(path)}</code>'
        f'<span class="what">{escape(operation["summary"])}</span><span class="who">{_who(operation)}</span>'
    )
    return details_html(operation["operationId"], head, "".join(parts))


def _who(operation: Description) -> str:
    least = operation.get(LEAST_ROLE)
    return f"{escape(least)} and above" if least else "anyone"


def _parameters_html(description: Description, operation: Description) -> str:
    shown = [one for one in operation.get("parameters", []) if one["in"] != "cookie"]
    if not shown:
        return ""
    schema = {
        "type": "object",
        "properties": {
            one["name"]: {**one["schema"], "description": f"In the {one['in']}. {one.get('description', '')}"}
            for one in shown
        },
        "required": [one["name"] for one in shown if one.get("required")],
    }
    return f"<h3>Parameters</h3>{fields_html(description, schema)}"


def _responses_html(description: Description, operation: Description) -> str:
    rows, examples = [], ""
    for code, response in sorted(operation["responses"].items()):
        headers = ", ".join(f"<code>{escape(name)}</code>" for name in response.get("headers", {}))
        meaning = marked(response["description"].replace("Successful Response", "Done")) + (
            f" (with {headers})" if headers else ""
        )
        rows.append(f"<tr><td>{escape(code)}</td><td>{meaning}</td></tr>")
        content = _content_of(response)
        if code.startswith("2") and content:
            examples = example_html(content["example"])
    table = f'<div class="scroll"><table><tr><th>Status</th><th>Meaning</th></tr>{"".join(rows)}</table></div>'
    return f"<h3>Answers</h3>{table}{examples}"


def _content_of(part: Description) -> Description:
    content: Description = part.get("content", {}).get("application/json", {})
    return content
