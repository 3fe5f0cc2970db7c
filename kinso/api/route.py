"""How bodies are read: JSON by declaration and by content, or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

_WRONG_TYPE = "Send the body as JSON with the header “Content-Type: application/json”."
_NOT_JSON = "The body is not valid JSON"


class JsonRequest(Request):
    """A request whose body is strict JSON."""

    async def json(self) -> Any:
        """The body's value; refused with 400 when it is not JSON, which includes `NaN` and absurd depths."""
        body = await self.body()
        try:
            return json.loads(body, parse_constant=_refuse_constant)
        except json.JSONDecodeError as error:
            raise HTTPException(400, f"{_NOT_JSON} (line {error.lineno}, column {error.colno}).") from error
        except (ValueError, RecursionError) as error:
            raise HTTPException(400, f"{_NOT_JSON}.") from error


class JsonRoute(APIRoute):
    """A call that takes its body, if it has one, as JSON only.

    Forms of other sites cannot be sent as JSON, so this is also a part of the defence against them.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's handler, after a look at the declared type."""
        handle = super().get_route_handler()

        async def handle_json(request: Request) -> Response:
            if self.body_field and _has_body(request) and not _is_json(request.headers.get("content-type", "")):
                raise HTTPException(415, _WRONG_TYPE)
            return await handle(JsonRequest(request.scope, request.receive))

        return handle_json


def _has_body(request: Request) -> bool:
    return request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers


def _is_json(content_type: str) -> bool:
    essence = content_type.partition(";")[0].strip().lower()
    return essence == "application/json" or (essence.startswith("application/") and essence.endswith("+json"))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
