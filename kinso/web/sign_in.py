"""The sign-in page, signing out, and the cookie that holds a session's secret."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from starlette.datastructures import URL
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response

from kinso.errors import DatabaseUnavailable, NotSignedIn, TooManyAttempts
from kinso.repository.store import Store
from kinso.services.accounts.first_admin import needs_set_up
from kinso.services.accounts.secrets import is_csrf_token
from kinso.services.accounts.sign_in import (
    LONGEST_LIFETIME,
    SESSION_COOKIE,
    cookie_name,
    resume,
    session_id_of,
    sign_in,
    sign_out,
)
from kinso.services.application import current_application
from kinso.web.addresses import SET_UP, SIGN_IN, safe_next
from kinso.web.error_pages import Form, Input, database_away, page, refused
from kinso.web.forms import (
    Nonce,
    UnreadableForm,
    client_address,
    drop_nonce,
    is_from_elsewhere,
    is_https,
    read_form,
    was_shown_here,
)
from kinso.web.threads import look_up, prove

STALE_FORM = "This page was open for too long; please try again."
FOREIGN_FORM = "This form was not sent from Kinso's own page, so nothing was done."

_LEAD = "The customers and members of your shop."
_ENDED = "Your session has ended. Sign in to go on where you were; what you typed is kept."

_INPUTS = (
    Input("email", "E-mail", "username", "email", attributes={"inputmode": "email", "maxlength": "254"}),
    Input("password", "Password", "current-password", "password"),
)
_REQUIRED = {"email": "Type your e-mail address.", "password": "Type your password."}


async def show_sign_in(request: Request) -> Response:
    """GET /sign-in; whoever is signed in already goes on, and a shop without users is set up first."""
    there = safe_next(request.query_params.get("next"))
    try:
        if await look_up(_is_signed_in, session_id_from(request)):
            return redirect(there)
        if await look_up(_needs_set_up):
            return redirect(SET_UP)
    except DatabaseUnavailable:
        return database_away(str(URL(SIGN_IN).include_query_params(next=there)))
    return _page(request, there, lead=_ENDED if "ended" in request.query_params else _LEAD)


async def do_sign_in(request: Request) -> Response:
    """POST /sign-in; a failure shows the form again with what was typed, except the password."""
    if is_from_elsewhere(request):
        return refused("Not signed in", FOREIGN_FORM, status=403, back=SIGN_IN, label="Go to the sign-in page")
    try:
        form = await read_form(request)
    except UnreadableForm:
        return refused("Not signed in", FOREIGN_FORM, status=400, back=SIGN_IN, label="Go to the sign-in page")
    there, email, password = safe_next(form.get("next")), form.get("email", ""), form.get("password", "")
    if not was_shown_here(request, form):
        return _page(request, there, status=400, alert=STALE_FORM, email=email)
    missing = {name: sentence for name, sentence in _REQUIRED.items() if not form.get(name, "").strip()}
    if missing:
        return _page(request, there, status=422, errors=missing, email=email)
    try:
        return await open_session(request, email, password, there)
    except NotSignedIn as error:
        return _page(request, there, status=401, alert=error.message, email=email)
    except TooManyAttempts as error:
        answer = _page(request, there, status=429, alert=error.message, email=email)
        answer.headers["Retry-After"] = str(error.retry_after)
        return answer
    except DatabaseUnavailable as error:
        return _page(request, there, status=503, alert=error.message, email=email)


async def do_sign_out(request: Request) -> Response:
    """POST /sign-out with the session's token; ends the session on the server."""
    if request.method != "POST":
        return redirect("/")
    session_id = session_id_from(request)
    if session_id is None:
        return redirect(SIGN_IN)
    try:
        form = await read_form(request)
    except UnreadableForm:
        form = {}
    if is_from_elsewhere(request) or not is_csrf_token(session_id, form.get("csrf", "")):
        return refused("Still signed in", FOREIGN_FORM, status=403)
    try:
        await look_up(lambda: sign_out(current_application().store, session_id))
    except DatabaseUnavailable as error:
        return refused("Still signed in", error.message, status=503)
    answer = redirect(SIGN_IN)
    drop_session_cookie(request, answer)
    return answer


async def open_session(request: Request, email: str, password: str, there: str) -> Response:
    """Sign in with a new secret, end the session that the browser had before, and go on to `there`."""
    store, before = current_application().store, session_id_from(request)
    signed_in = await prove(sign_in, store, email, password, client_address(request))
    if before is not None:
        await look_up(sign_out, store, before)
    answer = redirect(there)
    set_session_cookie(request, answer, signed_in.secret)
    drop_nonce(request, answer)
    return answer


def redirect(address: str) -> RedirectResponse:
    """Go on there with a GET; never remembered."""
    return RedirectResponse(address, HTTPStatus.SEE_OTHER, {"Cache-Control": "no-store"})


def _page(
    request: Request,
    there: str,
    *,
    status: int = 200,
    lead: str = _LEAD,
    alert: str = "",
    errors: Mapping[str, str] | None = None,
    email: str = "",
) -> Response:
    nonce = Nonce.of(request)
    form = Form(
        action=SIGN_IN,
        button="Sign in",
        inputs=_INPUTS,
        hidden={"csrf": nonce.token, "next": there},
        typed={"email": email},
        errors=errors or {},
    )
    answer = page("Sign in", lead, status=status, alert=alert, form=form)
    nonce.keep(request, answer)
    return answer


def _is_signed_in(session_id: str | None) -> bool:
    store: Store = current_application().store
    try:
        resume(store, session_id)
    except NotSignedIn:
        return False
    return True


def _needs_set_up() -> bool:
    return needs_set_up(current_application().store)


def session_id_from(connection: HTTPConnection) -> str | None:
    """The id that the browser's secret stands for; whether there is such a session is another question."""
    secret = connection.cookies.get(_name(connection))
    return session_id_of(secret) if secret else None


def set_session_cookie(request: HTTPConnection, response: Response, secret: str) -> None:
    """Hand the secret to the browser, out of reach of scripts and of other sites' requests."""
    response.set_cookie(
        _name(request),
        secret,
        max_age=int(LONGEST_LIFETIME.total_seconds()),
        path="/",
        httponly=True,
        samesite="lax",
        secure=is_https(request),
    )


def drop_session_cookie(request: HTTPConnection, response: Response) -> None:
    """Have the browser forget the secret."""
    response.delete_cookie(_name(request), path="/", httponly=True, samesite="lax", secure=is_https(request))


def _name(connection: HTTPConnection) -> str:
    return cookie_name(SESSION_COOKIE, secure=is_https(connection))
