"""Forms of people who are not signed in: reading them, and being sure that they come from our own page."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from kinso.services.accounts.secrets import form_token, is_form_token, is_same_origin
from kinso.services.accounts.sign_in import cookie_name

_COOKIE = "kinso_form"
_NONCE = re.compile(r"[A-Za-z0-9_-]{32}")
_LARGEST_BODY = 16_384
_MOST_FIELDS = 20
_SAFE_SCHEMES = frozenset({"https", "wss"})


class UnreadableForm(Exception):
    """No form of ours is sent like this."""


@dataclass(frozen=True)
class Nonce:
    """What ties a form to the browser that it was shown in, before there is a session."""

    value: str

    @classmethod
    def of(cls, request: Request) -> Nonce:
        """The one that the browser has already, so that forms in several tabs all stay valid, or a new one."""
        present = request.cookies.get(_cookie(request), "")
        return cls(present if _NONCE.fullmatch(present) else secrets.token_urlsafe(24))

    @property
    def token(self) -> str:
        """The hidden field `csrf`."""
        return form_token(self.value)

    def keep(self, request: Request, response: Response) -> None:
        """Have the browser send it along with the form."""
        response.set_cookie(_cookie(request), self.value, httponly=True, samesite="lax", secure=is_https(request))


def drop_nonce(request: Request, response: Response) -> None:
    """The form has served its purpose."""
    response.delete_cookie(_cookie(request), httponly=True, samesite="lax", secure=is_https(request))


def was_shown_here(request: Request, form: dict[str, str]) -> bool:
    """Whether this browser got the form from us."""
    return is_form_token(request.cookies.get(_cookie(request)), form.get("csrf", ""))


def is_from_elsewhere(request: HTTPConnection) -> bool:
    """Whether a browser makes this request for another site; who does not say still has to show the form's token."""
    headers = request.headers
    same = is_same_origin(
        origin=headers.get("origin"),
        fetch_site=headers.get("sec-fetch-site"),
        host=headers.get("host"),
        secure=is_https(request),
    )
    return same is False


def is_https(request: HTTPConnection) -> bool:
    """Whether the browser speaks https, to us or to the proxy in front of us.

    Anyone may claim that; it only makes their own cookies stricter, and no other site can make a browser claim it.
    """
    forwarded = request.headers.get("x-forwarded-proto", "").split(",")[0].strip().lower()
    return bool({request.scope.get("scheme"), forwarded} & _SAFE_SCHEMES)


def client_address(request: HTTPConnection) -> str:
    """The network address that guesses are counted for."""
    return request.client.host if request.client else ""


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a small form, the first value of each; raises `UnreadableForm`."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise UnreadableForm
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_BODY:
            raise UnreadableForm
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise UnreadableForm from error
    return dict(reversed(pairs))


def _cookie(request: HTTPConnection) -> str:
    return cookie_name(_COOKIE, secure=is_https(request))
