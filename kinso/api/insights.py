"""What can be asked about customers."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from kinso.api.callers import SignedIn
from kinso.api.customers_schemas import example
from kinso.api.description import open_to
from kinso.api.envelope import Answer, Success, failures, succeed
from kinso.api.route import part_of_api
from kinso.models.facts import FACTS, fact_json
from kinso.services.facts import list_facts

router = part_of_api("/facts", "customers")


class FactOut(BaseModel):
    """Something that customers can be filtered and sorted by, and that can be told of each.

    `operators` is what a condition can ask of it, `options` are all words that there can be. One with `takesPeriod`
    can also be asked of some days.
    """

    model_config = example(fact_json(FACTS["spent"]))

    name: str
    label: str
    type: Literal["text", "amount", "number", "yes/no", "day", "choice", "words"]
    unit: str | None
    operators: list[str]
    options: list[str]
    takes_period: bool = Field(alias="takesPeriod")
    description: str


@router.get(
    "",
    response_model=Success[list[FactOut]],
    responses=failures(401, 403, 422, 503),
    summary="List facts",
    openapi_extra=open_to(list_facts),
)
def show_facts(caller: SignedIn) -> Answer:
    """Everything that is known or computed of customers."""
    return succeed([fact_json(fact) for fact in list_facts(caller.store, caller.actor)])
