"""Signing in and out, and who one is."""

from __future__ import annotations

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request

from kinso.api.callers import SignedIn, refuse_other_sites, session_cookie
from kinso.api.customers_schemas import LoginIn, SignedInOut, UserOut, user_json
from kinso.api.description import open_to_everybody
from kinso.api.envelope import Answer, Success, failures, succeed
from kinso.api.route import part_of_api
from kinso.errors import Conflict
from kinso.services.accounts.sign_in import LONGEST_LIFETIME, session_id_of, sign_in, sign_out
from kinso.services.application import current_application

_proofs = CapacityLimiter(4)
"""Threads of its own, so that a crowd of people who guess passwords cannot keep those who are signed in waiting."""

router = part_of_api("/auth", "auth")


@router.post(
    "/login",
    response_model=Success[SignedInOut],
    responses=failures(400, 401, 403, 413, 415, 422, 429, 503),
    summary="Sign in",
)
async def log_in(request: Request, login: LoginIn) -> Answer:
    """A session like that of the sign-in page: its secret is both the token and the cookie that is set.

    A session that this browser had before is ended.
    """
    refuse_other_sites(request)
    cookie, secure = session_cookie(request)
    store = current_application().store
    address = request.client.host if request.client else ""
    signed_in = await to_thread.run_sync(sign_in, store, login.email, login.password, address, limiter=_proofs)
    if before := request.cookies.get(cookie):
        await to_thread.run_sync(sign_out, store, session_id_of(before))
    answer = succeed({"token": signed_in.secret, "user": user_json(signed_in.user)})
    answer.set_cookie(
        cookie,
        signed_in.secret,
        max_age=int(LONGEST_LIFETIME.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=secure,
    )
    return answer


@router.get(
    "/profile",
    response_model=Success[UserOut],
    responses=failures(401, 422, 503),
    summary="Who am I?",
    openapi_extra=open_to_everybody(),
)
def show_profile(caller: SignedIn) -> Answer:
    """The account behind the token or cookie."""
    return succeed(user_json(caller.user))


@router.post(
    "/logout",
    response_model=Success[None],
    responses=failures(401, 403, 409, 422, 503),
    summary="Sign out",
    openapi_extra=open_to_everybody(),
)
def log_out(request: Request, caller: SignedIn) -> Answer:
    """Ends the session at once, for the token and the cookie alike; 409 for an API token, which is no session."""
    if caller.session_id is None:
        raise Conflict("An API token is no session that could end; revoke it on the page My account instead.")
    sign_out(caller.store, caller.session_id)
    answer = succeed(None, message="You are signed out.")
    cookie, secure = session_cookie(request)
    answer.delete_cookie(cookie, httponly=True, samesite="lax", secure=secure)
    return answer
