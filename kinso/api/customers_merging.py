"""Customers who may be the same person: pairs of them, merging two, and that two are not the same."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import BaseModel, Field, StrictInt

from kinso.api.callers import SignedIn
from kinso.api.customers import Id
from kinso.api.customers_bulk import RunDetailOut, run_detail_json
from kinso.api.customers_schemas import CUSTOMER_STORED, ID, CustomerOut, customer_json, example
from kinso.api.description import REPLAYED, open_to, with_headers
from kinso.api.envelope import Answer, Listing, Success, failures, list_page, succeed
from kinso.api.parameters import PageOnly
from kinso.api.requests import RepeatablePost
from kinso.api.route import part_of_api
from kinso.models.customers import DuplicatePair
from kinso.models.history import Run
from kinso.models.validation import KnownFields
from kinso.services.customers.duplicates import find_duplicate_pairs, forget_different, remember_different
from kinso.services.customers.merging import merge_customers

router = part_of_api("/customers", "customers")

_OTHER = "65b0a1f2c3d4e5f6a7b8c9d5"
_PAIR: dict[str, Any] = {
    "one": CUSTOMER_STORED,
    "other": {**CUSTOMER_STORED, "_id": _OTHER, "customerId": "C-1009"},
    "alike": ["phone", "similar name"],
    "reason": "the same phone number and nearly the same name",
}
With = Annotated[str, Path(alias="withId", description="The other customer's `_id`, 24 hexadecimal digits.")]


class PairOut(BaseModel):
    """Two customers who may be the same person; `one` was registered first. `alike` begins with what tells the most."""

    model_config = example(_PAIR)

    one: CustomerOut
    other: CustomerOut
    alike: list[str]
    reason: str


class MergeIn(KnownFields):
    """Whom to merge into this customer; `keep` says for some fields whose value stays, the amounts are added up.

    By default it is this one's unless that is empty; tags are united, notes put below each other, and whoever is a
    member stays one. With `version` and `withVersion`, only these versions are merged.
    """

    model_config = example({"with": _OTHER, "keep": {"contactInfo": "other"}})

    with_id: str = Field(alias="with")
    keep: dict[str, Literal["this", "other"]] = Field(default={})
    version: StrictInt | None = None
    with_version: StrictInt | None = Field(default=None, alias="withVersion")


class DifferentOut(BaseModel):
    """Two customers who are not the same person."""

    model_config = example({"_id": CUSTOMER_STORED["_id"], "with": _OTHER})

    id: str = Field(alias="_id", description=ID)
    with_id: str = Field(alias="with")


def _pair_json(pair: DuplicatePair) -> dict[str, Any]:
    return {
        "one": customer_json(pair.one),
        "other": customer_json(pair.other),
        "alike": list(pair.alike),
        "reason": pair.reason,
    }


@router.get(
    "/duplicates",
    response_model=Listing[PairOut],
    responses=failures(401, 403, 422, 503),
    summary="List likely duplicates",
    openapi_extra=open_to(find_duplicate_pairs),
)
def show_duplicates(caller: SignedIn, part: PageOnly) -> Answer:
    """Pairs of customers who may be the same person, the likeliest first; those known to be different are left out.

    What more than ten customers have, such as a number of the shop's own, makes no pairs.
    """
    offset = (part.page - 1) * part.limit
    found = find_duplicate_pairs(caller.store, caller.actor, limit=part.limit, offset=offset)
    return list_page([_pair_json(pair) for pair in found.items], page=part.page, limit=part.limit, total=found.total)


@router.post(
    "/{_id}/merge",
    response_model=Success[RunDetailOut],
    responses=failures(400, 401, 403, 404, 409, 413, 415, 422, 503) | with_headers(200, REPLAYED),
    operation_id="merge_customers",
    summary="Merge another customer into this one",
    openapi_extra=open_to(merge_customers),
)
def merge(caller: SignedIn, post: RepeatablePost, id: Id, body: MergeIn) -> Answer:
    """One person from then on, with the purchases, the history and the IDs of both; answers with the run.

    Undoing that run brings the other one back, at any time later.
    """

    def work(*, on_progress: object, on_done: Any) -> Run:
        return merge_customers(
            caller.store,
            caller.actor,
            id,
            body.with_id,
            body.keep,
            version=body.version,
            with_version=body.with_version,
            on_done=on_done,
        )

    return post.once_as_run(work, _tell)


@router.post(
    "/{_id}/different-from/{withId}",
    response_model=Success[DifferentOut],
    responses=failures(401, 403, 404, 409, 422, 503) | with_headers(200, REPLAYED),
    operation_id="remember_different",
    summary="Tell that two are not the same person",
    openapi_extra=open_to(remember_different),
)
def tell_apart(caller: SignedIn, post: RepeatablePost, id: Id, with_id: With) -> Answer:
    """From then on they are no likely duplicates."""

    def work() -> Answer:
        remember_different(caller.store, caller.actor, id, with_id)
        return succeed({"_id": id, "with": with_id}, message="These two are known to be different people.")

    return post.once(work)


@router.delete(
    "/{_id}/different-from/{withId}",
    response_model=Success[DifferentOut],
    responses=failures(401, 403, 404, 422, 503),
    operation_id="forget_different",
    summary="Withdraw that two are not the same person",
    openapi_extra=open_to(forget_different),
)
def stop_telling_apart(caller: SignedIn, id: Id, with_id: With) -> Answer:
    """404 when nobody said so."""
    forget_different(caller.store, caller.actor, id, with_id)
    return succeed({"_id": id, "with": with_id}, message="These two may be the same person again.")


def _tell(run: Run) -> Answer:
    this, other = (run.parameters[side]["customerId"] for side in ("this", "other"))
    return succeed(run_detail_json(run), message=f"Customer {other} was merged into customer {this}.")
