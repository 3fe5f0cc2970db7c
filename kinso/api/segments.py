"""Segments: filters over customers that have a name."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from typing import Annotated, Any, ClassVar

from fastapi import Path
from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema

from kinso.api.callers import Caller, SignedIn
from kinso.api.customers import tell_page
from kinso.api.customers_schemas import (
    CUSTOMER_STORED,
    CustomerListing,
    CustomerOut,
    VersionedChange,
    customer_json,
    example,
)
from kinso.api.description import ETAG, REPLAYED, open_to, with_headers
from kinso.api.envelope import Answer, Success, failures, succeed
from kinso.api.parameters import CustomersOfSegment
from kinso.api.requests import Matching, RepeatablePost, etag_of
from kinso.api.route import OneOfManyRoute, part_of_api
from kinso.models.segments import Color, CountedSegment, Segment, SegmentDraft, SegmentPatch, SegmentTemplate
from kinso.models.transfer.cells import written_moment
from kinso.models.validation import KnownFields
from kinso.services.segment_moves import get_moves
from kinso.services.segments import (
    create_segment,
    delete_segment,
    get_segment,
    list_segments,
    list_templates,
    query_of_segment,
    update_segment,
)


class SegmentRoute(OneOfManyRoute):
    """A call about one segment, or one that has a fixed address."""

    fixed: ClassVar[frozenset[str]] = frozenset({"templates"})


router = part_of_api("/segments", "segments", route_class=SegmentRoute)

_TEMPLATE: dict[str, Any] = {
    "name": "Regulars",
    "description": "At least 5 purchases, the latest in the last 90 days.",
    "filter": {
        "all": [
            {"fact": "saleCount", "is": ">=", "value": 5},
            {"fact": "lastPurchase", "is": "inLast", "value": 90},
        ]
    },
}
_DRAFT: dict[str, Any] = {**_TEMPLATE, "color": "green", "shared": False}
_SEGMENT: dict[str, Any] = {
    "_id": "65b0a1f2c3d4e5f6a7b8c9f0",
    **_DRAFT,
    "count": 37,
    "change30Days": -2,
    "createdBy": "Ada",
    "createdAt": "2026-01-31T09:30:00.000Z",
    "updatedAt": "2026-01-31T09:30:00.000Z",
    "version": 1,
}
_MOVES: dict[str, Any] = {
    "since": "2026-01-24",
    "entered": {"count": 1, "customers": [CUSTOMER_STORED]},
    "left": {"count": 0, "customers": []},
}
_OF_A_WHOLE = frozenset({"_id", "count", "change30Days", "problem", "createdBy", "createdAt", "updatedAt", "version"})
_FILTER = "What GET /customers takes as `filter`: a condition, or a group of them."

Id = Annotated[str, Path(alias="_id", description="The segment's `_id`, 24 hexadecimal digits.")]
JsonFilter = Annotated[dict[str, Any], Field(description=_FILTER)]


class SegmentOut(BaseModel):
    """A segment: for everybody if it is `shared`, else for the person who made it.

    `count` is how many customers meet it now. It is null when the filter cannot be asked any more, because a field was
    removed for example; then `problem` says why. `change30Days` is by how many more these are than thirty days ago, and
    null until that is known.
    """

    model_config = example(_SEGMENT)

    id: str = Field(alias="_id")
    name: str
    description: str
    color: Color
    shared: bool
    filter: JsonFilter
    count: int | None = Field(ge=0)
    change_30_days: int | None = Field(alias="change30Days")
    problem: str | SkipJsonSchema[None] = None
    created_by: str = Field(alias="createdBy")
    created_at: datetime = Field(alias="createdAt")
    updated_at: datetime = Field(alias="updatedAt")
    version: int = Field(ge=1)


class MovedOut(BaseModel):
    """How many they are, and the first 100 of those who are still there."""

    model_config = example(_MOVES["entered"])

    count: int = Field(ge=0)
    customers: list[CustomerOut]


class SegmentMovesOut(BaseModel):
    """Who came to a segment and who left it since that day, at most a week ago; null while nothing is noted yet.

    Whoever came and left again is in neither.
    """

    model_config = example(_MOVES)

    since: date | None
    entered: MovedOut
    left: MovedOut


class TemplateOut(BaseModel):
    """A segment that is often wanted, to be kept as it is or changed."""

    model_config = example(_TEMPLATE)

    name: str
    description: str
    filter: JsonFilter


class SegmentDraftIn(KnownFields, SegmentDraft):
    """A new segment; its name is none that you see already, whatever the letter case."""

    model_config = example(_DRAFT)
    of_a_whole: ClassVar[frozenset[str]] = _OF_A_WHOLE


class SegmentPatchIn(VersionedChange, SegmentPatch):
    """Some fields of a segment; what is not sent keeps its value.

    With `version`, the change is refused when someone else changed the segment since it had that version.
    """

    model_config = example({"name": "Our regulars", "shared": True, "version": 1})
    of_a_whole: ClassVar[frozenset[str]] = _OF_A_WHOLE


@router.get(
    "",
    response_model=Success[list[SegmentOut]],
    responses=failures(401, 403, 422, 503),
    summary="List segments",
    openapi_extra=open_to(list_segments),
)
def show_segments(caller: SignedIn) -> Answer:
    """Those that are shared and your own, by name."""
    return succeed([segment_json(segment) for segment in list_segments(caller.store, caller.actor)])


@router.post(
    "",
    status_code=201,
    response_model=Success[SegmentOut],
    responses=failures(400, 401, 403, 409, 413, 415, 422, 503) | with_headers(201, ETAG, REPLAYED),
    summary="Keep a filter as a segment",
    openapi_extra=open_to(create_segment),
)
def add_segment(caller: SignedIn, post: RepeatablePost, draft: SegmentDraftIn) -> Answer:
    """409 when there is one with that name; 403 when it is to be `shared` and the role does not allow that."""

    def add() -> Answer:
        added = create_segment(caller.store, caller.actor, draft)
        return tell_segment(added, message=f"{added.segment.title} is kept.", status=201)

    return post.once(add)


@router.get(
    "/templates",
    response_model=Success[list[TemplateOut]],
    responses=failures(401, 403, 422, 503),
    summary="List ready-made segments",
    openapi_extra=open_to(list_templates),
)
def show_segment_templates(caller: SignedIn) -> Answer:
    """Nothing is stored of them: POST what you want to keep."""
    return succeed([template_json(template) for template in list_templates(caller.store, caller.actor)])


@router.get(
    "/{_id}",
    response_model=Success[SegmentOut],
    responses=failures(401, 403, 404, 422, 503) | with_headers(200, ETAG),
    summary="Show a segment",
    openapi_extra=open_to(get_segment),
)
def show_segment(caller: SignedIn, id: Id) -> Answer:
    """404 also when another person keeps it to themselves."""
    return tell_segment(get_segment(caller.store, caller.actor, id))


@router.get(
    "/{_id}/moves",
    response_model=Success[SegmentMovesOut],
    responses=failures(401, 403, 404, 409, 422, 503),
    summary="Show who came to a segment and who left it",
    openapi_extra=open_to(get_moves),
)
def show_moves_of_segment(caller: SignedIn, id: Id) -> Answer:
    """In the last week, or since the segment asks for what it asks; 409 when it cannot be asked any more."""
    moves = get_moves(caller.store, caller.actor, id)
    return succeed(
        {
            "since": moves.since.isoformat() if moves.since else None,
            "entered": {"count": moves.entered, "customers": list(map(customer_json, moves.who_entered))},
            "left": {"count": moves.left, "customers": list(map(customer_json, moves.who_left))},
        }
    )


@router.put(
    "/{_id}",
    response_model=Success[SegmentOut],
    responses=failures(400, 401, 403, 404, 409, 412, 413, 415, 422, 503) | with_headers(200, ETAG),
    summary="Change a segment",
    openapi_extra=open_to(update_segment),
)
def change_segment(caller: SignedIn, id: Id, patch: SegmentPatchIn, condition: Matching) -> Answer:
    """A field that is not sent keeps its value; 409 when `version` is sent and is not the present one any more.

    One that is not `shared` any more is of its maker alone. 403 when it is shared, or is to be, and the role does not
    allow that.
    """
    version = condition.version(partial(_present, caller, id), in_body=patch.expected_version)
    with condition.judged():
        changed = update_segment(caller.store, caller.actor, id, patch, version=version)
    return tell_segment(changed, message=f"{changed.segment.title} is saved.")


@router.delete(
    "/{_id}",
    response_model=Success[None],
    responses=failures(401, 403, 404, 409, 412, 422, 503),
    summary="Delete a segment",
    openapi_extra=open_to(delete_segment),
)
def remove_segment(caller: SignedIn, id: Id, condition: Matching) -> Answer:
    """For good; its customers stay as they are. 403 when it is shared and the role does not allow that."""
    version = condition.version(partial(_present, caller, id))
    with condition.judged():
        deleted = delete_segment(caller.store, caller.actor, id, version=version)
    return succeed(None, message=f"{deleted.title} is deleted; its customers stay as they are.")


@router.get(
    "/{_id}/customers",
    response_model=CustomerListing,
    responses=failures(401, 403, 404, 409, 422, 503),
    summary="List customers of a segment",
    openapi_extra=open_to(query_of_segment),
)
async def show_customers_of_segment(caller: SignedIn, id: Id, parameters: CustomersOfSegment) -> Answer:
    """Filtered, sorted and told like the list of all customers; 409 when the segment cannot be asked any more."""
    return await tell_page(caller, parameters, parameters, parameters.fact_names, id)


def _present(caller: Caller, id: str) -> Segment:
    return get_segment(caller.store, caller.actor, id).segment


def tell_segment(counted: CountedSegment, *, message: str | None = None, status: int = 200) -> Answer:
    """An answer about one segment as it is now, with its entity tag."""
    answer = succeed(segment_json(counted), message=message, status=status)
    answer.headers["ETag"] = etag_of(counted.segment)
    return answer


def segment_json(counted: CountedSegment) -> dict[str, Any]:
    """The segment as JSON values; `SegmentOut` describes them."""
    segment = counted.segment
    problem = segment.problem
    return {
        "_id": segment.id,
        "name": segment.name,
        "description": segment.description,
        "color": segment.color,
        "shared": segment.shared,
        "filter": segment.filter,
        "count": counted.count,
        "change30Days": counted.change,
        **({"problem": problem} if problem else {}),
        "createdBy": segment.created_by,
        "createdAt": written_moment(segment.created_at),
        "updatedAt": written_moment(segment.updated_at),
        "version": segment.version,
    }


def template_json(template: SegmentTemplate) -> dict[str, Any]:
    """The template as JSON values; `TemplateOut` describes them."""
    return {"name": template.name, "description": template.description, "filter": dict(template.filter)}
