"""Segments, which are filters with a name, and ready-made ones to begin with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, StrictBool, WithJsonSchema
from pydantic.alias_generators import to_camel

from kinso.errors import Conflict
from kinso.models.customers import Customer
from kinso.models.facts import FACTS
from kinso.models.filters import Condition, Filter, Group, read_filter, written_filter
from kinso.models.text import clean_lines, clean_text

LONGEST_NAME = 80
LONGEST_DESCRIPTION = 500
MOST_SEGMENTS = 100
"""That one person has made."""
Color = Literal["gray", "red", "orange", "yellow", "green", "teal", "blue", "purple", "pink"]
COLORS: tuple[Color, ...] = get_args(Color)


def _filter(value: Any) -> Filter:
    return value if isinstance(value, Condition | Group) else read_filter(value)


SegmentName = Annotated[
    str,
    BeforeValidator(partial(clean_text, shortest=1, longest=LONGEST_NAME)),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": LONGEST_NAME}),
]
Description = Annotated[
    str,
    BeforeValidator(partial(clean_lines, longest=LONGEST_DESCRIPTION)),
    WithJsonSchema({"type": "string", "maxLength": LONGEST_DESCRIPTION}),
]
SegmentFilter = Annotated[
    Filter,
    PlainValidator(_filter),
    WithJsonSchema({"type": "object", "additionalProperties": True}),
]


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class SegmentDraft(_Model):
    """A new segment, as typed."""

    name: SegmentName
    description: Description = ""
    color: Color = COLORS[0]
    shared: StrictBool = False
    filter: SegmentFilter


def _not_given() -> Any:
    return None


class SegmentPatch(_Model):
    """Some fields of a segment, as typed; what is not given keeps its value, and a null is refused.

    The defaults only mark what was not given.
    """

    name: SegmentName = Field(default_factory=_not_given)
    description: Description = Field(default_factory=_not_given)
    color: Color = Field(default_factory=_not_given)
    shared: StrictBool = Field(default_factory=_not_given)
    filter: SegmentFilter = Field(default_factory=_not_given)

    def over(self, segment: Segment) -> Segment:
        """The segment with what is given in place of what it has."""
        given = {name: getattr(self, name) for name in SegmentPatch.model_fields if name in self.model_fields_set}
        if "filter" in given:
            given |= {"filter": written_filter(given["filter"]), "erased": False}
        return segment.model_copy(update=given)


class Segment(_Model):
    """A filter with a name: for everybody if it is `shared`, else for the person who made it.

    `filter` is what is stored, as JSON values; it may ask for what there is not any more. `owner` is the `_id` of the
    person who made it, and `created_by` what they were called then. `erased` says that the filter named somebody who
    was erased, and does not any more.
    """

    id: str = Field(alias="_id")
    name: str
    description: str
    color: Color
    shared: bool
    filter: dict[str, Any]
    owner: str
    created_by: str
    created_at: datetime
    updated_at: datetime
    version: int
    erased: bool = False

    @property
    def title(self) -> str:
        """What a sentence about it begins with."""
        return f"Segment “{self.name}”"

    @property
    def problem(self) -> str | None:
        """What keeps it from being asked, in a sentence."""
        try:
            self.read_filter()
        except Conflict as error:
            return error.message
        return None

    def read_filter(self) -> Filter:
        """What it asks; raises `Conflict` with a sentence when that cannot be asked any more."""
        if self.erased:
            raise Conflict("Asked for somebody whose personal data were erased; edit it or delete it.")
        lost = next((name for name in _facts_in(self.filter) if name not in FACTS), None)
        if lost is not None:
            raise Conflict(f"Asks for the fact “{lost}”, which there is not any more; edit it or delete it.")
        try:
            return read_filter(self.filter)
        except ValueError as error:
            raise Conflict(f"Its filter {error}; edit it or delete it.") from error


@dataclass(frozen=True)
class CountedSegment:
    """A segment, and how many customers meet it now; None when it has a problem.

    `change` is by how many more, or fewer, these are than thirty days ago; None when that is not known.
    """

    segment: Segment
    count: int | None
    change: int | None = None


@dataclass(frozen=True)
class DayNote:
    """How many customers met a segment at the beginning of a day."""

    day: date
    count: int


@dataclass(frozen=True)
class Moved:
    """The `_id`s, as bytes, of who came to a segment and who left it between two moments."""

    entered: set[bytes]
    left: set[bytes]


@dataclass(frozen=True)
class SegmentMoves:
    """How many customers came to a segment and left it since a day, and the first of them who are still there.

    `since` is None while there is nothing to compare with.
    """

    since: date | None
    entered: int
    left: int
    who_entered: list[Customer]
    who_left: list[Customer]


def _facts_in(filter: Any) -> Iterator[str]:
    """Of JSON values, whether or not they can be asked."""
    if isinstance(filter, dict) and "fact" in filter:
        yield str(filter["fact"])
    elif isinstance(filter, dict | list):
        for part in filter.values() if isinstance(filter, dict) else filter:
            yield from _facts_in(part)


@dataclass(frozen=True)
class SegmentTemplate:
    """A segment that is often wanted, to be kept as it is or changed; `filter` is JSON values."""

    name: str
    description: str
    filter: Mapping[str, Any]


_LATELY = 30
_STILL_REGULAR = 90
_OFTEN = 5
_OVERDUE = 14
_NEAR = 10
"""Who lacks at most one part in so many of the threshold."""


def segment_templates(threshold: Decimal, smallest: Decimal) -> tuple[SegmentTemplate, ...]:
    """All of them, in a shop with this threshold, of which nothing is less than the `smallest` part."""
    near = [_number(smallest), _number(max(smallest, threshold / _NEAR))]
    return (
        SegmentTemplate(
            "New this month",
            f"Registered in the last {_LATELY} days.",
            _condition("createdAt", "inLast", _LATELY),
        ),
        SegmentTemplate(
            "Regulars",
            f"At least {_OFTEN} purchases, the latest in the last {_STILL_REGULAR} days.",
            _all(_condition("saleCount", ">=", _OFTEN), _condition("lastPurchase", "inLast", _STILL_REGULAR)),
        ),
        SegmentTemplate(
            "Near the threshold",
            "Non-members who lack at most a tenth of the membership threshold.",
            _all(_condition("membershipStatus", "=", False), _condition("toThreshold", "between", near)),
        ),
        SegmentTemplate(
            "Lapsed",
            f"They have bought nothing for {_OVERDUE} days longer than is usual for them.",
            _condition("overdueBy", ">=", _OVERDUE),
        ),
        SegmentTemplate(
            "Top spenders",
            "The champions and the loyal, who buy lately, often and much.",
            _condition("rfm", "in", ["champions", "loyal"]),
        ),
        SegmentTemplate(
            "Members below the threshold",
            "Members who have not reached the membership threshold.",
            _all(_condition("membershipStatus", "=", True), _condition("toThreshold", ">", 0)),
        ),
        SegmentTemplate(
            "Without a phone number",
            "Their contact holds no phone number.",
            _condition("hasPhone", "=", False),
        ),
        SegmentTemplate(
            "Likely duplicates",
            "They have a phone number, an e-mail address or a contact that somebody else has, too.",
            _condition("likelyTwin", "=", True),
        ),
    )


def _condition(fact: str, operator: str, value: Any) -> dict[str, Any]:
    return {"fact": fact, "is": operator, "value": value}


def _all(*conditions: dict[str, Any]) -> dict[str, Any]:
    return {"all": list(conditions)}


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
