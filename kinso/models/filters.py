"""Filters over the facts of customers: conditions, and groups of them, as programs send them and as they are stored.

What is refused raises ValueError with a sentence part that follows the name of what holds the filter.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from kinso.models.facts import AMOUNT, CHOICE, DAY, FACTS, NUMBER, TEXT, WORDS, YES_NO, Fact, FactType
from kinso.models.fields import ERASED
from kinso.models.money import LARGEST, exactly
from kinso.models.text import fold, searchable

LONGEST_TEXT = 200
MOST_VALUES = 1000
"""Of one `in`."""
MOST_CONDITIONS = 100
DEEPEST = 5
"""Groups inside each other."""
MOST_DAYS = 36_525
FIRST_DAY, LAST_DAY = date(1800, 1, 1), date(2200, 12, 31)
GROUPS = ("all", "any", "not")
LONGEST_FILTER = 8000
"""Characters of a filter in an address."""
EXAMPLE = '{"fact": "spent", "is": ">=", "value": 500}'


@dataclass(frozen=True)
class Period:
    """Days of the shop's zone, both included: from `first` to `last`, each perhaps open, or the last so many."""

    first: date | None = None
    last: date | None = None
    last_days: int | None = None

    def days(self, today: date) -> tuple[date | None, date | None]:
        """The first and the last day, as of `today`."""
        if self.last_days is None:
            return self.first, self.last
        return today - timedelta(days=self.last_days - 1), today


@dataclass(frozen=True)
class Condition:
    """What is asked of one fact.

    `value` is of the type of the fact: a folded or plain text, `Decimal`, truth value or day; a tuple of these for `in`
    and `between`; a number of days for `inLast` and `notInLast`; whether it is empty for `isEmpty`.
    """

    fact: Fact
    operator: str
    value: Any
    period: Period | None = None


@dataclass(frozen=True)
class Group:
    """`all` or `any` of some filters, or `not` the one."""

    kind: Literal["all", "any", "not"]
    parts: tuple[Filter, ...]


Filter = Condition | Group


def read_filter(value: Any) -> Filter:
    """A filter out of JSON values."""
    filter = _read(value, depth=0)
    if len(list(conditions_of(filter))) > MOST_CONDITIONS:
        raise ValueError(f"has too many conditions; use at most {MOST_CONDITIONS}")
    return filter


def written_filter(filter: Filter) -> dict[str, Any]:
    """The filter as JSON values."""
    if isinstance(filter, Group):
        parts = [written_filter(part) for part in filter.parts]
        return {filter.kind: parts[0] if filter.kind == "not" else parts}
    written = {"fact": filter.fact.name, "is": filter.operator, "value": _written(filter.value)}
    return {**written, "period": _written_period(filter.period)} if filter.period else written


def filter_of(text: str) -> Filter:
    """A filter out of JSON text, as addresses have it."""
    if len(text) > LONGEST_FILTER:
        raise ValueError(f"is longer than {LONGEST_FILTER:,} characters; ask for less")
    try:
        written = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(f"is no JSON; write it like {EXAMPLE}") from None
    return read_filter(written)


def text_of(filter: Filter | None) -> str:
    """The filter as JSON text for an address; none is empty."""
    return json.dumps(written_filter(filter), ensure_ascii=False, separators=(",", ":")) if filter else ""


def conditions_of(filter: Filter) -> list[Condition]:
    """All conditions in it."""
    if isinstance(filter, Condition):
        return [filter]
    return [condition for part in filter.parts for condition in conditions_of(part)]


def without_texts(written: Any, is_told: Callable[[str], bool]) -> Any:
    """The JSON of a filter with `ERASED` instead of every text that a condition names and that tells something.

    Nothing else is looked at, so that what an earlier edition wrote, or a hand, is no obstacle. Of a fact that there is
    not any more nobody knows what it was.
    """
    if isinstance(written, Mapping):
        if "fact" not in written:
            return {name: without_texts(value, is_told) for name, value in written.items()}
        fact = FACTS.get(str(written["fact"]))
        may_tell = fact is None or fact.type is TEXT
        return {**written, "value": _without(written.get("value"), is_told)} if may_tell else written
    return [without_texts(each, is_told) for each in written] if isinstance(written, list) else written


def _without(value: Any, is_told: Callable[[str], bool]) -> Any:
    if isinstance(value, list):
        return [_without(each, is_told) for each in value]
    return ERASED if isinstance(value, str) and is_told(value) else value


def _read(value: Any, depth: int) -> Filter:
    if depth > DEEPEST:
        raise ValueError(f"has groups inside each other more than {DEEPEST} deep; take some apart")
    if not isinstance(value, Mapping):
        raise ValueError(f"must be an object, such as {EXAMPLE}")
    if "fact" in value:
        return _read_condition(value)
    kind = next((each for each in GROUPS if each in value), None)
    if kind is None or len(value) != 1:
        raise ValueError("has a part that is neither a condition with fact, is and value nor one of all, any and not")
    parts = [value[kind]] if kind == "not" else value[kind]
    if not isinstance(parts, list):
        raise ValueError(f"has “{kind}” without a list of conditions")
    if not parts and kind == "any":
        raise ValueError("has “any” of nothing, which nobody meets; give it a condition or leave it out")
    return Group(kind, tuple(_read(part, depth + 1) for part in parts))  # type: ignore[arg-type]


def _read_condition(value: Mapping[str, Any]) -> Condition:
    if unknown := [name for name in value if name not in ("fact", "is", "value", "period")]:
        raise ValueError(f"has a condition with {_quoted(unknown[0])}; it takes fact, is, value and period only")
    if not isinstance(value["fact"], str) or value["fact"] not in FACTS:
        raise ValueError(f"asks for the fact {_quoted(value['fact'])}, which there is not; GET /api/facts lists all")
    fact = FACTS[value["fact"]]
    operator = value.get("is")
    if not isinstance(operator, str) or operator not in fact.type.operators:
        known = ", ".join(fact.type.operators)
        raise ValueError(f"asks whether {fact.name} “is” {_quoted(operator)}; it can be one of {known}")
    if "value" not in value:
        raise ValueError(f"has no value for {fact.name} {operator}")
    return Condition(fact, operator, _read_value(fact, operator, value["value"]), _read_period(fact, value))


def _read_value(fact: Fact, operator: str, value: Any) -> Any:
    try:
        if operator == "isEmpty":
            return _truth(fact, value)
        if operator in ("inLast", "notInLast"):
            return _number_of_days(value)
        one = _READERS[fact.type]
        if operator == "in":
            if not isinstance(value, list) or not value:
                raise ValueError("must be a list with something in it")
            if len(value) > MOST_VALUES:
                raise ValueError(f"can have at most {MOST_VALUES:,} values")
            return tuple(one(fact, each) for each in value)
        if operator == "between":
            if not isinstance(value, list) or len(value) != 2:
                raise ValueError("must be a list of two, the lower and the higher one")
            return one(fact, value[0]), one(fact, value[1])
        return one(fact, value)
    except ValueError as error:
        raise ValueError(f"asks {fact.name} {operator}, and its value {error}") from error


def _read_period(fact: Fact, value: Mapping[str, Any]) -> Period | None:
    if "period" not in value:
        return None
    given = value["period"]
    if not fact.takes_period:
        raise ValueError(f"asks for {fact.name} in a period, which it does not take; leave the period out")
    if not isinstance(given, Mapping) or not given:
        raise ValueError('has a period that is none; write it like {"lastDays": 90} or with from and to')
    if unknown := [name for name in given if name not in ("from", "to", "lastDays")]:
        raise ValueError(f"has a period with {_quoted(unknown[0])}; it takes from and to, or lastDays")
    try:
        if "lastDays" in given:
            if len(given) > 1:
                raise ValueError("takes either lastDays or from and to")
            return Period(last_days=_number_of_days(given["lastDays"]))
        first, last = (_day(fact, given[name]) if name in given else None for name in ("from", "to"))
    except ValueError as error:
        raise ValueError(f"has a period for {fact.name} that {error}") from error
    if first and last and first > last:
        raise ValueError(f"has a period for {fact.name} that ends before it begins")
    return Period(first, last)


def _text(fact: Fact, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text")
    if len(value) > LONGEST_TEXT:
        raise ValueError(f"can have at most {LONGEST_TEXT} characters")
    text = searchable(value).strip()
    if not fold(text):
        raise ValueError("is empty; ask with isEmpty")
    return text


def _word(fact: Fact, value: Any) -> str:
    text = _text(fact, value)
    if not fact.options:
        return text
    known = {fold(option): option for option in fact.options}
    if fold(text) not in known:
        raise ValueError(f"must be one of {', '.join(fact.options)}")
    return known[fold(text)]


def _number(fact: Fact, value: Any) -> Decimal:
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    # An integer can be too long for a double, and is finite.
    if not is_number or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError("must be a number")
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if abs(number) > LARGEST:
        raise ValueError(f"must be from -{LARGEST:,} to {LARGEST:,}")
    return exactly(number, 2) if fact.type is AMOUNT else number


def _truth(fact: Fact, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _day(fact: Fact, value: Any) -> date:
    try:
        day = date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError("must be a day, such as 2026-01-31") from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"must be a day from {FIRST_DAY} to {LAST_DAY}")
    return day


def _number_of_days(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_DAYS:
        raise ValueError(f"must be a whole number of days from 1 to {MOST_DAYS:,}")
    return value


_READERS: Mapping[FactType, Callable[[Fact, Any], Any]] = {
    TEXT: _text,
    AMOUNT: _number,
    NUMBER: _number,
    YES_NO: _truth,
    DAY: _day,
    CHOICE: _word,
    WORDS: _word,
}


def _written(value: Any) -> Any:
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case date():
            return value.isoformat()
        case tuple():
            return [_written(each) for each in value]
        case _:
            return value


def _written_period(period: Period) -> dict[str, Any]:
    if period.last_days is not None:
        return {"lastDays": period.last_days}
    ends = {"from": period.first, "to": period.last}
    return {name: day.isoformat() for name, day in ends.items() if day}


def _quoted(value: Any) -> str:
    # Half a character, which JSON can hold, cannot be told to anybody.
    return f"“{searchable(value)}”" if isinstance(value, str) and len(value) <= LONGEST_TEXT else "that it names"


def _read_or_not(value: Any) -> Filter | None:
    if value is None or isinstance(value, Condition | Group):
        return value
    return read_filter(value)


FilterField = Annotated[
    Filter | None,
    PlainValidator(_read_or_not),
    PlainSerializer(lambda filter: written_filter(filter) if filter else None),
    WithJsonSchema({"anyOf": [{"type": "object"}, {"type": "null"}]}),
]
"""A filter in a model, by default none."""
