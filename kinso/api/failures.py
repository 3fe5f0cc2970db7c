"""How calls can fail, as their description tells it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kinso.api.description import ETAG, RETRY_AFTER, RETRY_AFTER_PERHAPS, WWW_AUTHENTICATE, Headers
from kinso.api.envelope import Failure, failure_json
from kinso.errors import (
    CUSTOMER_GONE,
    DatabaseUnavailable,
    DuplicateCustomerId,
    FieldError,
    NotSignedIn,
    TooManyAttempts,
)

_TAKEN = DuplicateCustomerId("C-1001")
_STALE = "Customer C-1001 was changed by someone else meanwhile; look at the new values and save again."
_VERSION = FieldError("version", "The version is 3 now.")
_MISSING = FieldError("customerName", "Customer name is required.")
_FAILURES: dict[int, tuple[str, str, Sequence[FieldError]]] = {
    400: ("The body is not JSON", "The body is not valid JSON (line 1, column 2).", ()),
    401: ("Not signed in, or the session has ended", NotSignedIn().message, ()),
    403: (
        "The role does not allow this, or another site made a browser send its cookie",
        "Your role (analyst) does not allow this; ask an administrator for the permission.",
        (),
    ),
    404: ("There is none with this `_id`", CUSTOMER_GONE, ()),
    409: ("The present state does not allow this", _TAKEN.message, _TAKEN.errors),
    412: ("The version that If-Match names is not the present one", _STALE, (_VERSION,)),
    413: ("The body is too large", "The body is too large; send at most 1,000,000 bytes.", ()),
    415: (
        "The body is not declared as JSON",
        "Send the body as JSON with the header “Content-Type: application/json”.",
        (),
    ),
    422: ("Fields or parameters are not acceptable; one error for each", _MISSING.message, (_MISSING,)),
    429: ("Guessing is slowed down; the header Retry-After holds seconds", TooManyAttempts(900).message, ()),
    503: ("The database does not answer; trying again later is safe", DatabaseUnavailable().message, ()),
}
"""By status code: what it means, and a message with its errors as an example."""
_HEADERS: dict[int, Headers] = {
    401: WWW_AUTHENTICATE,
    409: RETRY_AFTER_PERHAPS,
    412: ETAG,
    429: RETRY_AFTER,
    503: RETRY_AFTER,
}

ANYTHING_ELSE: dict[int | str, dict[str, Any]] = {
    "default": {"model": Failure, "description": "Anything else that goes wrong is told in the same envelope"}
}


def failures(*codes: int) -> dict[int | str, dict[str, Any]]:
    """The failures with these status codes."""
    return {code: _failure(code) for code in codes}


def _failure(code: int) -> dict[str, Any]:
    meaning, message, errors = _FAILURES[code]
    content = {"application/json": {"example": failure_json(message, errors)}}
    headers = {"headers": dict(_HEADERS[code])} if code in _HEADERS else {}
    return {"model": Failure, "description": meaning, "content": content, **headers}
