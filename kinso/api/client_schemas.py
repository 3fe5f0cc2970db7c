"""The description as those need it who generate clients from it: typed, named, and with nothing that must be sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_args

from kinso.models.accounts import Source
from kinso.models.history import RunKind, RunStatus
from kinso.models.purchases import PaymentMethod, SaleKind
from kinso.services.customers.bulk import Outcome

Description = dict[str, Any]

_REF = "#/components/schemas/"
_NAMES = {
    get_args(values): name
    for name, values in {
        "Outcome": Outcome,
        "PaymentMethod": PaymentMethod,
        "RunKind": RunKind,
        "RunStatus": RunStatus,
        "SaleKind": SaleKind,
        "Source": Source,
    }.items()
}
"""Choices that several schemas have; without a name each of them would be a type of its own."""


def suit_generators(description: Description) -> None:
    """Say what generators stumble over in another way that means the same."""
    schemas = description["components"]["schemas"]
    for schema in _sent(description):
        for field in schema.get("properties", {}).values():
            _tell_default_in_words(field)
    for schema in schemas.values():
        for field in schema.get("properties", {}).values():
            field.pop("title", None)
    for parameter in _parameters(description):
        _simplify(parameter["schema"])
    _name_choices(description)
    schemas |= {name: {"title": name, "type": "string", "enum": list(values)} for values, name in _NAMES.items()}


def _sent(description: Description) -> Iterator[Description]:
    """The schemas of bodies, and those that they refer to."""
    schemas, seen = description["components"]["schemas"], set[str]()
    waiting = list(_references(_bodies(description)))
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            yield schemas[name]
            waiting += _references(schemas[name])


def _bodies(description: Description) -> list[Description]:
    return [operation["requestBody"] for operation in _operations(description) if "requestBody" in operation]


def _parameters(description: Description) -> Iterator[Description]:
    for operation in _operations(description):
        yield from operation.get("parameters", [])


def _operations(description: Description) -> Iterator[Description]:
    for operations in description["paths"].values():
        yield from operations.values()


def _references(part: Any) -> Iterator[str]:
    for found in _objects(part):
        if "$ref" in found:
            yield found["$ref"].removeprefix(_REF)


def _objects(part: Any) -> Iterator[Description]:
    if isinstance(part, dict):
        yield part
        part = list(part.values())
    if isinstance(part, list):
        for value in part:
            yield from _objects(value)


def _tell_default_in_words(field: Description) -> None:
    """To openapi-typescript, what has a default is always there, also where it need not be sent."""
    if "default" in field:
        default = field.pop("default")
        told = f"By default {json.dumps(default)}." if default != [] else ""
        field |= {"description": f"{field.get('description', '')} {told}".strip()}


def _simplify(schema: Description) -> None:
    """A parameter that is not sent is no null."""
    schema.pop("title", None)
    choices = [choice for choice in schema.get("anyOf", []) if choice.get("type") != "null"]
    if len(choices) == 1:
        del schema["anyOf"]
        schema |= choices[0]


def _name_choices(description: Description) -> None:
    for found in _objects([description["paths"], description["components"]["schemas"]]):
        values = found.get("enum")
        name = _NAMES.get(tuple(values)) if isinstance(values, list) else None
        if name:
            del found["enum"], found["type"]
            found["$ref"] = f"{_REF}{name}"
