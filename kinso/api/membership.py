"""Who is a member."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path

from kinso.api.customers import Id, customer_page
from kinso.api.envelope import Answer, Listing, Success, succeed
from kinso.api.failures import failures
from kinso.api.parameters import PageOnly
from kinso.api.route import JsonRoute
from kinso.api.schemas import ActivationIn, ActivationOut, CustomerOut, MembershipIn, customer_json
from kinso.api.security import SignedIn
from kinso.models.customer import CustomerQuery
from kinso.services.customers import list_customers, set_membership
from kinso.services.membership import activate_at_threshold, count_eligible

router = APIRouter(prefix="/customers/membership", tags=["membership"], route_class=JsonRoute)

_DEFAULTS = ActivationIn()
Status = Annotated[Literal["true", "false"], Path(alias="membershipStatus")]


@router.put(
    "/update/{_id}",
    response_model=Success[CustomerOut],
    responses=failures(400, 401, 403, 404, 409, 413, 415, 422, 503),
    summary="Make a customer a member or not",
)
def change_membership(caller: SignedIn, id: Id, body: MembershipIn) -> Answer:
    """Does nothing when the customer has that status already."""
    changed = set_membership(caller.store, caller.actor, id, membership_status=body.membership_status)
    state = "a member" if changed.membership_status else "not a member"
    return succeed(customer_json(changed), message=f"Customer {changed.customer_id} is {state} now.")


@router.get(
    "/by-status/{membershipStatus}",
    response_model=Listing[CustomerOut],
    responses=failures(401, 403, 422, 503),
    summary="List members or non-members",
)
def show_by_status(caller: SignedIn, status: Status, part: PageOnly) -> Answer:
    """The newest come first."""
    query = CustomerQuery(membership_status=status == "true")
    return customer_page(list_customers(caller.store, caller.actor, query, page=part.page, limit=part.limit))


@router.post(
    "/auto-activate",
    response_model=Success[ActivationOut],
    responses=failures(400, 401, 403, 409, 413, 415, 422, 503),
    summary="Make everyone a member who spent enough",
)
def auto_activate(caller: SignedIn, body: ActivationIn = _DEFAULTS) -> Answer:
    """Non-members with a purchase amount at or above `threshold` become members, as one run that can be undone."""
    if body.dry_run:
        count = count_eligible(caller.store, caller.actor, body.threshold)
        return succeed({"updatedCount": count, "runId": None}, message=f"{count} would become members.")
    run = activate_at_threshold(caller.store, caller.actor, body.threshold)
    return succeed({"updatedCount": run.changed, "runId": run.id}, message=f"{run.changed} became members.")
