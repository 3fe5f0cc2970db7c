"""The rule of membership, what it would do, and when somebody was a member."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from kinso.models.customers import Customer
from kinso.models.rule_bases import LIFETIME, RuleBasis

DecidedBy = Literal["rule", "person", "adopted"]
"""Decided by the membership threshold, by a person, or by an earlier application before Kinso kept records."""


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class Decision(_Model):
    """Who or what began or ended a membership; `balance` is the purchase amount at that moment."""

    decided_by: DecidedBy = Field(alias="basis")
    by_name: str
    balance: Decimal = Field(alias="amount")
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


SpenderGroup = Literal["eligible", "excluded", "members"]
"""Non-members whom a rule may activate, non-members whom a person made so, and members."""


@dataclass(frozen=True)
class Rule:
    """Whoever comes up to `threshold` may be a member; where the basis has a time that counts, it began at `since`."""

    threshold: Decimal
    basis: RuleBasis = LIFETIME
    since: datetime | None = None

    def is_same(self, other: Rule) -> bool:
        """Whether both compare the same with the same threshold, at whatever moment."""
        return (self.threshold, self.basis.key) == (other.threshold, other.basis.key)

    @property
    def in_words(self) -> str:
        """The threshold, for records and programs."""
        return self.basis.unit.in_words(self.threshold)


@dataclass(frozen=True)
class Spender:
    """A customer, and what counts of them; `member_by` says for a member who or what decided on it."""

    customer: Customer
    amount: Decimal
    member_by: DecidedBy | None = None


@dataclass(frozen=True)
class Spenders:
    """Some customers: how many they are, what they spent together, and the first of them."""

    count: int
    total: Decimal
    first: list[Spender]


@dataclass(frozen=True)
class ThresholdPoint:
    """How many customers a threshold would make members if it alone decided, and what they spent together."""

    threshold: Decimal
    members: int
    total: Decimal


@dataclass(frozen=True)
class Comparison:
    """What another threshold would mean: both as points, and who reaches only one of them.

    `gained` are non-members who would be eligible, `lost` members who would not reach the threshold any more.
    """

    saved: ThresholdPoint
    other: ThresholdPoint
    gained: Spenders
    lost: Spenders


@dataclass(frozen=True)
class DemotionPlan:
    """Whose membership a demotion will end: the version of each customer (by `_id`) that was looked at.

    `adopted` says whether members whom an earlier application left are among them.
    """

    rule: Rule
    adopted: bool
    versions: dict[str, int]


@dataclass(frozen=True)
class DemotionPreview:
    """Members below the threshold of the shop's rule.

    `offered` are those whose membership may be ended, the smallest spenders first. The others stay members:
    `by_person` were made so by a person, `adopted` by an earlier application (0 when they are offered as well).
    """

    rule: Rule
    offered: Spenders
    by_person: int
    adopted: int
