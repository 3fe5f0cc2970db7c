"""Who is calling: a token in the header, or the cookie of a browser that signed in; look-ups that many calls share."""

from __future__ import annotations

from asyncio import Task, create_task, shield, wait
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from typing import Annotated, Generic, NamedTuple, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Depends
from starlette.requests import Request

from kinso.errors import NotPermitted, NotSignedIn
from kinso.models.accounts import Actor, User
from kinso.repository.store import Store
from kinso.services.accounts.secrets import is_same_origin
from kinso.services.accounts.sign_in import SESSION_COOKIE, cookie_name, resume, session_id_of
from kinso.services.accounts.users import is_api_token, resume_token
from kinso.services.application import current_application

Key = TypeVar("Key", bound=Hashable)
Found = TypeVar("Found")
_MOST_THREADS = 32
"""Of their own, so that slow lists keep nobody waiting who asks for something quick."""


class SharedLookups(Generic[Key, Found]):
    """Asks the database in a thread, once for all requests that wait for an answer to the same question.

    For each key one look-up is under way at a time. Who asks meanwhile waits for the next one, together with everybody
    else who does: it begins after they asked, so nobody is told what was true before they came. Each may name `wanted`
    things, and the look-up gets those of all of them. A crowd of requests so costs a few look-ups, and a lone request
    waits for nobody.
    """

    def __init__(self, look_up: Callable[[Key, Collection[str]], Found]) -> None:
        self._look_up = look_up
        self._latest: dict[Key, _Round[Found]] = {}
        self._threads = CapacityLimiter(_MOST_THREADS)

    async def __call__(self, key: Key, *wanted: str) -> Found:
        """What is found now; raises whatever the look-up raises."""
        latest = self._latest.get(key)
        if latest is None or latest.has_begun:
            latest = self._latest[key] = _Round(latest)
            latest.task = create_task(self._run(key, latest))
            latest.task.add_done_callback(_forget_error)
        latest.wanted.update(wanted)
        # Whoever hangs up takes nothing away from the others.
        return await shield(latest.task)

    async def _run(self, key: Key, own: _Round[Found]) -> Found:
        if own.before:
            await wait([own.before])
            own.before = None
        own.has_begun = True
        try:
            return await to_thread.run_sync(self._look_up, key, own.wanted, limiter=self._threads)
        finally:
            if self._latest[key] is own:
                del self._latest[key]


class _Round(Generic[Found]):
    task: Task[Found]

    def __init__(self, earlier: _Round[Found] | None) -> None:
        self.before = earlier.task if earlier else None
        self.wanted: set[str] = set()
        self.has_begun = False


def _forget_error(task: Task[Found]) -> None:
    """Nobody may be left to hear of it, and then asyncio would complain."""
    if not task.cancelled():
        task.exception()


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
