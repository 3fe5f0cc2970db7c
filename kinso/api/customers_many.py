"""The same done to many customers: to those of a filter, of a segment, or of a list of ids."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, Field, PlainValidator, StrictBool, StrictInt, StrictStr, WithJsonSchema
from pydantic.json_schema import SkipJsonSchema

from kinso.api.callers import Caller, SignedIn
from kinso.api.customers_schemas import CUSTOMER_STORED, CustomerOut, customer_json, example
from kinso.api.description import REPLAYED, open_to, with_headers
from kinso.api.envelope import Answer, Success, failures, succeed
from kinso.api.requests import RepeatablePost
from kinso.api.route import part_of_api
from kinso.errors import FieldError, InvalidInput
from kinso.models.bulk import EDITABLE_FOR_MANY, BulkPreview, Chosen, FieldEdit, RemovalPlan
from kinso.models.customers import Customer, CustomerQuery
from kinso.models.edits import EditOfMany
from kinso.models.filters import Filter, read_filter
from kinso.models.history import Run
from kinso.models.validation import KnownFields
from kinso.services.customers.bulk_edits import edit_customers, preview_edit, preview_membership
from kinso.services.customers.bulk_removal import delete_customers, erase_customers, plan_deletion, plan_erasure
from kinso.services.membership.activation import set_membership_of_matching, set_membership_of_selected
from kinso.services.segments import query_of_segment

router = part_of_api("/customers/bulk", "customers")

MOST_IDS = 10_000
_FILTER = {"fact": "spent", "is": ">=", "value": 500}
_CALLED = failures(400, 401, 403, 404, 409, 413, 415, 422, 503) | with_headers(200, REPLAYED)


def _not_given() -> Any:
    return None


def _filter(value: Any) -> Filter:
    return read_filter(value)


JsonFilter = Annotated[
    Filter,
    PlainValidator(_filter),
    WithJsonSchema({"type": "object", "additionalProperties": True}),
]


class ChosenIn(KnownFields):
    """Which customers: `ids`, or a `segment`, a `filter`, or both; `dryRun` only says what would be done."""

    of_a_whole: ClassVar[frozenset[str]] = frozenset()

    ids: Annotated[list[StrictStr], Field(min_length=1, max_length=MOST_IDS)] = Field(
        default_factory=_not_given, description="Their `_id`s; who is not there any more is left out."
    )
    segment: Annotated[StrictStr, Field(max_length=64)] = Field(
        default_factory=_not_given, description="The `_id` of a segment: those who meet it."
    )
    filter: JsonFilter = Field(
        default_factory=_not_given, description='What GET /customers takes as `filter`; `{"all": []}` is everybody.'
    )
    dry_run: StrictBool = Field(default=False, alias="dryRun")

    def chosen(self, caller: Caller) -> Chosen:
        """Whom it means; raises `InvalidInput` unless it says so in one way."""
        given = self.model_fields_set & {"ids", "segment", "filter"}
        if not given or ("ids" in given and len(given) > 1):
            sentence = "Say which customers: by ids, or by segment, filter or both of these."
            raise InvalidInput([FieldError("ids", sentence)])
        if "ids" in given:
            return Chosen(ids=tuple(self.ids))
        query = CustomerQuery(filter=self.filter if "filter" in given else None)
        if "segment" in given:
            query = query_of_segment(caller.store, caller.actor, self.segment, query)
        return Chosen(query)


class MembershipOfManyIn(ChosenIn):
    """Whether they become members or non-members."""

    model_config = example({"filter": _FILTER, "membershipStatus": True})

    membership_status: StrictBool = Field(alias="membershipStatus")


class EditOfManyIn(ChosenIn):
    """What is done to one field of theirs.

    Tags can be added and removed, a text of several lines can be appended to, and each of these and of the other fields
    can be set.
    """

    model_config = example({"filter": _FILTER, "field": "tags", "edit": "add", "value": ["regular"], "dryRun": True})

    field: Literal[tuple(each.name for each in EDITABLE_FOR_MANY)]  # type: ignore[valid-type]
    edit: EditOfMany
    value: Any = Field(description="As the field has it; for tags a list of them.")


class DeletionOfManyIn(ChosenIn):
    """Who is deleted."""

    model_config = example({"ids": [CUSTOMER_STORED["_id"]]})


class ErasureOfManyIn(ChosenIn):
    """Who is erased; `confirm` has to be how many they are, which `dryRun` tells as `changed`."""

    model_config = example({"ids": [CUSTOMER_STORED["_id"]], "confirm": 1})

    confirm: Annotated[StrictInt, Field(ge=0)] = Field(default_factory=_not_given)


class ChangedManyOut(BaseModel):
    """What was done, or with `dryRun` what would be.

    Of `matched` customers `changed` were really changed. Only a dry run tells what these spent together, how many
    cannot hold what would become of the field, and the first of those whom it concerns; only a run has a `runId`.
    """

    model_config = example(
        {"runId": "65b0a1f2c3d4e5f6a7b8c9e0", "matched": 13, "changed": 12, "exceptionCount": 1},
    )

    run_id: str | None = Field(alias="runId")
    matched: int = Field(ge=0)
    changed: int = Field(ge=0)
    exception_count: int | SkipJsonSchema[None] = Field(default=None, alias="exceptionCount")
    refused: int | SkipJsonSchema[None] = None
    purchase_total: float | SkipJsonSchema[None] = Field(default=None, alias="purchaseTotal")
    customers: list[CustomerOut] | SkipJsonSchema[None] = None


@router.post(
    "/membership",
    response_model=Success[ChangedManyOut],
    responses=_CALLED,
    summary="Make many customers members or not",
    openapi_extra=open_to(set_membership_of_matching),
)
def change_membership_of_many(caller: SignedIn, post: RepeatablePost, body: MembershipOfManyIn) -> Answer:
    """As one run that can be undone; whoever has that status already is not touched."""
    chosen, status = body.chosen(caller), body.membership_status
    if body.dry_run:
        return _tell_preview(preview_membership(caller.store, caller.actor, chosen, membership_status=status))
    if chosen.ids is not None:
        work = partial(set_membership_of_selected, caller.store, caller.actor, chosen.ids, membership_status=status)
        return post.once_as_run(work, partial(_tell_run, "changed"))
    everyone = partial(set_membership_of_matching, caller.store, caller.actor, chosen.query, membership_status=status)
    return post.once_as_run(everyone, partial(_tell_run, "changed"))


@router.post(
    "/edit",
    response_model=Success[ChangedManyOut],
    responses=_CALLED,
    summary="Change a field of many customers",
    openapi_extra=open_to(edit_customers),
)
def edit_many(caller: SignedIn, post: RepeatablePost, body: EditOfManyIn) -> Answer:
    """As one run that can be undone; an undo of added tags and notes leaves what others added since.

    Whoever cannot hold more is left alone and named in the run.
    """
    chosen, edit = body.chosen(caller), FieldEdit.of(body.field, body.edit, body.value)
    if body.dry_run:
        return _tell_preview(preview_edit(caller.store, caller.actor, chosen, edit))
    return post.once_as_run(
        partial(edit_customers, caller.store, caller.actor, chosen, edit), partial(_tell_run, "changed")
    )


@router.post(
    "/delete",
    response_model=Success[ChangedManyOut],
    responses=_CALLED,
    summary="Delete many customers",
    openapi_extra=open_to(delete_customers),
)
def delete_many(caller: SignedIn, post: RepeatablePost, body: DeletionOfManyIn) -> Answer:
    """As one run whose undo brings them back from the trash, for as long as they are there."""
    plan = plan_deletion(caller.store, caller.actor, body.chosen(caller))
    if body.dry_run:
        return _tell_plan(plan, "deleted")
    return post.once_as_run(partial(delete_customers, caller.store, caller.actor, plan), partial(_tell_run, "deleted"))


@router.post(
    "/erase",
    response_model=Success[ChangedManyOut],
    responses=_CALLED,
    summary="Erase the personal data of many customers for good",
    openapi_extra=open_to(erase_customers),
)
def erase_many(caller: SignedIn, post: RepeatablePost, body: ErasureOfManyIn) -> Answer:
    """Nothing can bring them back, so `confirm` has to be how many they are, else the answer is 422.

    Their figures stay without a name. It is one run, which cannot be undone; one that is cut off ends with those it
    came to.
    """
    plan = plan_erasure(caller.store, caller.actor, body.chosen(caller))
    if body.dry_run:
        return _tell_plan(plan, "erased")
    confirm = -1 if body.confirm is None else body.confirm
    work = partial(erase_customers, caller.store, caller.actor, plan, confirm=confirm)
    return post.once_as_run(work, partial(_tell_run, "erased"))


def _tell_run(done: str, run: Run) -> Answer:
    told = {"runId": run.id, "matched": run.matched, "changed": run.changed, "exceptionCount": run.exception_count}
    return succeed(told, message=f"{_counted(run.changed)} {'was' if run.changed == 1 else 'were'} {done}.")


def _tell_preview(preview: BulkPreview) -> Answer:
    told = _preview(preview.matched, preview.count, float(preview.total), preview.first)
    return succeed({**told, "refused": preview.refused}, message=f"{_counted(preview.count)} would be changed.")


def _tell_plan(plan: RemovalPlan, done: str) -> Answer:
    told = _preview(plan.count, plan.count, float(plan.total), plan.first)
    return succeed(told, message=f"{_counted(plan.count)} would be {done}.")


def _preview(matched: int, changed: int, total: float, first: Sequence[Customer]) -> dict[str, Any]:
    customers = list(map(customer_json, first))
    return {"runId": None, "matched": matched, "changed": changed, "purchaseTotal": total, "customers": customers}


def _counted(count: int) -> str:
    return "1 customer" if count == 1 else f"{count:,} customers"
