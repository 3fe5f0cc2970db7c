"""The types that a customer's field can have: what may be entered, and how it is stored, read, sent and written.

What is entered is refused with ValueError and a sentence part that follows the field's label.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from kinso.models.edits import EditOfMany, lines_taken_back, tag_set, tags_taken_back, with_lines, without_tags
from kinso.models.money import LARGEST, check_amount, exactly, read_stored_amount
from kinso.models.stored import readable_moment, readable_text
from kinso.models.text import clean_lines, clean_text, fold


@dataclass(frozen=True)
class FieldType(ABC):
    """What all fields of one type have in common; `value` is always one of the model."""

    key: ClassVar[str]
    """Names the type where a front end has something of its own for each."""
    model: ClassVar[Any]
    """The Python type of a value."""
    json: ClassVar[Any]
    """The Python type of `to_json`."""
    bson: ClassVar[str]
    """What MongoDB calls the type of `to_stored`."""
    described: ClassVar[str]
    """What is stored, in words."""
    empty: ClassVar[Any]
    """Of a customer of whom nothing was entered."""
    edits: ClassVar[tuple[EditOfMany, ...]] = ("set",)
    """What can be done to it of many customers at once, the most usual first."""

    @property
    def entered(self) -> Any:
        """The annotation of a field that is entered; nothing entered is `empty`, where the type has it."""
        written = PlainSerializer(self.to_json, when_used="json")
        return Annotated[(self.model, BeforeValidator(self.accept), written, WithJsonSchema(self.schema))]

    @property
    @abstractmethod
    def schema(self) -> dict[str, Any]:
        """What is entered, as a JSON schema."""

    @abstractmethod
    def accept(self, value: Any) -> Any:
        """The value that was entered; raises ValueError for what is not acceptable."""

    @abstractmethod
    def read(self, stored: Any) -> Any:
        """The value of whatever is stored, by Kinso or by another application."""

    @abstractmethod
    def is_stored_well(self, stored: Any) -> bool:
        """Whether it is what Kinso would have stored."""

    def to_stored(self, value: Any) -> Any:
        """As MongoDB keeps it."""
        return value

    def to_json(self, value: Any) -> Any:
        """As programs get it."""
        return value

    def to_cell(self, value: Any) -> str:
        """As a file has it, unescaped."""
        return str(value)

    @property
    def is_text(self) -> bool:
        """Whether a spreadsheet may take its cell for a formula."""
        return self.bson in ("string", "array")

    def searched(self, value: Any) -> str:
        """What a search looks through, not folded yet."""
        return self.to_cell(value)

    def edited(self, edit: EditOfMany, value: Any, given: Any) -> Any:
        """What becomes of a value; `given` was accepted. Raises ValueError where that cannot be stored."""
        return given

    def taken_back(self, before: Any, after: Any, value: Any) -> Any:
        """A value without what an edit from `before` to `after` did; None where others did something to the same."""
        return before if value == after else None

    def is_same(self, typed: Any, value: Any) -> bool:
        """Whether what somebody typed, acceptable or not, means the value."""
        if typed == value or (typed is None and value == self.empty):
            return True
        with suppress(ValueError):
            return bool(self.accept(typed) == value)
        return False


@dataclass(frozen=True)
class Text(FieldType):
    """Lengths count code points; `shortest` 0 means that it may be left empty. `check` looks at the cleaned text."""

    shortest: int = 0
    longest: int = 500
    is_id: bool = False
    check: Callable[[str], str] | None = None

    key, model, json, bson, described, empty = "text", str, str, "string", "a text", ""

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": self.shortest, "maxLength": self.longest}

    def accept(self, value: Any) -> str:
        text = self._clean(value)
        return self.check(text) if self.check else text

    def read(self, stored: Any) -> str:
        return readable_text(stored)

    def is_stored_well(self, stored: Any) -> bool:
        return isinstance(stored, str)

    def _clean(self, value: Any) -> str:
        if not self.shortest and isinstance(value, str) and not value.strip():
            return ""
        return clean_text(value, shortest=max(self.shortest, 1), longest=self.longest, is_id=self.is_id)


@dataclass(frozen=True)
class Lines(Text):
    """A text of any number of lines."""

    key = "lines"
    edits = ("append", "set")

    def edited(self, edit: EditOfMany, value: str, given: str) -> str:
        text = given if edit == "set" else with_lines(value, given)
        if len(text) > self.longest:
            raise ValueError(f"would be longer than {self.longest:,} characters")
        return text

    def taken_back(self, before: str, after: str, value: str) -> str | None:
        return lines_taken_back(before, after, value)

    def _clean(self, value: Any) -> str:
        return clean_lines(value, longest=self.longest)


@dataclass(frozen=True)
class Amount(FieldType):
    """Money in the shop's currency."""

    key, model, json, bson, described, empty = "amount", Decimal, float, "number", "a number", Decimal("0.00")

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "number", "minimum": 0, "maximum": float(LARGEST)}

    def accept(self, value: Any) -> Decimal:
        return check_amount(value)

    def read(self, stored: Any) -> Decimal:
        return read_stored_amount(stored)

    def is_stored_well(self, stored: Any) -> bool:
        return isinstance(stored, int | float) and not isinstance(stored, bool)

    def to_stored(self, value: Decimal) -> float:
        return float(value)

    def to_json(self, value: Decimal) -> float:
        return float(value)

    def to_cell(self, value: Decimal) -> str:
        return f"{value:.2f}"


@dataclass(frozen=True)
class YesNo(FieldType):
    """True or false."""

    key, model, json, bson, described, empty = "yes/no", bool, bool, "bool", "true or false", False

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}

    def accept(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValueError("must be true or false")
        return value

    def read(self, stored: Any) -> bool:
        return stored is True

    def is_stored_well(self, stored: Any) -> bool:
        return isinstance(stored, bool)

    def to_cell(self, value: bool) -> str:
        return "true" if value else "false"

    def searched(self, value: bool) -> str:
        return ""


@dataclass(frozen=True)
class Date(FieldType):
    """A day of the calendar, without a zone; None where none was entered."""

    key, model, json, bson, described, empty = "date", date | None, date | None, "date", "a date", None

    @property
    def schema(self) -> dict[str, Any]:
        return {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]}

    def accept(self, value: Any) -> date | None:
        if value is None or value == "":
            return None
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except (TypeError, ValueError):
            raise ValueError("must be a date, such as 2026-01-31") from None

    def read(self, stored: Any) -> date | None:
        moment = readable_moment(stored)
        return moment.astimezone(UTC).date() if moment else None

    def is_stored_well(self, stored: Any) -> bool:
        return stored is None or isinstance(stored, datetime)

    def to_stored(self, value: date | None) -> datetime | None:
        return datetime.combine(value, time(), UTC) if value else None

    def to_json(self, value: date | None) -> str | None:
        return value.isoformat() if value else None

    def to_cell(self, value: date | None) -> str:
        return value.isoformat() if value else ""


@dataclass(frozen=True)
class Number(FieldType):
    """A number with at most so many decimals; None where none was entered."""

    lowest: Decimal = Decimal("-1000000000")
    highest: Decimal = Decimal("1000000000")
    decimals: int = 2

    key, model, json = "number", Decimal | None, float | None
    bson, described, empty = "number", "a number", None

    @property
    def schema(self) -> dict[str, Any]:
        number = {"type": "number", "minimum": float(self.lowest), "maximum": float(self.highest)}
        return {"anyOf": [number, {"type": "null"}]}

    def read(self, stored: Any) -> Decimal | None:
        if stored is None or not self.is_stored_well(stored) or not math.isfinite(stored):
            return None
        return Decimal(repr(stored))

    def is_stored_well(self, stored: Any) -> bool:
        return stored is None or (isinstance(stored, int | float) and not isinstance(stored, bool))

    def to_stored(self, value: Decimal | None) -> float | None:
        return None if value is None else float(value)

    def to_json(self, value: Decimal | None) -> float | None:
        return None if value is None else float(value)

    def to_cell(self, value: Decimal | None) -> str:
        return "" if value is None else f"{value.normalize():f}"

    def accept(self, value: Any) -> Decimal | None:
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise ValueError("must be a number")
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        if not number.is_finite() or not self.lowest <= number <= self.highest:
            raise ValueError(f"must be from {self.lowest:,} to {self.highest:,}")
        return exactly(number, self.decimals)


@dataclass(frozen=True)
class Choice(FieldType):
    """One of some words; empty where none was chosen."""

    options: tuple[str, ...] = ()

    key, model, json, bson, described, empty = "choice", str, str, "string", "a text", ""

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": ["", *self.options]}

    def read(self, stored: Any) -> str:
        return readable_text(stored)

    def is_stored_well(self, stored: Any) -> bool:
        return isinstance(stored, str)

    def accept(self, value: Any) -> str:
        if value == "":
            return ""
        known = {fold(option): option for option in self.options}
        option = known.get(fold(value)) if isinstance(value, str) else None
        if option is None:
            raise ValueError(f"must be one of {', '.join(self.options)}")
        return option


@dataclass(frozen=True)
class Tags(FieldType):
    """A set of words, in alphabetical order; two that differ in letter case only are one."""

    most: int = 20
    longest: int = 40

    key, model, json, bson, described, empty = "tags", tuple[str, ...], list[str], "array", "a list of texts", ()
    edits = ("add", "remove", "set")

    @property
    def schema(self) -> dict[str, Any]:
        tag = {"type": "string", "minLength": 1, "maxLength": self.longest}
        return {"type": "array", "items": tag, "maxItems": self.most}

    def read(self, stored: Any) -> tuple[str, ...]:
        if stored is None:
            return ()
        parts = stored if isinstance(stored, list | tuple) else [stored]
        return tag_set(text for part in parts if (text := readable_text(part).strip()))

    def is_stored_well(self, stored: Any) -> bool:
        return isinstance(stored, list) and all(isinstance(tag, str) for tag in stored)

    def to_stored(self, value: tuple[str, ...]) -> list[str]:
        return list(value)

    def to_json(self, value: tuple[str, ...]) -> list[str]:
        return list(value)

    def to_cell(self, value: tuple[str, ...]) -> str:
        return ", ".join(value)

    def searched(self, value: tuple[str, ...]) -> str:
        return " ".join(value)

    def accept(self, value: Any) -> tuple[str, ...]:
        if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
            raise ValueError("must be a list of texts")
        tags = tag_set(map(self._tag, value))
        if len(tags) > self.most:
            raise ValueError(f"are too many; use at most {self.most}")
        return tags

    def edited(self, edit: EditOfMany, value: tuple[str, ...], given: tuple[str, ...]) -> tuple[str, ...]:
        if edit == "set":
            return given
        if edit == "remove":
            return without_tags(value, given)
        tags = tag_set((*value, *given))
        if len(tags) > max(self.most, len(value)):
            raise ValueError(f"would be more than {self.most}")
        return tags if len(tags) > len(value) else value

    def taken_back(self, before: Any, after: Any, value: Any) -> tuple[str, ...] | None:
        tags = tags_taken_back(before, after, value)
        return tags if len(tags) <= max(self.most, len(value)) else None

    def _tag(self, value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError("must be a list of texts")
        if not value.strip():
            raise ValueError("have one that is empty; leave it out")
        if "," in value or ";" in value:
            raise ValueError("have one with a comma or a semicolon; make two tags of it")
        return self._text(value)

    def _text(self, value: str) -> str:
        try:
            return clean_text(value, shortest=1, longest=self.longest)
        except ValueError as error:
            raise ValueError(f"have one that {error}") from None


TYPES: tuple[type[FieldType], ...] = (Text, Lines, Amount, YesNo, Date, Number, Choice, Tags)
"""All there are; whatever has something for each of them is tried with every one."""
