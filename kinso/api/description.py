"""Parts of the API's description that the framework does not write itself, for people and for generated clients."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, get_args

from kinso.models.accounts import PERMISSIONS, Permission, Role, Source
from kinso.models.edits import EditOfMany
from kinso.models.history import RunKind, RunStatus
from kinso.models.payment_methods import PaymentMethod
from kinso.models.purchases import EntryKind
from kinso.models.segments import Color
from kinso.services.accounts.sign_in import SESSION_COOKIE
from kinso.services.customers.bulk import Outcome
from kinso.services.permissions import permission_of

Headers = dict[str, dict[str, Any]]

ETAG: Headers = {
    "ETag": {
        "description": "The version; If-Match takes it, and so does If-None-Match where there is one.",
        "required": True,
        "schema": {"type": "string", "pattern": '^"v[0-9]+"$'},
        "example": '"v3"',
    }
}
REPLAYED: Headers = {
    "Idempotency-Replayed": {
        "description": "Present when the request with this Idempotency-Key was done before, and this is its answer.",
        "schema": {"type": "string", "const": "true"},
    }
}
RETRY_AFTER: Headers = {
    "Retry-After": {
        "description": "After so many seconds it makes sense to try again.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
        "example": "5",
    }
}
RETRY_AFTER_PERHAPS: Headers = {
    "Retry-After": {
        **RETRY_AFTER["Retry-After"],
        "description": "Present when the same request is under way: its answer can be had after so many seconds.",
        "required": False,
    }
}
WWW_AUTHENTICATE: Headers = {
    "WWW-Authenticate": {
        "description": "How to say who one is.",
        "required": True,
        "schema": {"type": "string", "const": "Bearer"},
    }
}
CONTENT_DISPOSITION: Headers = {
    "Content-Disposition": {
        "description": "The name of the file, with the shop's date.",
        "required": True,
        "schema": {"type": "string"},
        "example": 'attachment; filename="customers-2026-01-31.csv"',
    }
}

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "If-None-Match names the present version; there is no body", "headers": dict(ETAG)}
}

LEAST_ROLE = "x-least-role"
PERMISSION = "x-permission"

SECURITY_SCHEMES: dict[str, dict[str, str]] = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API token from the page My account, or the token that POST /auth/login returns.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION_COOKIE,
        "description": (
            "The cookie that signing in sets; over https its name begins with `__Host-`. Requests that change"
            " something must come from our own pages."
        ),
    },
}
"""The ways to say who one is; any one of them will do."""


def open_to(use_case: Callable[..., Any]) -> dict[str, Any]:
    """Says in the description of an operation who may call it: whoever may do what the use case does.

    `JsonRoute` demands the permission before it reads the request; the use case demands it again.
    """
    return _open_with(permission_of(use_case))


def open_to_everybody() -> dict[str, Any]:
    """The same of an operation that concerns one's own account alone."""
    return _open_with(Permission.OWN_ACCOUNT)


def _open_with(permission: Permission) -> dict[str, Any]:
    least = next(role for role in Role if permission in PERMISSIONS[role])
    return {
        LEAST_ROLE: least.value,
        PERMISSION: permission.value,
        "security": [{scheme: []} for scheme in SECURITY_SCHEMES],
    }


def with_headers(code: int, *headers: Headers) -> dict[int | str, dict[str, Any]]:
    """The headers of the answer with this status code."""
    return {code: {"headers": {name: header for part in headers for name, header in part.items()}}}


Description = dict[str, Any]

_REF = "#/components/schemas/"
_NAMES = {
    get_args(values): name
    for name, values in {
        "EditOfMany": EditOfMany,
        "Outcome": Outcome,
        "PaymentMethod": PaymentMethod,
        "RunKind": RunKind,
        "RunStatus": RunStatus,
        "SaleKind": EntryKind,
        "SegmentColor": Color,
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
