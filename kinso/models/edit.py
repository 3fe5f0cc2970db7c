"""Edits that start from what a person saw, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kinso.errors import FieldError
from kinso.models.customer import Customer


@dataclass(frozen=True)
class CustomerEdit:
    """`values` typed over the customer as it was shown in `before`, by stored names and not yet validated."""

    before: Customer
    values: dict[str, Any]


@dataclass(frozen=True)
class FieldConflict:
    """One field that someone else changed meanwhile: as it was shown, as they saved it, as it was typed."""

    field: str
    before: Any
    theirs: Any
    mine: Any


@dataclass(frozen=True)
class EditOutcome:
    """What became of one edit.

    `current` is the customer as it is stored now, None when it was deleted meanwhile. `saved` are the fields that were
    written; fields in `errors` and `conflicts` were not.
    """

    edit: CustomerEdit
    current: Customer | None
    saved: dict[str, Any] = field(default_factory=dict)
    errors: tuple[FieldError, ...] = ()
    conflicts: tuple[FieldConflict, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether nothing of the edit is left to do."""
        return self.current is not None and not self.errors and not self.conflicts
