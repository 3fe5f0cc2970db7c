"""The human page about the API, written from its description; it needs nothing from elsewhere, not even a script."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from fastapi import FastAPI
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from kinso.api.description import LEAST_ROLE
from kinso.api.docs_parts import Description, Row, command_of, rows_of

_HERE = Path(__file__).parent
_STYLE = (_HERE / "assets/docs.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {"Content-Security-Policy": CONTENT_SECURITY_POLICY}

_TEMPLATES = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters["code_apart"] = re.compile(r"`([^`]+)`").split


class _Answer(NamedTuple):
    status: str
    meaning: str
    headers: list[str]


class _Call(NamedTuple):
    """One operation as the page shows it."""

    id: str
    method: str
    path: str
    summary: str
    who: str
    description: str
    parameters: list[Row]
    body: list[Row]
    command: str
    answers: list[_Answer]
    example: str


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
    subjects: dict[str, list[_Call]] = {}
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            subjects.setdefault(operation["tags"][0], []).append(_call(description, method, path, operation))
    told = {"info": description["info"], "openapi": description["openapi"], "subjects": subjects}
    return _TEMPLATES.get_template("docs.html").render(**told, style=_STYLE)


def _call(description: Description, method: str, path: str, operation: Description) -> _Call:
    body = _content_of(operation.get("requestBody", {})).get("schema")
    least = operation.get(LEAST_ROLE)
    return _Call(
        id=operation["operationId"],
        method=method,
        path=path,
        summary=operation["summary"],
        who=f"{least} and above" if least else "anyone",
        description=operation.get("description", ""),
        parameters=rows_of(description, _parameters_of(operation)),
        body=rows_of(description, body) if body else [],
        command=command_of(description, method, path, operation, body),
        answers=[_answer(status, told) for status, told in sorted(operation["responses"].items())],
        example=_example_of(operation["responses"]),
    )


def _parameters_of(operation: Description) -> Description:
    """The parameters that callers write themselves, as if they were the fields of an object."""
    shown = [one for one in operation.get("parameters", []) if one["in"] != "cookie"]
    return {
        "properties": {
            one["name"]: {**one["schema"], "description": f"In the {one['in']}. {one.get('description', '')}"}
            for one in shown
        },
        "required": [one["name"] for one in shown if one.get("required")],
    }


def _answer(status: str, response: Description) -> _Answer:
    meaning = response["description"].replace("Successful Response", "Done")
    return _Answer(status, meaning, list(response.get("headers", {})))


def _example_of(responses: Description) -> str:
    """What is answered when all goes well, as JSON; of several the last."""
    contents = [_content_of(told) for status, told in sorted(responses.items()) if status.startswith("2")]
    examples = [content["example"] for content in contents if content]
    return json.dumps(examples[-1], ensure_ascii=False, indent=2) if examples else ""


def _content_of(part: Description) -> dict[str, Any]:
    content: dict[str, Any] = part.get("content", {}).get("application/json", {})
    return content
