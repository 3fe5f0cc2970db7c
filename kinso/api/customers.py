"""Customers one by one, in lists, and for programs that keep a copy of all of them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import Path
from starlette.responses import Response

from kinso.api.callers import Caller, SharedLookups, SignedIn
from kinso.api.customers_schemas import (
    CustomerDraftIn,
    CustomerListing,
    CustomerOut,
    CustomerPatchIn,
    NextIdOut,
    RegisteredOut,
    StatisticsOut,
    customer_json,
    still_a_member,
    warning_json,
)
from kinso.api.description import ETAG, NOT_MODIFIED, REPLAYED, open_to, with_headers
from kinso.api.envelope import Answer, Success, failures, list_page, succeed
from kinso.api.parameters import CustomerList, ListParameters, PageParameters
from kinso.api.requests import Matching, NotMatching, RepeatablePost, tell_customer
from kinso.api.route import OneOfManyRoute, part_of_api
from kinso.errors import CUSTOMER_GONE, FieldError, InvalidInput, NotFound
from kinso.models.accounts import Actor
from kinso.models.customers import Customer, CustomerQuery
from kinso.models.customers_sync import ChangedPage, Cursor, Deletion
from kinso.models.insights import Statistics
from kinso.models.transfer.cells import written_moment
from kinso.repository.store import Store
from kinso.services.customers.editing import (
    create_customer,
    delete_customer,
    get_customer,
    list_customers,
    update_customer,
)
from kinso.services.customers.finding import get_customers, list_changed
from kinso.services.customers.registering import find_duplicates_of, propose_customer_id
from kinso.services.facts import get_facts
from kinso.services.insights import get_statistics
from kinso.services.membership.eligibility import find_below
from kinso.services.segments import query_of_segment

router = part_of_api("/customers", "customers", route_class=OneOfManyRoute)

Reader = tuple[Store, Actor]
Id = Annotated[str, Path(alias="_id", description="The customer's `_id`, 24 hexadecimal digits.")]


def _get_customers(reader: Reader, ids: Collection[str]) -> dict[str, Customer]:
    return get_customers(*reader, ids)


def _render_page(
    asked: tuple[Store, Actor, CustomerQuery, PageParameters, tuple[str, ...], str | None], _ids: Collection[str]
) -> bytes:
    """In a thread as well, because a long page keeps everybody else waiting."""
    store, actor, query, part, facts, segment = asked
    if segment is not None:
        query = query_of_segment(store, actor, segment, query)
    found = list_customers(store, actor, query, page=part.page, limit=part.limit)
    items = [customer_json(customer) for customer in found.items]
    if facts:
        told = get_facts(store, actor, [customer.id for customer in found.items], facts)
        items = [{**item, "facts": told.get(item["_id"], {})} for item in items]
    return bytes(list_page(items, page=found.page, limit=found.limit, total=found.total).body)


def _get_statistics(reader: Reader, _ids: Collection[str]) -> Statistics:
    return get_statistics(*reader)


_customers = SharedLookups(_get_customers)
_pages = SharedLookups(_render_page)
_statistics = SharedLookups(_get_statistics)


async def tell_page(
    caller: Caller,
    query: CustomerQuery,
    part: PageParameters,
    facts: tuple[str, ...] = (),
    segment: str | None = None,
) -> Answer:
    """One page of a query's customers in the envelope, each with these facts; only those of the segment, if given."""
    return Answer(await _pages((caller.store, caller.actor, query, part, facts, segment)))


@router.get(
    "",
    response_model=CustomerListing,
    responses=failures(401, 403, 404, 409, 422, 503),
    summary="List customers",
    openapi_extra=open_to(list_customers),
)
async def show_customers(caller: SignedIn, parameters: CustomerList) -> Answer:
    """Search looks for the text as it is in ID, name, contact, notes and tags. The newest come first.

    With `updatedSince`, and then with `cursor`, it tells programs that keep a copy who was changed and who was deleted.
    Both go with `limit` only.
    """
    if parameters.cursor or parameters.updated_since:
        return await tell_changed(caller, parameters)
    return await tell_page(caller, parameters, parameters, parameters.fact_names, parameters.segment)


@router.post(
    "",
    status_code=201,
    response_model=Success[RegisteredOut],
    responses=failures(400, 401, 403, 409, 413, 415, 422, 503) | with_headers(201, ETAG, REPLAYED),
    summary="Register a customer",
    openapi_extra=open_to(create_customer),
)
def register_customer(caller: SignedIn, post: RepeatablePost, draft: CustomerDraftIn) -> Answer:
    """409 when the `customerId` is taken, 422 with one error for each bad field.

    Whoever may be the same person, for example because of the phone number, is named in `warnings` and the message.
    """

    def register() -> Answer:
        duplicates = find_duplicates_of(caller.store, caller.actor, draft)
        created = create_customer(caller.store, caller.actor, draft)
        told = [f"Customer {created.customer_id} is registered.", *(duplicate.message for duplicate in duplicates)]
        more = {"warnings": [warning_json(duplicate) for duplicate in duplicates]} if duplicates else {}
        return tell_customer(created, message=" ".join(told), status=201, more=more)

    return post.once(register)


@router.get(
    "/next-id",
    response_model=Success[NextIdOut],
    responses=failures(401, 403, 422, 503),
    summary="Propose a customer ID",
    openapi_extra=open_to(propose_customer_id),
)
def propose_id(caller: SignedIn) -> Answer:
    """The next free one in the pattern that most of the recent ones have; it is not reserved."""
    return succeed({"customerId": propose_customer_id(caller.store, caller.actor)})


@router.get(
    "/stats",
    response_model=Success[StatisticsOut],
    responses=failures(401, 403, 422, 503),
    summary="Statistics",
    openapi_extra=open_to(get_statistics),
)
async def show_statistics(caller: SignedIn) -> Answer:
    """Six figures about all customers; “this month” is the shop's calendar month."""
    figures = await _statistics((caller.store, caller.actor))
    return succeed(figures.model_dump(mode="json", by_alias=True))


@router.get(
    "/{_id}",
    response_model=Success[CustomerOut],
    responses=failures(401, 403, 404, 422, 503) | NOT_MODIFIED | with_headers(200, ETAG),
    summary="Show a customer",
    openapi_extra=open_to(get_customer),
)
async def show_customer(caller: SignedIn, id: Id, condition: NotMatching) -> Response:
    """404 also when the `_id` is not one."""
    found = await _customers((caller.store, caller.actor), id)
    customer = found.get(id.lower())
    if customer is None:
        raise NotFound(CUSTOMER_GONE)
    return condition.unless_known(customer)


@router.put(
    "/{_id}",
    response_model=Success[CustomerOut],
    responses=failures(400, 401, 403, 404, 409, 412, 413, 415, 422, 503) | with_headers(200, ETAG),
    summary="Change a customer",
    openapi_extra=open_to(update_customer),
)
def change_customer(caller: SignedIn, id: Id, patch: CustomerPatchIn, condition: Matching) -> Answer:
    """A field that is not sent keeps its value; 409 when `version` is sent and is not the present one any more.

    The message says when a new purchase amount leaves a member below the threshold.
    """
    version = condition.version(_present(caller, id), in_body=patch.expected_version)
    with condition.judged():
        changed = update_customer(caller.store, caller.actor, id, patch, version=version)
    message = f"Customer {changed.customer_id} is saved."
    if "purchase_amount" in patch.model_fields_set:
        below = find_below(caller.store, caller.actor, [changed])
        message = " ".join([message, *map(still_a_member, below)])
    return tell_customer(changed, message=message)


@router.delete(
    "/{_id}",
    response_model=Success[CustomerOut],
    responses=failures(401, 403, 404, 412, 422, 503),
    summary="Delete a customer",
    openapi_extra=open_to(delete_customer),
)
def remove_customer(caller: SignedIn, id: Id, condition: Matching) -> Answer:
    """Answers with the customer as it was; it is in the trash for a while and can be brought back from there.

    Its purchase amount leaves the statistics; what it bought stays in the revenue.
    """
    version = condition.version(_present(caller, id))
    with condition.judged():
        deleted = delete_customer(caller.store, caller.actor, id, version=version)
    message = f"Customer {deleted.customer_id} is deleted; what was bought stays in the revenue."
    return succeed(customer_json(deleted), message=message)


def _present(caller: Caller, id: str) -> Callable[[], Customer]:
    return partial(get_customer, caller.store, caller.actor, id)


_NEUTRAL: dict[str, tuple[Any, ...]] = {
    "page": (1,),
    "sort_by": ("createdAt", "updatedAt"),
    "sort_order": ("asc", "desc"),
}
"""What the answers are like anyway, and what generated clients send when nobody asks for anything."""


def _render_changed(asked: tuple[Store, Actor, datetime | Cursor, int], _ids: Collection[str]) -> bytes:
    store, actor, since, limit = asked
    found = list_changed(store, actor, since, limit=limit)
    return bytes(Answer(_changed_json(found, limit)).body)


_changed_pages = SharedLookups(_render_changed)


async def tell_changed(caller: Caller, parameters: ListParameters) -> Answer:
    """Who was changed or deleted since then, in the envelope; raises `InvalidInput` for what does not go with that."""
    since = parameters.cursor or parameters.updated_since
    if since is None:
        raise ValueError("A list of everybody is told by pages.")
    _refuse_others(parameters)
    return Answer(await _changed_pages((caller.store, caller.actor, since, parameters.limit)))


def _refuse_others(parameters: ListParameters) -> None:
    """A copy of some would keep those who cease to be among them."""
    mine = "cursor" if parameters.cursor else "updatedSince"
    for name in parameters.model_fields_set - {"updated_since", "cursor", "limit"}:
        field = ListParameters.model_fields[name]
        if getattr(parameters, name) not in _NEUTRAL.get(name, ("", None)):
            raise InvalidInput([FieldError(mine, f"{mine} goes with limit only; leave {field.alias} out.")])


def _changed_json(found: ChangedPage, limit: int) -> dict[str, Any]:
    pagination = {
        "page": found.page,
        "limit": limit,
        "total": found.total,
        "totalPages": -(-found.total // limit),
        "nextCursor": found.cursor.written(),
        "more": found.more,
        "deleted": [_deleted_json(deletion) for deletion in found.deletions],
    }
    customers = [customer_json(customer) for customer in found.customers]
    return {"success": True, "data": customers, "pagination": pagination}


def _deleted_json(deletion: Deletion) -> dict[str, Any]:
    return {
        "_id": deletion.customer,
        "customerId": deletion.customer_id,
        "deletedAt": written_moment(deletion.deleted_at),
    }
