"""Everything of this package that the server is put together from."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kinso.web.addresses import (
    DOWNLOAD_CUSTOMERS,
    DOWNLOAD_HISTORY,
    DOWNLOAD_LEDGER,
    DOWNLOAD_PURCHASES,
    DRAFT,
    FIRST_PAGE,
    OVERVIEW,
    SET_UP,
    SIGN_IN,
    SIGN_OUT,
    Prefixes,
    UnknownAddresses,
)
from kinso.web.connections import ClientAddresses, LimitedConnections
from kinso.web.downloads import download_customers, download_history, download_ledger, download_purchases
from kinso.web.drafts import save_draft
from kinso.web.error_pages import ErrorPages
from kinso.web.guard import SignInGuard
from kinso.web.headers import SecurityHeaders
from kinso.web.set_up import do_set_up, show_set_up
from kinso.web.sign_in import do_sign_in, do_sign_out, redirect, show_sign_in
from kinso.web.uploads import Uploads


def web_routes() -> list[BaseRoute]:
    """The pages and files that Streamlit does not serve."""
    return [
        Route(SIGN_IN, show_sign_in, methods=["GET"]),
        Route(SIGN_IN, do_sign_in, methods=["POST"]),
        Route(SIGN_OUT, do_sign_out, methods=["GET", "POST"]),
        Route(SET_UP, show_set_up, methods=["GET"]),
        Route(SET_UP, do_set_up, methods=["POST"]),
        Route(OVERVIEW, lead_to_first_page, methods=["GET"]),
        Route(DOWNLOAD_CUSTOMERS, download_customers, methods=["GET"]),
        Route(DOWNLOAD_HISTORY, download_history, methods=["GET"]),
        Route(DOWNLOAD_LEDGER, download_ledger, methods=["GET"]),
        Route(DOWNLOAD_PURCHASES, download_purchases, methods=["GET"]),
        Route(DRAFT, save_draft, methods=["POST"]),
    ]


async def lead_to_first_page(request: Request) -> Response:
    """Send the browser on to where the overview is."""
    return redirect(FIRST_PAGE)


def web_middleware(scripts: Iterable[str] = ()) -> list[Middleware]:
    """What every request passes first; the guard comes before anything that serves content.

    `scripts` are the inline scripts that pages may run.
    """
    headers = Middleware(SecurityHeaders, scripts=tuple(scripts))
    inner = (Prefixes, ErrorPages, SignInGuard, Uploads, UnknownAddresses)
    return [Middleware(LimitedConnections), Middleware(ClientAddresses), headers, *(Middleware(each) for each in inner)]
