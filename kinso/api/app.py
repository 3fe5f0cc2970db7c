"""The HTTP API as one application, to be mounted at `/api`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount, Route

from kinso import __version__
from kinso.api import (
    accounts,
    customers,
    customers_bulk,
    customers_many,
    customers_merging,
    history,
    insights,
    membership,
    purchases,
    segments,
    shop,
    transfer,
)
from kinso.api.description import SECURITY_SCHEMES, suit_generators
from kinso.api.docs import add_docs, answer_sample
from kinso.api.errors import translate_errors
from kinso.api.middleware import LARGEST_BODY, ApiMiddleware
from kinso.models.customers import LARGEST_PAGE, LONGEST_SEARCH
from kinso.models.field_types import Text
from kinso.models.fields import FIELDS
from kinso.services.customers.bulk import MOST_ROWS

_LENGTHS = [
    f"a `{field.name}` {field.type.shortest} to {field.type.longest}"
    for field in FIELDS
    if field.is_required and isinstance(field.type, Text)
]
_DESCRIPTION = f"""The same customers, permissions and history as in the app.

Every answer is one envelope: `success`, `data` and sometimes `message` and `pagination`, or `success`, `message` and
sometimes `errors` with one entry for each bad field. Paths work with and without a trailing slash.

Programs send `Authorization: Bearer` with an API token, which everybody can create on the page My account, or with the
token of a login. A browser that is signed in can use its cookie; what it changes must then come from our own pages.

A customer's `ETag` is its version. Send it back in `If-Match` and nobody's change is overwritten unseen: the answer is
412 when somebody was quicker. A request that creates or changes something by POST takes an `Idempotency-Key`: sent
again with the same key and body within 24 hours, it is not done twice and gets the same answer; with another body it
gets 422, and while the first one is still under way 409 with `Retry-After`. What failed can be sent again with its key.

Limits: a body has at most {LARGEST_BODY:,} bytes, a page {LARGEST_PAGE:,} customers, a bulk request {MOST_ROWS:,}, a
search {LONGEST_SEARCH} characters, {", ".join(_LENGTHS[:-1])} and {_LENGTHS[-1]};
control characters are refused. A search text is looked for as it is, never as a pattern."""


class _Api(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """The description, with what the framework cannot know: the ways to say who one is, and examples of answers."""
        if self.openapi_schema is None:
            description = super().openapi()
            description["components"]["securitySchemes"] = SECURITY_SCHEMES
            suit_generators(description)
            for answer in _good_answers(description):
                answer["example"] = answer_sample(description, answer["schema"])
        return super().openapi()


def _good_answers(description: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operations in description["paths"].values():
        for operation in operations.values():
            for code, answer in operation["responses"].items():
                if code.startswith("2") and "application/json" in answer.get("content", {}):
                    yield answer["content"]["application/json"]


def create_api() -> FastAPI:
    """The API; it serves the application that is open when a request comes, and answers 503 while there is none."""
    api = _Api(
        title="Kinso",
        version=__version__,
        description=_DESCRIPTION,
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        middleware=[Middleware(ApiMiddleware)],
    )
    translate_errors(api)
    # Fixed paths first: to the router, `stats` could be a customer's `_id`.
    # Not by `include_router`, which has every request pass through one more router for each part.
    fixed = (shop, accounts, insights, transfer, customers_bulk, customers_many, customers_merging)
    others = (customers, segments, membership, history, purchases)
    routers = [part.router for part in (*fixed, *others)]
    for router in (*routers, purchases.of_customers):
        api.router.routes.extend(router.routes)
    add_docs(api)
    return api


def api_routes(path: str, api: FastAPI | None = None) -> list[BaseRoute]:
    """The API at `path`, with and without a slash at the end, because a mount alone leaves the latter to the pages.

    Without `api` it is a new one.
    """
    api = api or create_api()
    return [Mount(path, api), Route(path, api)]
