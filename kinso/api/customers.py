"""Customers, one by one and in lists."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from kinso.api.envelope import Answer, Listing, Success, list_page, succeed
from kinso.api.failures import failures
from kinso.api.parameters import CustomerList
from kinso.api.route import JsonRoute
from kinso.api.schemas import CustomerDraftIn, CustomerOut, CustomerPatchIn, customer_json
from kinso.api.security import SignedIn
from kinso.models.customer import CustomerPage
from kinso.models.statistics import Statistics
from kinso.services.customers import (
    create_customer,
    delete_customer,
    get_customer,
    list_customers,
    update_customer,
)
from kinso.services.statistics import get_statistics

router = APIRouter(prefix="/customers", tags=["customers"], route_class=JsonRoute)

Id = Annotated[str, Path(alias="_id", description="The customer's `_id`, 24 hexadecimal digits.")]


@router.get("", response_model=Listing[CustomerOut], responses=failures(401, 403, 422, 503), summary="List customers")
def show_customers(caller: SignedIn, parameters: CustomerList) -> Answer:
    """Search looks for the text as it is in ID, name and contact, whatever its letter case; the newest come first."""
    found = list_customers(caller.store, caller.actor, parameters, page=parameters.page, limit=parameters.limit)
    return customer_page(found)


@router.post(
    "",
    status_code=201,
    response_model=Success[CustomerOut],
    responses=failures(400, 401, 403, 409, 413, 415, 422, 503),
    summary="Register a customer",
)
def register_customer(caller: SignedIn, draft: CustomerDraftIn) -> Answer:
    """409 when the `customerId` is taken, 422 with one error for each bad field."""
    created = create_customer(caller.store, caller.actor, draft)
    return succeed(customer_json(created), message=f"Customer {created.customer_id} is registered.", status=201)


@router.get("/stats", response_model=Success[Statistics], responses=failures(401, 403, 503), summary="Statistics")
def show_statistics(caller: SignedIn) -> Answer:
    """Six figures about all customers; “this month” is the shop's calendar month."""
    return succeed(get_statistics(caller.store, caller.actor).model_dump(mode="json", by_alias=True))


@router.get(
    "/{_id}", response_model=Success[CustomerOut], responses=failures(401, 403, 404, 503), summary="Show a customer"
)
def show_customer(caller: SignedIn, id: Id) -> Answer:
    """404 also when the `_id` is not one."""
    return succeed(customer_json(get_customer(caller.store, caller.actor, id)))


@router.put(
    "/{_id}",
    response_model=Success[CustomerOut],
    responses=failures(400, 401, 403, 404, 409, 413, 415, 422, 503),
    summary="Change a customer",
)
def change_customer(caller: SignedIn, id: Id, patch: CustomerPatchIn) -> Answer:
    """A field that is not sent keeps its value; 409 when `version` is sent and is not the present one any more."""
    changed = update_customer(caller.store, caller.actor, id, patch, version=patch.expected_version)
    return succeed(customer_json(changed), message=f"Customer {changed.customer_id} is saved.")


@router.delete(
    "/{_id}",
    response_model=Success[CustomerOut],
    responses=failures(401, 403, 404, 409, 503),
    summary="Delete a customer",
)
def remove_customer(caller: SignedIn, id: Id) -> Answer:
    """Answers with the customer as it was."""
    deleted = delete_customer(caller.store, caller.actor, id)
    return succeed(customer_json(deleted), message=f"Customer {deleted.customer_id} is deleted.")


def customer_page(found: CustomerPage) -> Answer:
    """A page of customers in the envelope."""
    items = [customer_json(customer) for customer in found.items]
    return list_page(items, page=found.page, limit=found.limit, total=found.total)
