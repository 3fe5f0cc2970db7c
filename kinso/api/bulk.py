"""Many customers at once."""

from __future__ import annotations

from typing import Any

from kinso.api.bulk_schemas import BulkIn, BulkOut, bulk_json
from kinso.api.description import REPLAYED, open_to, with_headers
from kinso.api.envelope import Answer, Success, succeed
from kinso.api.failures import failures
from kinso.api.repeatable import RepeatablePost
from kinso.api.route import part_of_api
from kinso.api.security import SignedIn
from kinso.models.accounts import Permission
from kinso.services.customers.bulk import upsert_customers

router = part_of_api("/customers", "customers")


@router.post(
    "/bulk",
    response_model=Success[BulkOut],
    responses=failures(400, 401, 403, 409, 413, 415, 422, 503) | with_headers(200, REPLAYED),
    summary="Register and change many customers",
    openapi_extra=open_to(Permission.IMPORT),
)
def save_customers(caller: SignedIn, post: RepeatablePost, body: BulkIn) -> Answer:
    """Up to 1,000 customers, created or changed by their `customerId`, as one run that can be undone.

    A field that a row does not name keeps its value; a row with `version` is refused when the customer has another one.
    With `all-or-nothing` any row that is not acceptable refuses the whole list with 422; with `per-row` the others are
    written, and each result tells what became of its row.
    """

    def save() -> Answer:
        done = upsert_customers(
            caller.store, caller.actor, body.customers, all_or_nothing=body.mode == "all-or-nothing"
        )
        told = bulk_json(done)
        return succeed(told, message=_in_words(told))

    return post.once(Permission.IMPORT, save)


def _in_words(told: dict[str, Any]) -> str:
    counts = [f"{told[outcome]:,} {outcome}" for outcome in ("created", "updated", "unchanged", "failed")]
    return f"Customers: {', '.join(counts)}."
