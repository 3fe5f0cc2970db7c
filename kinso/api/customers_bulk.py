"""Many customers at once."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, TypeAdapter
from pydantic.json_schema import JsonSchemaValue, SkipJsonSchema
from pydantic_core import CoreSchema

from kinso.api.callers import SignedIn
from kinso.api.customers_schemas import (
    CUSTOMER_EXAMPLE,
    CUSTOMER_STORED,
    ID,
    CustomerOut,
    WarningOut,
    customer_json,
    example,
    warning_json,
)
from kinso.api.description import REPLAYED, open_to, with_headers
from kinso.api.envelope import Answer, FieldProblem, Success, failures, succeed
from kinso.api.requests import RepeatablePost
from kinso.api.route import part_of_api
from kinso.models.accounts import Source
from kinso.models.history import Run, RunKind, RunStatus
from kinso.models.transfer.cells import written_moment
from kinso.services.customers.bulk import MOST_ROWS, BulkOutcome, CustomerRow, Outcome, RowOutcome, upsert_customers

_BULK: dict[str, Any] = {
    "mode": "all-or-nothing",
    "customers": [
        CUSTOMER_EXAMPLE,
        {"customerId": "C-1002", "customerName": "Bea Moss", "contactInfo": "+880 171 234567"},
    ],
}
_RESULTS: list[dict[str, Any]] = [
    {"index": 0, "customerId": "C-1001", "outcome": "created", "customer": CUSTOMER_STORED},
    {
        "index": 1,
        "customerId": "C-1003",
        "outcome": "failed",
        "errors": [{"field": "customerName", "message": "Customer name is required."}],
    },
]
_RUN: dict[str, Any] = {
    "_id": "65b0a1f2c3d4e5f6a7b8c9e0",
    "kind": "auto-activation",
    "status": "done",
    "byName": "Ada",
    "source": "api",
    "parameters": {"threshold": 1000.0},
    "matched": 13,
    "changed": 12,
    "exceptionCount": 1,
    "startedAt": "2026-01-31T09:30:00.000Z",
    "finishedAt": "2026-01-31T09:30:00.250Z",
    "undoneBy": "65b0a1f2c3d4e5f6a7b8c9e1",
}
_EXCEPTION = {
    "_id": "65b0a1f2c3d4e5f6a7b8c9d0",
    "customerId": "C-1001",
    "outcome": "skipped",
    "reason": "was changed by someone else meanwhile",
}
_CHECKED_ROWS: dict[str, Any] = {
    "if": {"properties": {"mode": {"const": "all-or-nothing"}}},
    "then": {"properties": {"customers": {"items": {"$ref": "#/components/schemas/CustomerRow"}}}},
}
"""Rows have to be right only where one bad row refuses all."""


class UncheckedRow(BaseModel):
    """With `per-row` each customer is looked at for itself: what is wrong with it is in its result."""


class _DescribedAs:
    """What a value looks like in the description; what is really there is checked elsewhere."""

    def __init__(self, kind: Any) -> None:
        self._schema = TypeAdapter(kind).core_schema

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(self._schema)


_Row = Annotated[dict[str, Any], _DescribedAs(CustomerRow | UncheckedRow)]


class BulkRowOut(BaseModel):
    """What became of one customer of the list; `customerId` is null when what was sent is no text."""

    model_config = example(*_RESULTS)

    index: int = Field(ge=0, description="The place in the list, counted from 0.")
    customer_id: str | None = Field(alias="customerId")
    outcome: Outcome
    customer: CustomerOut | SkipJsonSchema[None] = Field(default=None, description="As it is now; not when it failed.")
    warnings: list[WarningOut] | SkipJsonSchema[None] = Field(
        default=None, description="Who was there already and may be the same person as a new one."
    )
    errors: list[FieldProblem] | SkipJsonSchema[None] = Field(default=None, description="Why it failed.")


class BulkOut(BaseModel):
    """One result for each customer, in the order of the list; `runId` is null when nothing was written."""

    model_config = example(
        {"runId": _RUN["_id"], "created": 1, "updated": 0, "unchanged": 0, "failed": 1, "results": _RESULTS}
    )

    run_id: str | None = Field(alias="runId")
    created: int = Field(ge=0)
    updated: int = Field(ge=0)
    unchanged: int = Field(ge=0)
    failed: int = Field(ge=0)
    results: list[BulkRowOut]


class RunExceptionOut(BaseModel):
    """A customer who was not changed as planned; `reason` is the rest of a sentence that begins with the customer."""

    model_config = example(_EXCEPTION)

    id: str = Field(alias="_id", description=ID)
    customer_id: str = Field(alias="customerId")
    outcome: Literal["skipped", "kept", "failed"]
    reason: str


class RunOut(BaseModel):
    """One bulk change; `parameters` repeat what it was asked to do, `undoneBy` is the run that undid it."""

    model_config = example(_RUN)

    id: str = Field(alias="_id")
    kind: RunKind
    status: RunStatus
    by_name: str = Field(alias="byName")
    source: Source
    parameters: dict[str, Any]
    matched: int = Field(ge=0, description="How many customers it set out to change.")
    changed: int = Field(ge=0, description="How many it changed.")
    exception_count: int = Field(alias="exceptionCount", ge=0)
    started_at: datetime = Field(alias="startedAt")
    finished_at: datetime | None = Field(alias="finishedAt")
    undone_by: str | None = Field(alias="undoneBy")


class RunDetailOut(RunOut):
    """One bulk change, with the first 1,000 customers that were not changed as planned."""

    model_config = example({**_RUN, "runId": _RUN["_id"], "exceptions": [_EXCEPTION]})

    run_id: str = Field(
        alias="runId", description="The same as `_id`: what every answer calls the run that a request began."
    )
    exceptions: list[RunExceptionOut]


class BulkIn(BaseModel):
    """Customers to create or update by `customerId`, whatever its letter case; each ID at most once."""

    model_config = ConfigDict(json_schema_extra={"examples": [_BULK], **_CHECKED_ROWS}, extra="forbid")

    mode: Literal["all-or-nothing", "per-row"]
    customers: list[_Row] = Field(min_length=1, max_length=MOST_ROWS)


def bulk_json(done: BulkOutcome) -> dict[str, Any]:
    """What became of a list of customers; `BulkOut` describes it."""
    counts = Counter(row.outcome for row in done.rows)
    return {
        "runId": done.run.id if done.run else None,
        **{outcome: counts[outcome] for outcome in get_args(Outcome)},
        "results": [_bulk_row_json(row) for row in done.rows],
    }


def run_json(run: Run) -> dict[str, Any]:
    """The run as JSON values; `RunOut` describes them."""
    return {
        "_id": run.id,
        "kind": run.kind,
        "status": run.status,
        "byName": run.by_name,
        "source": run.source,
        "parameters": run.model_dump(mode="json", include={"parameters"})["parameters"],
        "matched": run.matched,
        "changed": run.changed,
        "exceptionCount": run.exception_count,
        "startedAt": written_moment(run.started_at),
        "finishedAt": written_moment(run.finished_at) if run.finished_at else None,
        "undoneBy": run.undone_by,
    }


def run_detail_json(run: Run) -> dict[str, Any]:
    """The run with its exceptions; `RunDetailOut` describes it."""
    exceptions = [
        {"_id": one.customer, "customerId": one.customer_id, "outcome": one.outcome, "reason": one.reason}
        for one in run.exceptions
    ]
    return {**run_json(run), "runId": run.id, "exceptions": exceptions}


def _bulk_row_json(row: RowOutcome) -> dict[str, Any]:
    told: dict[str, Any] = {"index": row.index, "customerId": row.customer_id, "outcome": row.outcome}
    if row.customer:
        told["customer"] = customer_json(row.customer)
    if row.duplicates:
        told["warnings"] = [warning_json(duplicate) for duplicate in row.duplicates]
    if row.errors:
        told["errors"] = [{"field": error.field, "message": error.message} for error in row.errors]
    return told


router = part_of_api("/customers", "customers")


@router.post(
    "/bulk",
    response_model=Success[BulkOut],
    responses=failures(400, 401, 403, 409, 413, 415, 422, 503) | with_headers(200, REPLAYED),
    summary="Register and change many customers",
    openapi_extra=open_to(upsert_customers),
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

    return post.once(save)


def _in_words(told: dict[str, Any]) -> str:
    counts = [f"{told[outcome]:,} {outcome}" for outcome in ("created", "updated", "unchanged", "failed")]
    return f"Customers: {', '.join(counts)}."
