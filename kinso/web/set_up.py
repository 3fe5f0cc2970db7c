"""The page that sets up the first administrator of a new shop."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from kinso.errors import Conflict, DatabaseUnavailable, FieldError, InvalidInput, NotSignedIn, TooManyAttempts
from kinso.models.accounts import LONGEST_PASSWORD, SHORTEST_PASSWORD
from kinso.models.shop import country_names, country_of_languages
from kinso.services.accounts.first_admin import known_country, needs_set_up, set_up_first_admin
from kinso.services.application import current_application
from kinso.web.addresses import SET_UP, SIGN_IN
from kinso.web.error_pages import Choice, Form, Input, database_away, page, refused
from kinso.web.forms import Nonce, UnreadableForm, client_address, is_from_elsewhere, read_form, was_shown_here
from kinso.web.sign_in import FOREIGN_FORM, STALE_FORM, open_session, redirect
from kinso.web.threads import look_up, prove

_INPUTS = (
    Input(
        "code",
        "Set-up code",
        "one-time-code",
        hint="The server printed it on its console when it started.",
        attributes={
            "class": "code",
            "placeholder": "XXXX-XXXX-XXXX",
            "maxlength": "20",
            "autocapitalize": "characters",
            "spellcheck": "false",
        },
    ),
    Input("name", "Your name", "name", attributes={"maxlength": "100"}),
    Input("email", "E-mail", "username", "email", attributes={"inputmode": "email", "maxlength": "254"}),
    Input(
        "password",
        "Password",
        "new-password",
        "password",
        hint=f"At least {SHORTEST_PASSWORD} characters; a few unrelated words make a good one.",
        attributes={"minlength": str(SHORTEST_PASSWORD), "maxlength": str(LONGEST_PASSWORD)},
    ),
)
_COUNTRY = Choice(
    "country",
    "Country of the shop",
    "country",
    {"": "Choose a country", **country_names()},
    hint="Phone numbers without the code of a country are numbers of this one.",
)
_KEPT = ("code", "name", "email", "country")


async def show_set_up(request: Request) -> Response:
    """GET /set-up; only while there are no users."""
    try:
        store = current_application().store
        if not await look_up(needs_set_up, store):
            return redirect(SIGN_IN)
        known = await look_up(known_country, store)
    except DatabaseUnavailable:
        return database_away(SET_UP)
    return _page(request, {"country": known or country_of_languages(request.headers.get("accept-language", ""))})


async def do_set_up(request: Request) -> Response:
    """POST /set-up; creates the administrator and signs them in, or shows the form again with what was typed."""
    if is_from_elsewhere(request):
        return refused("Not set up", FOREIGN_FORM, status=403, back=SET_UP, label="Go to the set-up page")
    try:
        form = await read_form(request)
    except UnreadableForm:
        return refused("Not set up", FOREIGN_FORM, status=400, back=SET_UP, label="Go to the set-up page")
    if not was_shown_here(request, form):
        return _page(request, form, status=400, alert=STALE_FORM)
    code, email, name, password = (form.get(field, "") for field in ("code", "email", "name", "password"))
    country = form.get("country", "")
    try:
        store = current_application().store
        await prove(set_up_first_admin, store, code, email, name, password, client_address(request), country)
        return await open_session(request, email, password, "/")
    except InvalidInput as error:
        return _page(request, form, status=422, errors=error.errors)
    except TooManyAttempts as error:
        answer = _page(request, form, status=429, alert=error.message)
        answer.headers["Retry-After"] = str(error.retry_after)
        return answer
    except (Conflict, NotSignedIn) as error:
        return refused("Set up already", error.message, status=409, back=SIGN_IN, label="Go to the sign-in page")
    except DatabaseUnavailable as error:
        return _page(request, form, status=503, alert=error.message)


def _page(
    request: Request,
    typed: Mapping[str, str],
    *,
    status: int = 200,
    alert: str = "",
    errors: tuple[FieldError, ...] = (),
) -> Response:
    nonce = Nonce.of(request)
    form = Form(
        action=SET_UP,
        button="Set up Kinso",
        inputs=(*_INPUTS, _COUNTRY),
        hidden={"csrf": nonce.token},
        typed={name: typed.get(name, "") for name in _KEPT},
        errors={error.field: error.message for error in errors},
    )
    lead = "Nobody works with this Kinso yet. Create the first account; it will be an administrator."
    answer = page("Set up Kinso", lead, status=status, alert=alert, form=form)
    nonce.keep(request, answer)
    return answer
