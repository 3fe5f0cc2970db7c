"""Purchases, refunds, and the ledger that they are in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated
from urllib.parse import unquote

from fastapi import Path
from starlette.routing import Match
from starlette.types import Scope

from kinso.api.callers import Caller, SignedIn
from kinso.api.customers import Id
from kinso.api.customers_schemas import still_a_member
from kinso.api.description import REPLAYED, open_to, with_headers
from kinso.api.envelope import Answer, Listing, Success, failures, list_page, succeed
from kinso.api.middleware import raw_path
from kinso.api.parameters import PageOnly, SaleList, SaleParameters
from kinso.api.purchases_schemas import RecordedOut, RefundIn, SaleIn, SaleOut, recorded_json, sale_json
from kinso.api.requests import RepeatablePost
from kinso.api.route import JsonRoute, part_of_api
from kinso.errors import FieldError, InvalidInput
from kinso.models.purchases import EntryPage, LedgerQuery
from kinso.services.customers.editing import get_customer
from kinso.services.customers.finding import find_by_customer_id
from kinso.services.purchases.recording import Recorded, get_entry, list_entries, record_sale, refund_sale

_REFUND = "/refund"
_DEFAULTS = RefundIn()


class _SaleRoute(JsonRoute):
    """A call about one sale; a slash in its ID is part of the address unless it is sent as %2F."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether this call is meant."""
        match, child = super().matches(scope)
        if "saleId" in child.get("path_params", {}):
            last = unquote(raw_path(scope).removesuffix("/").rpartition("/")[2])
            is_refund = self.path.endswith(_REFUND)
            is_elsewhere = is_refund or child["path_params"]["saleId"].endswith(_REFUND)
            if is_elsewhere and (last == _REFUND[1:]) is not is_refund:
                return Match.NONE, {}
        return match, child


router = part_of_api("/sales", "sales", route_class=_SaleRoute)
of_customers = part_of_api("/customers", "sales")

SaleIdInPath = Annotated[str, Path(alias="saleId", description="The sale's `saleId`.")]


@router.get(
    "",
    response_model=Listing[SaleOut],
    responses=failures(401, 403, 404, 422, 503),
    summary="List purchases",
    openapi_extra=open_to(list_entries),
)
def show_sales(caller: SignedIn, parameters: SaleList) -> Answer:
    """The whole ledger or a part of it, the newest first: sales, refunds, opening balances and adjustments.

    404 when there is no such customer.
    """
    query = parameters.query(_customer_wanted(caller, parameters))
    return _sale_page(list_entries(caller.store, caller.actor, query, page=parameters.page, limit=parameters.limit))


@router.post(
    "",
    status_code=201,
    response_model=Success[RecordedOut],
    responses=failures(400, 401, 403, 404, 409, 413, 415, 422, 503)
    | with_headers(201, REPLAYED)
    | {200: {"model": Success[RecordedOut], "description": "The same sale was recorded before; nothing was changed"}},
    operation_id="record_sale",
    summary="Record a purchase",
    openapi_extra=open_to(record_sale),
)
def record(caller: SignedIn, post: RepeatablePost, sale: SaleIn) -> Answer:
    """409 when the `saleId` belongs to another purchase."""

    def record_it() -> Answer:
        with _dates_called_as_sent():
            done = record_sale(caller.store, caller.actor, _customer(caller, sale.customer), sale)
        return _tell(done, "recorded")

    return post.once(record_it)


@router.get(
    "/{saleId:path}",
    response_model=Success[SaleOut],
    responses=failures(401, 403, 404, 422, 503),
    summary="Show a purchase",
    openapi_extra=open_to(get_entry),
)
def show_sale(caller: SignedIn, sale_id: SaleIdInPath) -> Answer:
    """One entry of the ledger."""
    return succeed(sale_json(get_entry(caller.store, caller.actor, sale_id)))


@router.post(
    "/{saleId:path}/refund",
    status_code=201,
    response_model=Success[RecordedOut],
    responses=failures(400, 401, 403, 404, 409, 413, 415, 422, 503)
    | with_headers(201, REPLAYED)
    | {200: {"model": Success[RecordedOut], "description": "The same refund was recorded before; nothing was changed"}},
    operation_id="refund_sale",
    summary="Refund a purchase",
    openapi_extra=open_to(refund_sale),
)
def refund(caller: SignedIn, post: RepeatablePost, sale_id: SaleIdInPath, body: RefundIn = _DEFAULTS) -> Answer:
    """422 for more than is left of the sale and for a date before it; `saleId` in the body is that of the refund.

    Ends no membership; `belowThreshold` and the message say when a member has less than the threshold after it.
    """

    def refund_it() -> Answer:
        with _dates_called_as_sent():
            done = refund_sale(caller.store, caller.actor, sale_id, body)
        return _tell(done, "refunded")

    return post.once(refund_it)


@of_customers.get(
    "/{_id}/sales",
    response_model=Listing[SaleOut],
    responses=failures(401, 403, 404, 422, 503),
    summary="List a customer's purchases",
    openapi_extra=open_to(list_entries),
)
def show_sales_of_customer(caller: SignedIn, id: Id, part: PageOnly) -> Answer:
    """The newest come first; all of them together are the purchase amount."""
    customer = get_customer(caller.store, caller.actor, id)
    query = LedgerQuery(customer=customer.id)
    return _sale_page(list_entries(caller.store, caller.actor, query, page=part.page, limit=part.limit))


@contextmanager
def _dates_called_as_sent() -> Iterator[None]:
    """What is wrong with a date is told under the name that it has in the body."""
    try:
        yield
    except InvalidInput as error:
        errors = (replace(each, field="date") if each.field == "soldAt" else each for each in error.errors)
        raise InvalidInput(tuple(errors)) from error


def _customer(caller: Caller, named: str) -> str:
    """The `_id` of a customer by the shop's number; what is no number of the shop is an `_id` already, or nobody's."""
    found = find_by_customer_id(caller.store, caller.actor, named)
    return found.id if found else named


def _customer_wanted(caller: Caller, parameters: SaleParameters) -> str | None:
    """The `_id` of the customer whose entries are wanted, None for everybody's; raises `NotFound`."""
    wanted = {_customer(caller, named) for named in (parameters.customer_id, parameters.customer) if named}
    if len(wanted) > 1:
        raise InvalidInput([FieldError("customer", "customer and customerId name two customers; give one of them.")])
    return get_customer(caller.store, caller.actor, wanted.pop()).id if wanted else None


def _tell(recorded: Recorded, done: str) -> Answer:
    sale_id = recorded.entry.sale_id
    if recorded.repeated:
        return succeed(recorded_json(recorded), message=f"{sale_id} was recorded before; nothing was changed.")
    message = f"{abs(recorded.entry.amount):,} {done}."
    if recorded.entry.kind == "refund" and recorded.status.is_below:
        message += f" {still_a_member(recorded.status)}"
    return succeed(recorded_json(recorded), message=message, status=201)


def _sale_page(found: EntryPage) -> Answer:
    items = [sale_json(sale) for sale in found.items]
    return list_page(items, page=found.page, limit=found.limit, total=found.total)
