"""Schemas as tables, samples and commands."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any, NamedTuple

Description = dict[str, Any]

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
}


class Row(NamedTuple):
    """One field of an object, told in a table."""

    name: str
    type: str
    is_required: bool
    description: str


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
