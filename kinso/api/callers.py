"""Who is calling: a token in the header, or the cookie of a browser that signed in."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from fastapi import Depends
from starlette.requests import Request

from kinso.api.lookups import SharedLookups
from kinso.errors import NotPermitted, NotSignedIn
from kinso.models.accounts import Actor, User
from kinso.repository.store import Store
from kinso.services.accounts.secrets import is_same_origin
from kinso.services.accounts.sign_in import SESSION_COOKIE, cookie_name, resume, session_id_of
from kinso.services.accounts.tokens import is_api_token, resume_token
from kinso.services.application import current_application

_SAFE_METHODS = frozenset({"GET", "HEAD"})
_OTHER_SITE = (
    "This browser is signed in, but the request does not come from one of Kinso's own pages; use a token instead."
)

_SIGN_IN_OF_OTHER_SITE = "A page of another site sent this; sign in on Kinso's own page instead."


class _Proof(NamedTuple):
    """What somebody presents; `is_token` means an API token, otherwise it is the secret of a session."""

    store: Store
    secret: str
    is_token: bool


def _find_user(proof: _Proof, _wanted: Collection[str]) -> User:
    if proof.is_token:
        return resume_token(proof.store, proof.secret)
    return resume(proof.store, session_id_of(proof.secret))


_users = SharedLookups(_find_user)


@dataclass(frozen=True)
class Caller:
    """Someone with a valid session or API token; a token is no session, so `session_id` is None then."""

    store: Store
    user: User
    session_id: str | None

    @property
    def actor(self) -> Actor:
        """The person as the one who does something."""
        return self.user.acting("api")


async def identify_caller(request: Request) -> Caller:
    """Who makes this request, as the database knows them now; a token wins over the cookie.

    Raises `NotSignedIn` when neither is there or valid, `NotPermitted` when another site made a signed-in browser
    change something, and `DatabaseUnavailable`.
    """
    token = _bearer_token(request)
    secret = token or request.cookies.get(session_cookie(request)[0])
    if not secret:
        raise NotSignedIn
    if not token and request.method not in _SAFE_METHODS and not is_from_own_page(request):
        raise NotPermitted(_OTHER_SITE)
    proof = _Proof(current_application().store, secret, is_token=bool(token) and is_api_token(secret))
    user = await _users(proof)
    return Caller(proof.store, user, None if proof.is_token else session_id_of(secret))


def _bearer_token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


async def identified_caller(request: Request) -> Caller:
    """The caller whom `JsonRoute` identified before it looked at anything else of the request."""
    caller: Caller = request.state.caller
    return caller


SignedIn = Annotated[Caller, Depends(identified_caller)]
"""Makes a call one for signed-in people only."""


def refuse_other_sites(request: Request) -> None:
    """Raise `NotPermitted` when a browser signs in for another site; programs need not say where they are."""
    if _is_same_origin(request) is False:
        raise NotPermitted(_SIGN_IN_OF_OTHER_SITE)


def is_from_own_page(request: Request) -> bool:
    """Whether the browser says that one of our own pages makes this request; saying nothing is not enough."""
    return _is_same_origin(request) is True


def _is_same_origin(request: Request) -> bool | None:
    headers = request.headers
    return is_same_origin(
        origin=headers.get("origin"),
        fetch_site=headers.get("sec-fetch-site"),
        host=headers.get("host"),
        secure=_is_https(request),
    )


def session_cookie(request: Request) -> tuple[str, bool]:
    """What the session's cookie is called in answers to this request, and whether it is for https only."""
    secure = _is_https(request)
    return cookie_name(SESSION_COOKIE, secure=secure), secure


def _is_https(request: Request) -> bool:
    # What a proxy says may be made up; that only makes the cookie of whoever does it stricter, and no other site can
    # make a browser say it.
    forwarded = request.headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    return request.url.scheme == "https" or forwarded == "https"
