"""What is settled before a call begins: its parameters' names, that it sends JSON, and who calls."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, NoReturn

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from kinso.api.callers import identified_caller, identify_caller
from kinso.api.description import PERMISSION
from kinso.api.envelope import ANYTHING_ELSE
from kinso.api.parameters import check_names, names_of
from kinso.models.accounts import Permission
from kinso.services.permissions import demand

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
    """A call that knows its caller before it looks at the request, and takes its body, if it has one, as JSON only.

    Forms of other sites cannot be sent as JSON, so this is also a part of the defence against them.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's handler, after everything that can be settled without the body."""
        handle = super().get_route_handler()
        is_for_signed_in = any(needed.call is identified_caller for needed in self.dependant.dependencies)
        named = (self.openapi_extra or {}).get(PERMISSION)
        permission = Permission(named) if named else None
        known = names_of(self.dependant)

        async def handle_json(request: Request) -> Response:
            if is_for_signed_in:
                caller = request.state.caller = await identify_caller(request)
                if permission:
                    demand(caller.actor, permission)
                check_names(request, known)
            if self.body_field and _has_body(request) and not _is_json(request.headers.get("content-type", "")):
                raise HTTPException(415, _WRONG_TYPE)
            return await handle(JsonRequest(request.scope, request.receive))

        return handle_json


class OneOfManyRoute(JsonRoute):
    """A call about one thing of a list, whose `_id` is in the path.

    What is not one thing but a fixed address of the list is left to the calls there, so that a wrong method is told
    from a wrong `_id`.
    """

    fixed: ClassVar[frozenset[str]] = frozenset({"bulk", "duplicates", "export", "next-id", "stats"})

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether this call is meant."""
        match, child = super().matches(scope)
        if child.get("path_params", {}).get("_id") in self.fixed:
            return Match.NONE, {}
        return match, child


def part_of_api(prefix: str, tag: str, *, route_class: type[JsonRoute] = JsonRoute) -> APIRouter:
    """Calls under one prefix, which the description shows under one tag."""
    return APIRouter(
        prefix=prefix,
        tags=[tag],
        route_class=route_class,
        responses=ANYTHING_ELSE,
        generate_unique_id_function=lambda route: route.name,
    )


def _has_body(request: Request) -> bool:
    return request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers


def _is_json(content_type: str) -> bool:
    essence = content_type.partition(";")[0].strip().lower()
    return essence == "application/json" or (essence.startswith("application/") and essence.endswith("+json"))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
