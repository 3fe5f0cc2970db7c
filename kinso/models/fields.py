"""Every field of a customer, declared once; grid, forms, JSON, files, history, search, erasure and `check` follow.

A new field is one more line at the end of `FIELDS`: an export tells an import what it saw of them in this order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kinso.models.accounts import Permission
from kinso.models.field_types import Amount, FieldType, Lines, Tags, Text, YesNo
from kinso.models.text import fold

if TYPE_CHECKING:
    from pydantic import BaseModel


_SHORTENED = re.compile(r"[+-]?\d+(?:[.,]\d+e[+-]?|e[+-])\d{1,3}")
"""With a decimal or a sign; without them, as in 12E5, it may well be an ID."""
_NUMBER_ALONE = re.compile(r"\d+e\d{1,3}")
_WITH_DECIMALS = re.compile(r"\d{7,}[.,]0+")
_PLACEHOLDER = re.compile(r"#{3,}|#(?:n/a|ref!|value!|name\?|div/0!|num!|null!|spill!|calc!)")

_SCIENTIFIC = "looks damaged by a spreadsheet (scientific notation); type it in full"
_DECIMALS = "looks damaged by a spreadsheet (a number with decimals); type it without them"
_EMPTY = "is what a spreadsheet shows instead of a value; type it in full"


def check_id(text: str) -> str:
    """The ID as it is; raises ValueError with a sentence part when nothing but damage can have made it."""
    return _checked(text, (_SHORTENED, _SCIENTIFIC), (_PLACEHOLDER, _EMPTY))


def check_contact(text: str) -> str:
    """The same for a contact, which no short number in scientific notation can be either."""
    for part in (text, *text.split()):
        _checked(part, (_SHORTENED, _SCIENTIFIC), (_PLACEHOLDER, _EMPTY))
    return _checked(text, (_NUMBER_ALONE, _SCIENTIFIC), (_WITH_DECIMALS, _DECIMALS))


def _checked(text: str, *kinds: tuple[re.Pattern[str], str]) -> str:
    folded = fold(text).strip(",;")
    for pattern, sentence in kinds:
        if pattern.fullmatch(folded):
            raise ValueError(sentence)
    return text


_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


@dataclass(frozen=True)
class Field:
    """One field.

    `name` is its name in documents and JSON. `is_required` fields have to be entered to register somebody; they are
    what another application's customers are adopted with. A `personal` one is erased with the person, wherever it is
    kept. `permission` is what changing it takes. `width` is that of its column in the grid, in pixels; None leaves it
    to the forms. `hint` stands in its empty input. `example` is shown in the description of the API.
    """

    name: str
    label: str
    type: FieldType
    is_required: bool = False
    personal: bool = True
    searchable: bool = False
    permission: Permission = Permission.EDIT
    width: int | None = None
    hint: str | None = None
    example: Any = None

    @property
    def attribute(self) -> str:
        """Its name in Python."""
        return _CAPITAL.sub("_", self.name).lower()

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
        width=178,
        hint="E-mail, phone or address",
        example="ada@shop.com",
    ),
    Field("purchaseAmount", "Purchase amount", Amount(), personal=False, width=164, example=1250.5),
    Field(
        "membershipStatus",
        "Membership",
        YesNo(),
        personal=False,
        permission=Permission.MEMBERSHIP,
        width=90,
        example=False,
    ),
    Field("notes", "Notes", Lines(longest=2000), searchable=True, example="Prefers to be called in the evening"),
    Field("tags", "Tags", Tags(), searchable=True, width=140, hint="Add a tag", example=["regular"]),
)
SPECIFIED = 5
"""How many of them, the first ones, every customer document has; what Kinso adds is there once it is entered."""
BY_NAME: Mapping[str, Field] = {field.name: field for field in FIELDS}


def entered(customer: BaseModel) -> dict[str, Any]:
    """What people enter about a customer, by stored names."""
    return {field.name: field.of(customer) for field in FIELDS}


def recorded(customer: BaseModel) -> dict[str, Any]:
    """The same without what nobody ever entered; a document and the record of a creation hold no more."""
    values = entered(customer)
    empty = {field.name for field in FIELDS[SPECIFIED:] if values[field.name] == field.type.empty}
    return {name: value for name, value in values.items() if name not in empty}


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


ERASED = "(erased)"
"""Stands where a name or a contact was removed for good."""
KEPT = frozenset({"_id", "membershipHeld", "createdAt", "updatedAt", "version"})
"""What stays of an erased person beside the fields that are not personal."""
