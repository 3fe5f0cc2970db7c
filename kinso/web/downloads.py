"""Files that are streamed from the database to the browser, however large they are."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import get_args

from anyio import CancelScope
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from kinso.errors import DatabaseUnavailable, InvalidInput, NotPermitted
from kinso.models.customer import CustomerQuery
from kinso.models.user import Actor
from kinso.models.validation import parse
from kinso.services.exports import Flavour, export_customers
from kinso.services.office import current_office
from kinso.services.shop import get_shop_settings
from kinso.web.answers import database_away, refused
from kinso.web.threads import look_up

_FILTERS = ("search", "customerName", "membershipStatus", "sortBy", "sortOrder")


async def download_customers(request: Request) -> Response:
    """GET /download/customers.csv?flavour=excel|raw and the filters of the customers page; none is required."""
    actor: Actor = request.state.user.acting("app")
    flavour = request.query_params.get("flavour") or "excel"
    if flavour not in get_args(Flavour):
        return refused("Nothing to download", "Flavour must be excel or raw.", status=400)
    filters = {name: value for name in _FILTERS if (value := request.query_params.get(name))}
    try:
        query = parse(CustomerQuery, filters)
        name, first, rest = await look_up(_begin, actor, query, flavour)
    except InvalidInput as error:
        return refused("Nothing to download", error.message, status=400)
    except NotPermitted as error:
        return refused("Not allowed", error.message, status=403)
    except DatabaseUnavailable:
        return database_away(f"{request.url.path}?{request.url.query}")
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        # Compressing costs four times what it saves here, so the gzip middleware is told to keep off.
        "Content-Encoding": "identity",
    }
    return StreamingResponse(_chunks(first, rest), headers=headers, media_type="text/csv; charset=utf-8")


def _begin(actor: Actor, query: CustomerQuery, flavour: Flavour) -> tuple[str, bytes, Iterator[bytes]]:
    """The file's name, its first chunk and the others: what fails does so before the answer has begun."""
    store = current_office().store
    today = datetime.now(get_shop_settings(store, actor).zone).date()
    chunks = iter(export_customers(store, actor, query, flavour))
    return f"customers-{today.isoformat()}.csv", next(chunks, b""), chunks


async def _chunks(first: bytes, rest: Iterator[bytes]) -> AsyncIterator[bytes]:
    try:
        chunk: bytes | None = first
        while chunk is not None:
            yield chunk
            chunk = await look_up(next, rest, None)
    finally:
        with CancelScope(shield=True):
            await look_up(getattr(rest, "close", lambda: None))
