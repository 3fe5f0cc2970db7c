"""The human page about the API, written from its description; it needs nothing from elsewhere, not even a script."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shlex
from pathlib import Path
from typing import Any, NamedTuple

from fastapi import FastAPI
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from kinso.api.description import LEAST_ROLE

Description = dict[str, Any]
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
_DEEPEST = 6
_TYPES = {"string": "text", "integer": "whole number", "boolean": "true or false", "array": "list", "null": "null"}
_SAMPLES: dict[str, Any] = {
    "string": "…",
    "integer": 1,
    "number": 1250.5,
    "boolean": True,
    "null": None,
    "date-time": "2026-01-31T09:30:00.000Z",
    "_id": "65b0a1f2c3d4e5f6a7b8c9d0",
    "membershipStatus": "true",
    "saleId": "R-1001",
    "withId": "65b0a1f2c3d4e5f6a7b8c9d5",
}


class Row(NamedTuple):
    """One field of an object, told in a table."""

    name: str
    type: str
    is_required: bool
    description: str


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


def rows_of(description: Description, schema: Description) -> list[Row]:
    """An object's fields, and those of the objects that its lists hold."""
    schema = _resolved(description, schema)
    rows = []
    for name, field in schema.get("properties", {}).items():
        told = _resolved(description, field)
        is_required = name in schema.get("required", ())
        rows.append(Row(name, _type_in_words(description, told), is_required, told.get("description", "")))
        items = told.get("items", {})
        items = _resolved(description, items["anyOf"][0] if "anyOf" in items else items)
        rows += [
            Row(f"{name}[].{inner}", _type_in_words(description, one), inner in items.get("required", ()), "")
            for inner, one in items.get("properties", {}).items()
        ]
    return rows


def command_of(
    description: Description, method: str, path: str, operation: Description, body: Description | None
) -> str:
    """The operation for curl, with a sample of its body; `$TOKEN` and `$KINSO` stand for the reader's own."""
    address = re.sub(r"\{(\w+)\}", lambda match: str(_SAMPLES[match[1]]), path)
    lines = [f'curl -X {method.upper()} "$KINSO/api{address}"']
    if operation.get("security"):
        lines.append('-H "Authorization: Bearer $TOKEN"')
    if body:
        value = sample_of(description, body)
        lines.append("-H 'Content-Type: application/json'")
        lines.append(f"-d {shlex.quote(json.dumps(value, ensure_ascii=False))}")
    return " \\\n  ".join(lines)


def sample_of(description: Description, schema: Description, depth: int = 0) -> Any:
    """A value that fits the schema: its example where it has one."""
    schema = _resolved(description, schema)
    for key in ("example", "const", "default"):
        if key in schema:
            return schema[key]
    if schema.get("examples"):
        return schema["examples"][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return sample_of(description, schema[key][0], depth + 1)
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "array":
        return [sample_of(description, schema["items"], depth + 1)] if depth < _DEEPEST else []
    if "properties" in schema:
        fields = schema["properties"].items()
        return {name: _field_sample(description, name, field, depth) for name, field in fields}
    return _SAMPLES.get(schema.get("format", ""), _SAMPLES.get(schema.get("type", ""), {}))


def answer_sample(description: Description, schema: Description) -> Any:
    """An answer that fits the schema, with nothing in its envelope but what is always there."""
    schema = _resolved(description, schema)
    return {name: sample_of(description, schema["properties"][name]) for name in schema["required"]}


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


def _field_sample(description: Description, name: str, field: Description, depth: int) -> Any:
    return _SAMPLES["_id"] if name == "_id" else sample_of(description, field, depth + 1)


def _type_in_words(description: Description, schema: Description) -> str:
    schema = _resolved(description, schema)
    if "anyOf" in schema:
        return " or ".join(_type_in_words(description, one) for one in schema["anyOf"])
    if "const" in schema:
        return json.dumps(schema["const"], ensure_ascii=False)
    default = f"default {json.dumps(schema['default'])}" if "default" in schema else ""
    if "enum" in schema:
        return ", ".join(str(value) for value in schema["enum"]) + (f"; {default}" if default else "")
    kind = str(schema.get("type", "anything"))
    words = _TYPES.get(kind, kind) if schema.get("format") != "date-time" else "date and time, ISO 8601 in UTC"
    limits = [_range(schema, "minimum", "maximum"), _range(schema, "minLength", "maxLength", "characters")]
    limits += [_range(schema, "minItems", "maxItems", "items")]
    return ", ".join(part for part in (words, *limits, default) if part)


def _range(schema: Description, least: str, most: str, unit: str = "") -> str:
    low, high = schema.get(least), schema.get(most)
    if low is None and high is None:
        return ""
    bounds = f"up to {high:,}" if low is None else f"from {low:,}" if high is None else f"{low:,} to {high:,}"
    return f"{bounds} {unit}".strip()


def _resolved(description: Description, schema: Description) -> Description:
    while "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        schema = description["components"]["schemas"][name]
    return schema
