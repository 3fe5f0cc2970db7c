"""The cookie that holds a session's secret."""

from __future__ import annotations

from starlette.requests import HTTPConnection
from starlette.responses import Response

from kinso.services.sign_in import LONGEST_LIFETIME, SESSION_COOKIE, cookie_name, session_id_of
from kinso.web.forms import is_https


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
