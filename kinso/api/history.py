"""Bulk changes, and undoing them."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import Path
from pydantic import Field

from kinso.api.callers import SignedIn
from kinso.api.customers_bulk import RunDetailOut, RunOut, run_detail_json, run_json
from kinso.api.customers_schemas import example
from kinso.api.description import REPLAYED, open_to, with_headers
from kinso.api.envelope import Answer, Listing, Success, failures, list_page, succeed
from kinso.api.parameters import PageOnly
from kinso.api.requests import RepeatablePost
from kinso.api.route import part_of_api
from kinso.models.history import Run
from kinso.models.merging import Side
from kinso.models.validation import KnownFields
from kinso.services.history.runs import get_run, list_run_page
from kinso.services.history.undo import undo_run

router = part_of_api("/runs", "runs")


class UndoIn(KnownFields):
    """Of a merge: whose the sales are that were recorded since, in general and by sale ID; refunds go with them."""

    model_config = example({"since": "this", "sales": {"R-2041": "other"}})

    since: Side = "this"
    sales: dict[str, Side] = Field(default={})


_DEFAULTS = UndoIn()

RunId = Annotated[str, Path(alias="_id", description="The run's `_id`, 24 hexadecimal digits.")]


@router.get(
    "",
    response_model=Listing[RunOut],
    responses=failures(401, 403, 422, 503),
    summary="List bulk changes",
    openapi_extra=open_to(list_run_page),
)
def show_runs(caller: SignedIn, part: PageOnly) -> Answer:
    """Activations, imports, bulk edits and what undid them; the newest come first."""
    found = list_run_page(caller.store, caller.actor, page=part.page, limit=part.limit)
    return list_page([run_json(run) for run in found.items], page=found.page, limit=found.limit, total=found.total)


@router.get(
    "/{_id}",
    response_model=Success[RunDetailOut],
    responses=failures(401, 403, 404, 422, 503),
    summary="Show a bulk change",
    openapi_extra=open_to(get_run),
)
def show_run(caller: SignedIn, id: RunId) -> Answer:
    """With the customers that were not changed as planned, and why; 404 also when the `_id` is not one."""
    return succeed(run_detail_json(get_run(caller.store, caller.actor, id)))


@router.post(
    "/{_id}/undo",
    response_model=Success[RunDetailOut],
    responses=failures(400, 401, 403, 404, 409, 413, 415, 422, 503) | with_headers(200, REPLAYED),
    operation_id="undo_run",
    summary="Undo a bulk change",
    openapi_extra=open_to(undo_run),
)
def undo(caller: SignedIn, post: RepeatablePost, id: RunId, body: UndoIn = _DEFAULTS) -> Answer:
    """Answers with the run that undid it, and that can be undone itself, but for that of a merge.

    What somebody changed since is kept and named in `exceptions`; 409 when the run is not done or was undone already.
    Staff undo the merges that they made; anything else is for managers.
    """
    work = partial(undo_run, caller.store, caller.actor, id, since=body.since, sales=body.sales)
    return post.once_as_run(work, _tell)


def _tell(run: Run) -> Answer:
    changes = "1 change was" if run.changed == 1 else f"{run.changed:,} changes were"
    return succeed(run_detail_json(run), message=f"{changes} undone.")
