"""Two customers who are the same person: what becomes of each field, and what would come back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from kinso.models.customers import Customer
from kinso.models.edits import tag_set, with_lines
from kinso.models.fields import FIELDS, Field
from kinso.models.membership import MembershipInterval
from kinso.models.purchases import LedgerEntry

Side = Literal["this", "other"]
"""The customer who stays, or the one who is merged into them."""
Kept = Literal["this", "other", "both"]
SUMMED = "purchaseAmount"
"""What both bought together; nobody chooses it."""
CHOSEN = tuple(field.name for field in FIELDS if field.name != SUMMED)
"""Of what one of the two values is kept."""


@dataclass(frozen=True)
class MergedField:
    """A field of both, and what becomes of it; `kept` is whose value that is."""

    field: Field
    this: Any
    other: Any
    kept: Kept
    merged: Any

    @property
    def is_same(self) -> bool:
        """Whether there is nothing to choose."""
        return bool(self.this == self.other)


@dataclass(frozen=True)
class Bought:
    """How many purchases a customer has, and what they come to less what went back."""

    count: int
    total: Decimal


@dataclass(frozen=True)
class MergePreview:
    """Two customers side by side, and `fields` of whom they would become together.

    `this` stays. `bought` and `memberships` are those of this one and of the other one; the latest membership comes
    first.
    """

    this: Customer
    other: Customer
    fields: tuple[MergedField, ...]
    bought: tuple[Bought, Bought]
    memberships: tuple[list[MembershipInterval], list[MembershipInterval]]

    @property
    def merged(self) -> dict[str, Any]:
        """The values of whom they would become, by stored names."""
        return {each.field.name: each.merged for each in self.fields}


@dataclass(frozen=True)
class SeparationPreview:
    """Who stays and who would come back when a merge is undone; `sales` were recorded since, the latest first."""

    stays: Customer
    comes_back: Customer
    sales: list[LedgerEntry]


def merged_fields(this: Customer, other: Customer, keep: Mapping[str, Side]) -> tuple[MergedField, ...]:
    """What becomes of each field: what `keep` says, or else this one's value unless it is empty.

    Tags are united and notes put below each other, and whoever is a member stays one.
    """
    return tuple(_merged(field, field.of(this), field.of(other), keep.get(field.name)) for field in FIELDS)


def is_excluded(this: Customer, other: Customer, keep: Mapping[str, Side], *, is_member: bool) -> bool:
    """Whether no rule may make them a member together: as it is of whom `keep` says, or else of either."""
    if is_member:
        return False
    chosen = keep.get("membershipStatus")
    sides = {"this": this, "other": other}
    return sides[chosen].excluded if chosen else this.excluded or other.excluded


def _merged(field: Field, this: Any, other: Any, chosen: Side | None) -> MergedField:
    if field.name == SUMMED:
        return MergedField(field, this, other, "both", this + other)
    if chosen:
        return MergedField(field, this, other, chosen, {"this": this, "other": other}[chosen])
    if this == other or other == field.type.empty or not _is_empty(field, this):
        combined = _combined(field, this, other) if this != other else this
        return MergedField(field, this, other, "this" if combined == this else "both", combined)
    return MergedField(field, this, other, "other", other)


def _is_empty(field: Field, value: Any) -> bool:
    """Of what is yes or no, no is what anything else is preferred to."""
    return bool(value == field.type.empty) or value is False


def _combined(field: Field, this: Any, other: Any) -> Any:
    if field.type.key == "tags":
        return tag_set((*this, *other))
    if field.type.key == "lines" and this and other:
        return with_lines(this, other)
    return this
