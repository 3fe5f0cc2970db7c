"""What is told to programs that keep a copy of all customers."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from kinso.api.callers import Caller
from kinso.api.customers_schemas import CUSTOMER_STORED, ID, CustomerOut, customer_json, example
from kinso.api.envelope import Answer, Listing, Pagination
from kinso.api.lookups import SharedLookups
from kinso.api.parameters import ListParameters
from kinso.errors import FieldError, InvalidInput
from kinso.models.accounts import Actor
from kinso.models.customers_sync import ChangedPage, Cursor, Deletion
from kinso.models.transfer.cells import written_moment
from kinso.repository.store import Store
from kinso.services.customers.sync import list_changed

_DELETED = {
    "_id": CUSTOMER_STORED["_id"],
    "customerId": CUSTOMER_STORED["customerId"],
    "deletedAt": "2026-02-02T08:15:00.500Z",
}
_NEUTRAL: dict[str, tuple[Any, ...]] = {
    "page": (1,),
    "sort_by": ("createdAt", "updatedAt"),
    "sort_order": ("asc", "desc"),
}
"""What the answers are like anyway, and what generated clients send when nobody asks for anything."""


class DeletedOut(BaseModel):
    """A customer who was deleted. Who came back since is among the customers, here or later."""

    model_config = example(_DELETED)

    id: str = Field(alias="_id", description=ID)
    customer_id: str = Field(alias="customerId")
    deleted_at: datetime = Field(alias="deletedAt")


class CustomerPagination(Pagination):
    """Where a page is in its result; with `updatedSince` also who is not there any more, and how to go on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"page": 1, "limit": 10, "total": 1, "totalPages": 1}]})

    nextCursor: str | SkipJsonSchema[None] = Field(  # noqa: N815
        default=None, description="With `updatedSince`: what to send as `cursor` next time; to be kept with the data."
    )
    more: bool | SkipJsonSchema[None] = Field(
        default=None, description="With `updatedSince`: whether there is more already."
    )
    deleted: list[DeletedOut] | SkipJsonSchema[None] = Field(
        default=None, description="With `updatedSince`: who was deleted; to be applied before `data`."
    )


class CustomerListing(Listing[CustomerOut]):
    """One page of customers."""

    pagination: CustomerPagination


def _render(asked: tuple[Store, Actor, datetime | Cursor, int], _ids: Collection[str]) -> bytes:
    store, actor, since, limit = asked
    found = list_changed(store, actor, since, limit=limit)
    return bytes(Answer(_page_json(found, limit)).body)


_answers = SharedLookups(_render)


async def tell_changed(caller: Caller, parameters: ListParameters) -> Answer:
    """Who was changed or deleted since then, in the envelope; raises `InvalidInput` for what does not go with that."""
    since = parameters.cursor or parameters.updated_since
    if since is None:
        raise ValueError("A list of everybody is told by pages.")
    _refuse_others(parameters)
    return Answer(await _answers((caller.store, caller.actor, since, parameters.limit)))


def _refuse_others(parameters: ListParameters) -> None:
    """A copy of some would keep those who cease to be among them."""
    mine = "cursor" if parameters.cursor else "updatedSince"
    for name in parameters.model_fields_set - {"updated_since", "cursor", "limit"}:
        field = ListParameters.model_fields[name]
        if getattr(parameters, name) not in _NEUTRAL.get(name, ("", None)):
            raise InvalidInput([FieldError(mine, f"{mine} goes with limit only; leave {field.alias} out.")])


def _page_json(found: ChangedPage, limit: int) -> dict[str, Any]:
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
