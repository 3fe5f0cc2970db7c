"""The HTTP API as one application, to be mounted at `/api`."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware import Middleware

from kinso import __version__
from kinso.api import auth, customers, health, membership
from kinso.api.errors import translate_errors
from kinso.api.failures import ANYTHING_ELSE
from kinso.api.gate import Gate

_DESCRIPTION = """The same customers, permissions and history as in the app.

Every answer is one envelope: `success`, `data` and sometimes `message` and `pagination`, or `success`, `message` and
sometimes `errors` with one entry for each bad field. Paths work with and without a trailing slash."""


def create_api() -> FastAPI:
    """The API; it serves the office that is open when a request comes, and answers 503 while there is none."""
    api = FastAPI(
        title="Kinso",
        version=__version__,
        description=_DESCRIPTION,
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=ANYTHING_ELSE,
        generate_unique_id_function=lambda route: route.name,
        middleware=[Middleware(Gate)],
    )
    translate_errors(api)
    # Fixed paths first: to the router, `stats` could be a customer's `_id`.
    for part in (health, auth, membership, customers):
        api.include_router(part.router)
    return api
