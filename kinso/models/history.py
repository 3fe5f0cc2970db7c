"""Changes of single customers, runs that bundle many of them, and deleted customers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from kinso.models.customers import LONGEST_SEARCH, Customer
from kinso.models.membership import Rule, Spender

ChangeKind = Literal["create", "edit", "membership", "purchase", "refund", "delete", "restore", "erase", "merge"]
RunKind = Literal[
    "auto-activation",
    "demotion",
    "bulk-membership",
    "bulk-edit",
    "bulk-delete",
    "bulk-erase",
    "import",
    "purchases",
    "merge",
    "undo",
]
RunStatus = Literal["running", "done", "rolled-back"]


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class RunException(_Model):
    """One customer of a run who was not changed as planned.

    `skipped`: changed by someone between preview and run. `kept`: not undone, because edited since. `failed`: could
    not be undone. `reason` is the rest of a sentence that begins with the customer.
    """

    customer: str
    customer_id: str
    outcome: Literal["skipped", "kept", "failed"]
    reason: str


class Run(_Model):
    """One bulk change: who started it, what it was asked to do, how far it came.

    `parameters` repeat the request (`threshold`, `membershipStatus`, a filter, a file's name). `matched` is the number
    of customers it set out to change, `changed` the number it really changed. `heartbeat_at` moves with every batch: a
    run that says it is running but has not moved for a while was interrupted. `exceptions` are the first of the
    `exception_count` customers who were not changed as planned. `undone_by` is the run that undid this one.
    `worker` names the process that works on it.
    """

    id: str = Field(alias="_id")
    kind: RunKind
    status: RunStatus
    by_id: str
    by_name: str
    source: str
    parameters: dict[str, Any]
    matched: int
    changed: int
    started_at: datetime
    heartbeat_at: datetime
    finished_at: datetime | None = None
    exception_count: int = 0
    exceptions: list[RunException] = []
    undone_by: str | None = None
    worker: str = ""


class RunPage(_Model):
    """One page of runs, without their exceptions by name; `total` counts all runs."""

    items: list[Run]
    page: int
    limit: int
    total: int


class Change(_Model):
    """One customer's before and after, by stored names; None before a creation and after a deletion.

    `version` is the customer's version after the change (of a deleted one: its last), `balance` the purchase amount
    then. `undoes` names the change that this one undoes.
    """

    id: str = Field(alias="_id")
    customer: str
    customer_id: str
    kind: ChangeKind
    by_id: str
    by_name: str
    source: str
    at: datetime
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    version: int
    balance: Decimal = Field(alias="amount")
    reason: str | None = None
    run: str | None = None
    undoes: str | None = None


@dataclass(frozen=True)
class ActivationPlan:
    """Whom an activation by a rule will touch: the version of each customer (by `_id`) that was looked at."""

    rule: Rule
    versions: dict[str, int]


@dataclass(frozen=True)
class ActivationPreview:
    """Whom a rule would activate, and what they spent or made together, in the unit of its basis.

    `share_of_base` is their count divided by all customers (0 to 1). `eligible` are the largest spenders among them,
    `near_misses` the non-members closest below the threshold, both cut to what fits a screen. `excluded` is the number
    of those who came up to the threshold but were made non-members by a person, and therefore stay so.
    """

    rule: Rule
    count: int
    purchase_total: Decimal
    share_of_base: float
    eligible: list[Spender]
    near_misses: list[Spender]
    excluded: int


class HistoryQuery(BaseModel):
    """Which changes, newest first; what is None or empty leaves nothing out.

    `also` are customers whose changes belong to those of `customer`. `customer_id` is an ID in any letter
    case, `by_name` a person's whole name, `since` is inclusive, `until` is not; what they mean without a zone only the
    shop knows.
    """

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)

    customer: str | None = None
    also: tuple[str, ...] = ()
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


class TrashedCustomer(BaseModel):
    """A customer as they were when deleted, and who deleted them; `id` is the customer's own."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)

    id: str = Field(alias="_id")
    customer: Customer
    deleted_at: datetime
    by_id: str
    by_name: str
