"""When somebody was a member, and why."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Basis = Literal["rule", "person", "adopted"]
"""Decided by the membership threshold, by a person, or by an earlier application before Kinso kept records."""


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class Decision(_Model):
    """Who or what began or ended a membership; `amount` is the purchase amount at that moment."""

    basis: Basis
    by_name: str
    amount: Decimal
    reason: str | None = None
    run: str | None = None


class MembershipInterval(_Model):
    """One customer's membership from a moment on, up to but not including another; `end` is None while it lasts."""

    id: str = Field(alias="_id")
    customer: str
    begin: datetime = Field(alias="from")
    end: datetime | None = Field(default=None, alias="to")
    begun: Decision
    ended: Decision | None = None
