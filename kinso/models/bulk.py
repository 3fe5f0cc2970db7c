"""Changes of many customers at once: whom they concern, what is done, and what that would come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from kinso.errors import FieldError, InvalidInput
from kinso.models.customers import Customer, CustomerQuery
from kinso.models.edits import EditOfMany
from kinso.models.fields import BY_NAME, FIELDS, Field

EDITABLE_FOR_MANY = tuple(field for field in FIELDS if field.edits)


@dataclass(frozen=True)
class Chosen:
    """Some customers: those with these `_id`s, or when they are None all of the query."""

    query: CustomerQuery = field(default_factory=CustomerQuery)
    ids: tuple[str, ...] | None = None

    def parameters(self) -> dict[str, Any]:
        """What a run remembers of them."""
        if self.ids is not None:
            return {"selected": len(self.ids)}
        order = {"sort_by", "sort_order"}
        return {"filter": self.query.model_dump(by_alias=True, exclude_defaults=True, exclude=order)}


@dataclass(frozen=True)
class FieldEdit:
    """What is done to one field of each; `given` is an accepted value of the field's type."""

    field: Field
    edit: EditOfMany
    given: Any

    @classmethod
    def of(cls, name: str, edit: str, given: Any) -> FieldEdit:
        """An edit as it was asked for; raises `InvalidInput`."""
        known = BY_NAME.get(name)
        if known is None or not known.edits:
            names = ", ".join(each.name for each in EDITABLE_FOR_MANY)
            raise InvalidInput(
                [FieldError("field", f"Field cannot be changed for many at once; it is one of {names}.")]
            )
        if edit not in known.edits:
            sentence = f"Edit of {known.label.lower()} must be one of {', '.join(known.edits)}."
            raise InvalidInput([FieldError("edit", sentence)])
        try:
            accepted = known.type.accept(given)
        except ValueError as error:
            raise InvalidInput([FieldError("value", f"{known.label} {error}.")]) from error
        if edit != "set" and accepted == known.type.empty:
            raise InvalidInput([FieldError("value", f"Say what to {edit}; the value is empty.")])
        return cls(known, next(each for each in known.edits if each == edit), accepted)

    def applied(self, value: Any) -> Any:
        """What becomes of a value; raises ValueError with the rest of a sentence that begins with the field."""
        return self.field.type.edited(self.edit, value, self.given)

    def changes(self, value: Any) -> bool:
        """Whether it changes this value; False where what becomes of it cannot be stored."""
        try:
            return bool(self.applied(value) != value)
        except ValueError:
            return False

    def parameters(self) -> dict[str, Any]:
        """What a run remembers of it."""
        return {"field": self.field.name, "edit": self.edit, "value": self.field.type.to_json(self.given)}


@dataclass(frozen=True)
class ValueGroup:
    """How many customers have a value of a field, and what they spent together."""

    value: Any
    count: int
    total: Decimal


@dataclass(frozen=True)
class BulkPreview:
    """What a bulk change would come to.

    It concerns `matched` customers and changes `count` of them, who spent `total`; of `refused` ones the field cannot
    hold what would become of it. `first` are some of those whom it concerns.
    """

    matched: int
    count: int
    total: Decimal
    refused: int = 0
    first: list[Customer] = field(default_factory=list)


@dataclass(frozen=True)
class RemovalPlan:
    """Exactly whom a deletion or an erasure removes: the version of each (by `_id`) that was looked at."""

    chosen: Chosen
    versions: Mapping[str, int]
    total: Decimal
    first: list[Customer]

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self.versions)
