"""Files that are streamed from the database to the browser, however large they are."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, get_args

from anyio import CancelScope
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from kinso.errors import DatabaseUnavailable, FieldError, InvalidInput, NotFound, NotPermitted
from kinso.models.accounts import Actor
from kinso.models.customers import LONGEST_SEARCH, CustomerQuery
from kinso.models.facts import FACTS
from kinso.models.filters import filter_of
from kinso.models.history import HistoryQuery
from kinso.models.transfer.cells import Flavour
from kinso.models.validation import parse
from kinso.repository.store import Store
from kinso.services.application import current_application
from kinso.services.history.changes import export_history
from kinso.services.purchases.reading import export_purchases
from kinso.services.shop.settings import get_shop_settings
from kinso.services.transfer.exports import export_customers, export_ledger
from kinso.web.error_pages import database_away, refused
from kinso.web.threads import look_up

_CUSTOMER_FILTERS = ("search", "customerName", "membershipStatus", "eligible", "filter", "sortBy", "sortOrder")
_HISTORY_FILTERS = ("customer", "customerId", "byName", "kind", "since", "until", "run")

Export = Callable[[Store, Actor], Iterator[bytes]]


async def download_customers(request: Request) -> Response:
    """GET /download/customers.csv?flavour=excel|raw&facts=a,b and the filters of the customers page; none is required.

    The excel flavour has the headings of the page.
    """

    def export(store: Store, actor: Actor) -> Iterator[bytes]:
        query = parse(CustomerQuery, _with_filter(_given(request, _CUSTOMER_FILTERS)))
        flavour = _flavour(request)
        return export_customers(store, actor, query, flavour, facts=_facts(request), in_words=flavour == "excel")

    return await _download(request, "customers", export)


async def download_ledger(request: Request) -> Response:
    """GET /download/ledger.csv?flavour=excel|raw: everything that purchase amounts consist of."""

    def export(store: Store, actor: Actor) -> Iterator[bytes]:
        return export_ledger(store, actor, _flavour(request))

    return await _download(request, "ledger", export)


async def download_history(request: Request) -> Response:
    """GET /download/history.csv?flavour=excel|raw and the filters of the history page; none is required."""

    def export(store: Store, actor: Actor) -> Iterator[bytes]:
        query = parse(HistoryQuery, _given(request, _HISTORY_FILTERS))
        return export_history(store, actor, query, _flavour(request))

    return await _download(request, "history", export)


async def download_purchases(request: Request) -> Response:
    """GET /download/purchases.csv?customer=<_id>&flavour=excel|raw: everything in the ledger of one customer."""
    customer = request.query_params.get("customer", "")

    def export(store: Store, actor: Actor) -> Iterator[bytes]:
        return export_purchases(store, actor, customer, _flavour(request))

    return await _download(request, "purchases", export)


def _flavour(request: Request) -> Flavour:
    flavour: Any = request.query_params.get("flavour") or "excel"
    if flavour not in get_args(Flavour):
        raise InvalidInput([FieldError("flavour", "Flavour must be excel or raw.")])
    chosen: Flavour = flavour
    return chosen


def _facts(request: Request) -> list[str]:
    names = [name for name in request.query_params.get("facts", "").split(",") if name]
    if unknown := [name for name in names if name not in FACTS]:
        raise InvalidInput([FieldError("facts", f"There is no fact “{unknown[0][:LONGEST_SEARCH]}”.")])
    return names


def _given(request: Request, names: Sequence[str]) -> dict[str, str]:
    return {name: value for name in names if (value := request.query_params.get(name))}


def _with_filter(given: Mapping[str, str]) -> dict[str, Any]:
    if "filter" not in given:
        return dict(given)
    try:
        return {**given, "filter": filter_of(given["filter"])}
    except ValueError as error:
        raise InvalidInput([FieldError("filter", f"Filter {error}.")]) from error


async def _download(request: Request, name: str, export: Export) -> Response:
    actor: Actor = request.state.user.acting("app")
    try:
        file, first, rest = await look_up(_begin, actor, name, export)
    except InvalidInput as error:
        return refused("Nothing to download", error.message, status=400)
    except NotFound as error:
        return refused("Nothing to download", error.message, status=404)
    except NotPermitted as error:
        return refused("Not allowed", error.message, status=403)
    except DatabaseUnavailable:
        return database_away(f"{request.url.path}?{request.url.query}")
    headers = {
        "Content-Disposition": f'attachment; filename="{file}"',
        "Cache-Control": "no-store",
        # Compressing costs four times what it saves here, so the gzip middleware is told to keep off.
        "Content-Encoding": "identity",
    }
    return StreamingResponse(_chunks(first, rest), headers=headers, media_type="text/csv; charset=utf-8")


def _begin(actor: Actor, name: str, export: Export) -> tuple[str, bytes, Iterator[bytes]]:
    """The file's name, its first chunk and the others: what fails does so before the answer has begun."""
    store = current_application().store
    today = datetime.now(get_shop_settings(store, actor).zone).date()
    chunks = iter(export(store, actor))
    return f"{name}-{today.isoformat()}.csv", next(chunks, b""), chunks


async def _chunks(first: bytes, rest: Iterator[bytes]) -> AsyncIterator[bytes]:
    try:
        chunk: bytes | None = first
        while chunk is not None:
            yield chunk
            chunk = await look_up(next, rest, None)
    finally:
        with CancelScope(shield=True):
            await look_up(getattr(rest, "close", lambda: None))
