"""From Kinso's errors, the framework's and everybody else's to status codes and the envelope: the only place."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Match

from kinso.api.envelope import Answer, fail
from kinso.api.requests import PreconditionFailed, etag_of
from kinso.errors import (
    Conflict,
    DatabaseUnavailable,
    FieldError,
    InvalidInput,
    KinsoError,
    NotFound,
    NotPermitted,
    NotSignedIn,
    StaleVersion,
    StartupError,
    StillUnderWay,
    TooManyAttempts,
)
from kinso.models.validation import field_errors

RETRY_SECONDS = 5
STATUS_CODES: dict[type[Exception], int] = {
    InvalidInput: 422,
    NotFound: 404,
    Conflict: 409,
    PreconditionFailed: 412,
    NotSignedIn: 401,
    NotPermitted: 403,
    TooManyAttempts: 429,
    DatabaseUnavailable: 503,
    StartupError: 503,
    KinsoError: 400,
}
"""The nearest class of an error decides."""

UNEXPECTED = "Something went wrong on our side and was written to the log; nothing was changed halfway."
_NOT_READY = "Kinso is not ready at the moment; please try again shortly."
NO_SUCH_PATH = "There is nothing at this address; /api/docs lists what there is."
_NO_BODY = "The request needs a JSON object as its body."
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def translate_errors(api: FastAPI) -> None:
    """Have every error that reaches the framework answered in the envelope."""
    for kind in (KinsoError, RequestValidationError, HTTPException):
        api.add_exception_handler(kind, _answer)


async def _answer(request: Request, error: Exception) -> Answer:
    match error:
        case RequestValidationError():
            errors = [found if found.field else FieldError("", _NO_BODY) for found in field_errors(error.errors())]
            return fail(422, " ".join(found.message for found in errors), errors)
        case HTTPException(status_code=404):
            return fail(404, NO_SUCH_PATH)
        case HTTPException(status_code=405):
            allowed = ", ".join(_methods_at(request))
            return fail(405, f"This address answers to {allowed} only.", headers={"Allow": allowed})
        case HTTPException():
            return fail(error.status_code, error.detail, headers=error.headers)
        case _:
            return _answer_own(error)


def _answer_own(error: Exception) -> Answer:
    status = next(STATUS_CODES[kind] for kind in type(error).__mro__ if kind in STATUS_CODES)
    # A start-up error may name folders of the server.
    message = _NOT_READY if isinstance(error, StartupError) else str(error)
    return fail(status, message, _errors_of(error), headers=_headers_of(error, status))


def _errors_of(error: Exception) -> tuple[FieldError, ...]:
    if isinstance(error, StaleVersion):
        return (FieldError("version", f"The version is {error.current.version} now."),)
    return tuple(getattr(error, "errors", ()))


def _headers_of(error: Exception, status: int) -> dict[str, str]:
    if isinstance(error, TooManyAttempts | StillUnderWay):
        return {"Retry-After": str(error.retry_after)}
    if isinstance(error, PreconditionFailed):
        return {"ETag": etag_of(error.current)}
    if status == 503:
        return {"Retry-After": str(RETRY_SECONDS)}
    return {"WWW-Authenticate": "Bearer"} if status == 401 else {}


def _methods_at(request: Request) -> list[str]:
    routes = request.app.routes

    def answers(method: str) -> bool:
        scope = {**request.scope, "method": method}
        return any(route.matches(scope)[0] is Match.FULL for route in routes)

    found = [method for method in _METHODS if answers(method)]
    return ["HEAD", *found] if "GET" in found else found
