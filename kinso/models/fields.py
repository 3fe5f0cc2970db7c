"""Every field of a customer, declared once; grid, forms, JSON, files, history, search, erasure and `check` follow.

A new field is one more line at the end of `FIELDS`: an export tells an import what it saw of them in this order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kinso.models.accounts import Permission
from kinso.models.edits import EditOfMany
from kinso.models.field_types import Amount, FieldType, Lines, Tags, Text, YesNo
from kinso.models.text import check_contact, check_id

if TYPE_CHECKING:
    from pydantic import BaseModel

_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


@dataclass(frozen=True)
class Field:
    """One field.

    `name` is its name in documents and JSON. `is_required` fields have to be entered to register somebody; they are
    what another application's customers are adopted with. A `personal` one is erased with the person, wherever it is
    kept. `permission` is what changing it takes. `for_many` fields can be changed for many customers at once. `width`
    is that of its column in the grid, in pixels; None leaves it to the forms. `hint` stands in its empty input.
    `example` is shown in the description of the API.
    """

    name: str
    label: str
    type: FieldType
    is_required: bool = False
    personal: bool = True
    searchable: bool = False
    permission: Permission = Permission.EDIT
    for_many: bool = True
    width: int | None = None
    hint: str | None = None
    example: Any = None

    @cached_property
    def attribute(self) -> str:
        """Its name in Python."""
        return _CAPITAL.sub("_", self.name).lower()

    @property
    def edits(self) -> tuple[EditOfMany, ...]:
        """What can be done to it of many customers at once; nobody shares a name or an ID."""
        return self.type.edits if self.for_many and not self.is_required else ()

    def of(self, customer: BaseModel) -> Any:
        """Its value of a customer, or of a draft of one."""
        return getattr(customer, self.attribute)


FIELDS: tuple[Field, ...] = (
    Field(
        "customerId",
        "Customer ID",
        Text(1, 64, is_id=True, check=check_id),
        is_required=True,
        searchable=True,
        width=105,
        example="C-1001",
    ),
    Field("customerName", "Customer name", Text(2, 200), True, searchable=True, width=150, example="Ada Lovelace"),
    Field(
        "contactInfo",
        "Contact",
        Text(5, 500, check=check_contact),
        is_required=True,
        searchable=True,
        width=236,
        hint="E-mail, phone or address",
        example="ada@shop.com",
    ),
    Field("purchaseAmount", "Total spent", Amount(), personal=False, for_many=False, width=136, example=1250.5),
    Field(
        "membershipStatus",
        "Membership",
        YesNo(),
        personal=False,
        permission=Permission.MEMBERSHIP,
        for_many=False,
        width=90,
        example=False,
    ),
    Field("notes", "Notes", Lines(longest=2000), searchable=True, example="Prefers to be called in the evening"),
    Field("tags", "Tags", Tags(), searchable=True, width=140, hint="Add a tag", example=["regular"]),
)
SPECIFIED = 5
"""How many of them, the first ones, every customer document has; what Kinso adds is there once it is entered."""
BY_NAME: Mapping[str, Field] = {field.name: field for field in FIELDS}
ERASED = "(erased)"
"""Stands where a name or a contact was removed for good."""
KEPT = frozenset({"_id", "membershipHeld", "registration", "createdAt", "updatedAt", "version"})
"""What stays of an erased person beside the fields that are not personal."""


def entered(customer: BaseModel) -> dict[str, Any]:
    """What people enter about a customer, by stored names."""
    return {field.name: getattr(customer, field.attribute) for field in FIELDS}


def recorded(customer: BaseModel) -> dict[str, Any]:
    """The same without what nobody ever entered; a document and the record of a creation hold no more."""
    values = entered(customer)
    for field in FIELDS[SPECIFIED:]:
        if values[field.name] == field.type.empty:
            del values[field.name]
    return values


def permissions_to_change(names: Iterable[str]) -> frozenset[Permission]:
    """What it takes to change these fields; what is no declared field takes nothing."""
    return frozenset(BY_NAME[name].permission for name in names if name in BY_NAME)


def permissions_to_enter(draft: BaseModel) -> frozenset[Permission]:
    """What it takes to register somebody with these values, beside the permission to register."""
    filled = (field.name for field in FIELDS if field.of(draft) != field.type.empty)
    return permissions_to_change(filled) - {Permission.EDIT}


def identifying_fields() -> list[Field]:
    """Those by whose text somebody is searched for; the words of notes and tags may be about anybody."""
    return [field for field in FIELDS if field.personal and field.searchable and field.type.key == "text"]


def to_stored(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as MongoDB keeps them; those of no field stay as they are."""
    return {name: BY_NAME[name].type.to_stored(value) if name in BY_NAME else value for name, value in values.items()}


def read(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The values of what is stored; those of no field stay as they are."""
    return {name: BY_NAME[name].type.read(value) if name in BY_NAME else value for name, value in stored.items()}


def erased(stored: Mapping[str, Any], alias: str) -> dict[str, Any]:
    """What may stay of stored values when the person is erased; whatever is no declared field goes.

    Required texts are replaced, `customerId` by `alias`; other personal fields are left out.
    """
    kept = {}
    for name, value in stored.items():
        field = BY_NAME.get(name)
        if name in KEPT or (field and not field.personal):
            kept[name] = value
        elif field and field.is_required:
            kept[name] = alias if name == "customerId" else ERASED
    return kept
