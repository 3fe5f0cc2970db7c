"""Who is a member."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

from fastapi import Path

from kinso.api.callers import SignedIn
from kinso.api.customers import Id, tell_page
from kinso.api.customers_schemas import ActivationIn, ActivationOut, CustomerOut, MembershipIn
from kinso.api.description import ETAG, REPLAYED, open_to, with_headers
from kinso.api.envelope import Answer, Listing, Success, failures, succeed
from kinso.api.parameters import StatusList
from kinso.api.requests import Matching, RepeatablePost, tell_customer
from kinso.api.route import part_of_api
from kinso.models.history import Run
from kinso.services.customers.editing import get_customer, list_customers, set_membership
from kinso.services.membership.activation import activate_at_threshold, count_eligible

router = part_of_api("/customers/membership", "membership")

_DEFAULTS = ActivationIn()
Status = Annotated[Literal["true", "false"], Path(alias="membershipStatus")]


@router.put(
    "/update/{_id}",
    response_model=Success[CustomerOut],
    responses=failures(400, 401, 403, 404, 409, 412, 413, 415, 422, 503) | with_headers(200, ETAG),
    summary="Make a customer a member or not",
    openapi_extra=open_to(set_membership),
)
def change_membership(caller: SignedIn, id: Id, body: MembershipIn, condition: Matching) -> Answer:
    """Does nothing when the customer has that status already; 409 when `version` is sent and is not the present one."""
    present = partial(get_customer, caller.store, caller.actor, id)
    version = condition.version(present, in_body=body.expected_version)
    status = body.membership_status
    with condition.judged():
        changed = set_membership(caller.store, caller.actor, id, membership_status=status, version=version)
    state = "a member" if changed.membership_status else "not a member"
    return tell_customer(changed, message=f"Customer {changed.customer_id} is {state} now.")


@router.get(
    "/by-status/{membershipStatus}",
    response_model=Listing[CustomerOut],
    responses=failures(401, 403, 422, 503),
    summary="List members or non-members",
    openapi_extra=open_to(list_customers),
)
async def show_by_status(caller: SignedIn, status: Status, parameters: StatusList) -> Answer:
    """The newest come first, unless `sortBy` says otherwise; the other filters are those of the whole list."""
    return await tell_page(caller, parameters.query(membership_status=status == "true"), parameters)


@router.post(
    "/auto-activate",
    response_model=Success[ActivationOut],
    responses=failures(400, 401, 403, 409, 413, 415, 422, 503) | with_headers(200, REPLAYED),
    summary="Make everyone a member who spent enough",
    openapi_extra=open_to(activate_at_threshold),
)
def auto_activate(caller: SignedIn, post: RepeatablePost, body: ActivationIn = _DEFAULTS) -> Answer:
    """Non-members at or above `threshold` become members, as one run that can be undone.

    What is compared with it is what the shop's rule counts, by default the purchase amount.
    """
    if body.dry_run:
        count = count_eligible(caller.store, caller.actor, body.threshold)
        return succeed({"updatedCount": count, "runId": None}, message=f"{count} would become members.")
    activate = partial(activate_at_threshold, caller.store, caller.actor, body.threshold)
    return post.once_as_run(activate, _tell_activation)


def _tell_activation(run: Run) -> Answer:
    return succeed({"updatedCount": run.changed, "runId": run.id}, message=f"{run.changed} became members.")
