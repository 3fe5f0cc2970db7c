"""Deleted customers that can still be restored."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from kinso.models.customer import Customer


class TrashedCustomer(BaseModel):
    """A customer as they were when deleted, and who deleted them; `id` is the customer's own."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)

    id: str = Field(alias="_id")
    customer: Customer
    deleted_at: datetime
    by_id: str
    by_name: str
