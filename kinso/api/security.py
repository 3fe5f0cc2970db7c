"""Who is calling: a token in the header, or the cookie of a browser that signed in."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

from fastapi import Depends
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request

from kinso.errors import NotPermitted, NotSignedIn
from kinso.models.user import Actor, User
from kinso.repository.store import Store
from kinso.services.csrf import is_same_origin
from kinso.services.office import current_office
from kinso.services.sign_in import SESSION_COOKIE, resume, session_id_of

_SAFE_METHODS = frozenset({"GET", "HEAD"})
_OTHER_SITE = (
    "This browser is signed in, but the request does not come from one of Kinso's own pages; use a token instead."
)

_token = HTTPBearer(auto_error=False, scheme_name="token", description="The token that POST /auth/login returns.")
_cookie = APIKeyCookie(
    name=SESSION_COOKIE,
    auto_error=False,
    scheme_name="session",
    description="The cookie that signing in sets. Requests that change something must come from our own pages.",
)


class Caller:
    """Someone who presents a session; whether it is valid is found out where it is first needed.

    Then the database is asked in the same thread that does the work. Everything but the store raises `NotSignedIn` when
    the session is not valid, and `DatabaseUnavailable`.
    """

    def __init__(self, presented: str) -> None:
        self._presented = presented

    @property
    def store(self) -> Store:
        """What the use cases work on."""
        return current_office().store

    @cached_property
    def user(self) -> User:
        """The account behind the session."""
        return resume(self.store, self._presented)

    @property
    def session_id(self) -> str:
        """The id of the valid session."""
        _ = self.user
        return self._presented

    @property
    def actor(self) -> Actor:
        """The person as the one who does something."""
        return self.user.acting("api")


async def identify_caller(
    request: Request,
    token: Annotated[HTTPAuthorizationCredentials | None, Depends(_token)],
    cookie: Annotated[str | None, Depends(_cookie)],
) -> Caller:
    """The caller of this request; a token wins over the cookie.

    Raises `NotSignedIn` when neither is there, and `NotPermitted` when another site made a signed-in browser change
    something.
    """
    secret = token.credentials if token else cookie
    if not secret:
        raise NotSignedIn
    if token is None and request.method not in _SAFE_METHODS and not is_from_own_page(request):
        raise NotPermitted(_OTHER_SITE)
    return Caller(session_id_of(secret))


SignedIn = Annotated[Caller, Depends(identify_caller)]


def refuse_other_sites(request: Request) -> None:
    """Raise `NotPermitted` when a browser makes this request for another site; programs need not say where they are."""
    if names_its_origin(request) and not is_from_own_page(request):
        raise NotPermitted(_OTHER_SITE)


def is_from_own_page(request: Request) -> bool:
    """Whether the browser says that one of our own pages makes this request; saying nothing is not enough."""
    headers = request.headers
    origin = headers.get("origin")
    fetch_site = headers.get("sec-fetch-site") if origin is None else None
    return names_its_origin(request) and is_same_origin(origin=origin, fetch_site=fetch_site, host=headers.get("host"))


def names_its_origin(request: Request) -> bool:
    """Whether the request says anything about where it comes from."""
    return "origin" in request.headers or "sec-fetch-site" in request.headers
