"""What may be asked of the history."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from kinso.models.customer import LONGEST_SEARCH
from kinso.models.run import Change, ChangeKind


class HistoryQuery(BaseModel):
    """Which changes, newest first; what is None or empty leaves nothing out.

    `customer_id` is an ID in any letter case, `by_name` a person's whole name, `since` is inclusive, `until` is not;
    what they mean without a zone only the shop knows.
    """

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)

    customer: str | None = None
    customer_id: str = Field(default="", max_length=LONGEST_SEARCH)
    by_name: str = Field(default="", max_length=LONGEST_SEARCH)
    kind: ChangeKind | None = None
    since: datetime | None = None
    until: datetime | None = None
    run: str | None = None


class HistoryPage(BaseModel):
    """One page of changes; `total` counts the whole result."""

    items: list[Change]
    page: int
    limit: int
    total: int
