"""Schemas as tables, examples and commands, in HTML."""

from __future__ import annotations

import json
import re
import shlex
from html import escape
from typing import Any

Description = dict[str, Any]

_DEEPEST = 6
_CODE = re.compile(r"`([^`]+)`")
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
}


def text_html(text: str) -> str:
    """Paragraphs; backticks mark code."""
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]
    return "".join(f"<p>{marked(paragraph)}</p>" for paragraph in paragraphs)


def details_html(name: str, head: str, content: str) -> str:
    """Something that opens; `head` and `content` are HTML."""
    return f'<details id="{escape(name)}"><summary>{head}</summary><div>{content}</div></details>'


def fields_html(description: Description, schema: Description) -> str:
    """A table of an object's fields; alternatives one after the other."""
    schema = _resolved(description, schema)
    rows = []
    for name, field in schema.get("properties", {}).items():
        told = _resolved(description, field)
        need = "required" if name in schema.get("required", ()) else ""
        kind = _type_in_words(description, told)
        rows.append(
            f"<tr><td><code>{escape(name)}</code></td><td>{escape(kind)}</td><td>{need}</td>"
            f"<td>{marked(told.get('description', ''))}</td></tr>"
        )
        items = told.get("items", {})
        items = _resolved(description, items["anyOf"][0] if "anyOf" in items else items)
        rows += [
            f"<tr><td><code>{escape(name)}[].{escape(inner)}</code></td><td>"
            f"{escape(_type_in_words(description, _resolved(description, one)))}</td>"
            f"<td>{'required' if inner in items.get('required', ()) else ''}</td><td></td></tr>"
            for inner, one in items.get("properties", {}).items()
        ]
    head = "<tr><th>Name</th><th>Type</th><th></th><th></th></tr>"
    return f'<div class="scroll"><table class="fields">{head}{"".join(rows)}</table></div>'


def example_html(value: Any) -> str:
    """A value as JSON."""
    return f"<pre><code>{escape(json.dumps(value, ensure_ascii=False, indent=2))}</code></pre>"


def curl_html(description: Description, method: str, path: str, operation: Description, body: Description) -> str:
    """The operation as a command; `$TOKEN` and `$KINSO` stand for the reader's own."""
    address = re.sub(r"\{(\w+)\}", lambda match: str(_SAMPLES[match[1]]), path)
    lines = [f'curl -X {method.upper()} "$KINSO/api{address}"']
    if operation.get("security"):
        lines.append('-H "Authorization: Bearer $TOKEN"')
    if body:
        lines.append("-H 'Content-Type: application/json'")
        value = sample_of(description, body["schema"])
        lines.append(f"-d {shlex.quote(json.dumps(value, ensure_ascii=False))}")
    command = " \\\n  ".join(lines)
    return f"<pre><code>{escape(command)}</code></pre>"


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


def marked(text: str) -> str:
    """Text in HTML; backticks mark code."""
    return _CODE.sub(r"<code>\1</code>", escape(text))
