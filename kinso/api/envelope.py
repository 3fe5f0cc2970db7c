"""The one form of every answer, and how calls that can fail are described."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema
from starlette.responses import Response

from kinso.api.description import ETAG, RETRY_AFTER, RETRY_AFTER_PERHAPS, WWW_AUTHENTICATE, Headers
from kinso.errors import (
    CUSTOMER_GONE,
    DatabaseUnavailable,
    DuplicateCustomerId,
    FieldError,
    NotSignedIn,
    TooManyAttempts,
)

Data = TypeVar("Data")


class Pagination(BaseModel):
    """Where a page is in its result; `totalPages` is 0 when nothing was found."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"page": 1, "limit": 10, "total": 1, "totalPages": 1}]})

    page: int = Field(ge=1)
    limit: int = Field(ge=1)
    total: int = Field(ge=0)
    totalPages: int = Field(ge=0)  # noqa: N815


class Success(BaseModel, Generic[Data]):
    """The request was done."""

    success: Literal[True]
    message: str | SkipJsonSchema[None] = None
    data: Data


class Listing(BaseModel, Generic[Data]):
    """One page of a result."""

    success: Literal[True]
    message: str | SkipJsonSchema[None] = None
    data: list[Data]
    pagination: Pagination


class FieldProblem(BaseModel):
    """What is wrong with one field or parameter; `field` is empty when it is the body as a whole."""

    field: str
    message: str


class Failure(BaseModel):
    """The request was refused or failed; nothing was changed."""

    success: Literal[False]
    message: str
    errors: list[FieldProblem] | SkipJsonSchema[None] = None


class Answer(Response):
    """JSON that is written without a detour through models: the schema above is kept by tests instead."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Text that UTF-8 cannot carry (half a surrogate pair, repeated from a request) becomes a question mark.

        Bytes are an answer that was written before.
        """
        if isinstance(content, bytes):
            return content
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode("utf-8", "replace")


def succeed(data: Any, *, message: str | None = None, status: int = 200) -> Answer:
    """An answer to a request that was done; `data` holds JSON values only."""
    told = {} if message is None else {"message": message}
    return Answer({"success": True, **told, "data": data}, status)


def list_page(data: Sequence[Any], *, page: int, limit: int, total: int) -> Answer:
    """One page of a result that has `total` items on all its pages."""
    pagination = {"page": page, "limit": limit, "total": total, "totalPages": -(-total // limit)}
    return Answer({"success": True, "data": data, "pagination": pagination})


def fail(
    status: int, message: str, errors: Sequence[FieldError] = (), *, headers: Mapping[str, str] | None = None
) -> Answer:
    """An answer to a request that was refused or failed."""
    return Answer(failure_json(message, errors), status, headers)


def failure_json(message: str, errors: Sequence[FieldError] = ()) -> dict[str, Any]:
    """The envelope around a refusal, as JSON values."""
    listed = [{"field": error.field, "message": error.message} for error in errors]
    return {"success": False, "message": message, **({"errors": listed} if listed else {})}


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
