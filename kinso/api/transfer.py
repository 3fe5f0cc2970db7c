"""Customers as a file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import datetime

from anyio import CancelScope, to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from kinso.api.callers import SignedIn
from kinso.api.description import CONTENT_DISPOSITION, open_to
from kinso.api.envelope import failures
from kinso.api.parameters import CustomerExport
from kinso.api.route import part_of_api
from kinso.models.customers import CustomerQuery
from kinso.services.segments import query_of_segment
from kinso.services.shop.settings import get_shop_settings
from kinso.services.transfer.exports import export_customers

router = part_of_api("/customers", "customers")

_FILE = {
    "description": "The file",
    "content": {"text/csv": {"schema": {"type": "string"}}},
    "headers": CONTENT_DISPOSITION,
}


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses=failures(401, 403, 404, 409, 422, 503) | {200: _FILE},
    operation_id="export_customers",
    summary="Download customers as CSV",
    openapi_extra=open_to(export_customers),
)
def send_customers(request: Request, caller: SignedIn, parameters: CustomerExport) -> Response:
    """All customers that the filters leave, in the order of the list, in UTF-8 with the specified columns.

    The flavour `excel` begins with a byte order mark, puts an apostrophe before texts that a spreadsheet would run as
    formulas, and tells dates by the shop's clock; `raw` holds every text as it is stored, and dates in UTC. `version`
    and `asExported` tell an import of the file what it saw. `facts` are further columns before these.
    """
    query: CustomerQuery = parameters
    if parameters.segment is not None:
        query = query_of_segment(caller.store, caller.actor, parameters.segment, parameters)
    today = datetime.now(get_shop_settings(caller.store, caller.actor).zone).date()
    headers = {
        "Content-Disposition": f'attachment; filename="customers-{today.isoformat()}.csv"',
        # Compressing costs four times what it saves here, so the server's gzip is told to keep off.
        "Content-Encoding": "identity",
    }
    if request.state.is_head:
        answer = Response(headers=headers, media_type="text/csv")
        # How long the file is could be told only by reading everything.
        del answer.headers["Content-Length"]
        return answer
    chunks = export_customers(caller.store, caller.actor, query, parameters.flavour, facts=parameters.fact_names)
    return StreamingResponse(_read_ahead(chunks), headers=headers, media_type="text/csv")


async def _read_ahead(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    try:
        while (chunk := await to_thread.run_sync(next, chunks, None)) is not None:
            yield chunk
    finally:
        # Whoever hangs up in the middle leaves no cursor behind.
        with CancelScope(shield=True):
            await to_thread.run_sync(getattr(chunks, "close", lambda: None))
