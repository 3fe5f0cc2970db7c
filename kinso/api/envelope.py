"""The one form of every answer: `{"success", "message"?, "data", "pagination"?}`, or what went wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema
from starlette.responses import Response

from kinso.errors import FieldError

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
