"""Parts of the API's description that the framework does not write itself."""

from __future__ import annotations

from typing import Any

from kinso.models.accounts import PERMISSIONS, Permission, Role
from kinso.services.accounts.sign_in import SESSION_COOKIE

Headers = dict[str, dict[str, Any]]

ETAG: Headers = {
    "ETag": {
        "description": "The customer's version; If-Match and If-None-Match take it.",
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


def open_to(permission: Permission) -> dict[str, Any]:
    """Says in the description of an operation who may call it.

    `JsonRoute` demands the permission before it reads the request; the services demand it again.
    """
    least = next(role for role in Role if permission in PERMISSIONS[role])
    return {
        LEAST_ROLE: least.value,
        PERMISSION: permission.value,
        "security": [{scheme: []} for scheme in SECURITY_SCHEMES],
    }


def with_headers(code: int, *headers: Headers) -> dict[int | str, dict[str, Any]]:
    """The headers of the answer with this status code."""
    return {code: {"headers": {name: header for part in headers for name, header in part.items()}}}
