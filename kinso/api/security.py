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
from kinso.services.sign_in import SESSION_COOKIE, cookie_name, resume, session_id_of
from kinso.services.tokens import is_api_token, resume_token

_SAFE_METHODS = frozenset({"GET", "HEAD"})
_OTHER_SITE = (
    "This browser is signed in, but the request does not come from one of Kinso's own pages; use a token instead."
)

_token = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="An API token from the page My account, or the token that POST /auth/login returns.",
)
_cookie = APIKeyCookie(
    name=SESSION_COOKIE,
    auto_error=False,
    scheme_name="session",
    description=(
        "The cookie that signing in sets; over https its name begins with `__Host-`. Requests that change something"
        " must come from our own pages."
    ),
)


class Caller:
    """Someone who presents a session or an API token; whether it is valid is found out where it is first needed.

    Then the database is asked in the same thread that does the work. Everything but the store raises `NotSignedIn` when
    it is not valid, and `DatabaseUnavailable`.
    """

    def __init__(self, secret: str, *, is_api_token: bool) -> None:
        self._secret = secret
        self._is_api_token = is_api_token

    @property
    def store(self) -> Store:
        """What the use cases work on."""
        return current_office().store

    @cached_property
    def user(self) -> User:
        """The account behind the session or token."""
        if self._is_api_token:
            return resume_token(self.store, self._secret)
        return resume(self.store, session_id_of(self._secret))

    @property
    def session_id(self) -> str | None:
        """The id of the valid session; an API token is none."""
        _ = self.user
        return None if self._is_api_token else session_id_of(self._secret)

    @property
    def actor(self) -> Actor:
        """The person as the one who does something."""
        return self.user.acting("api")


async def identify_caller(
    request: Request,
    token: Annotated[HTTPAuthorizationCredentials | None, Depends(_token)],
    _described: Annotated[str | None, Depends(_cookie)],
) -> Caller:
    """The caller of this request; a token wins over the cookie.

    Raises `NotSignedIn` when neither is there, and `NotPermitted` when another site made a signed-in browser change
    something.
    """
    secret = token.credentials if token else request.cookies.get(session_cookie(request)[0])
    if not secret:
        raise NotSignedIn
    if token is None and request.method not in _SAFE_METHODS and not is_from_own_page(request):
        raise NotPermitted(_OTHER_SITE)
    return Caller(secret, is_api_token=token is not None and is_api_token(secret))


SignedIn = Annotated[Caller, Depends(identify_caller)]


def refuse_other_sites(request: Request) -> None:
    """Raise `NotPermitted` when a browser makes this request for another site; programs need not say where they are."""
    if _is_same_origin(request) is False:
        raise NotPermitted(_OTHER_SITE)


def is_from_own_page(request: Request) -> bool:
    """Whether the browser says that one of our own pages makes this request; saying nothing is not enough."""
    return _is_same_origin(request) is True


def _is_same_origin(request: Request) -> bool | None:
    headers = request.headers
    return is_same_origin(
        origin=headers.get("origin"), fetch_site=headers.get("sec-fetch-site"), host=headers.get("host")
    )


def session_cookie(request: Request) -> tuple[str, bool]:
    """What the session's cookie is called in answers to this request, and whether it is for https only."""
    # What a proxy says may be made up; that only makes the cookie of whoever does it stricter.
    forwarded = request.headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    secure = request.url.scheme == "https" or forwarded == "https"
    return cookie_name(SESSION_COOKIE, secure=secure), secure
