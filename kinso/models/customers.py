"""Customers: what is stored, what may be entered, what may be asked for, and what became of edits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.alias_generators import to_camel

from kinso.errors import FieldError
from kinso.models.facts import SORTABLE
from kinso.models.fields import BY_NAME, FIELDS, SPECIFIED
from kinso.models.filters import FilterField

SORT_FIELDS = (*(field.name for field in FIELDS[:SPECIFIED]), "createdAt", "updatedAt")
"""What lists are sorted by from an index."""
if TYPE_CHECKING:
    SortField = str
else:
    SortField = Literal[tuple(dict.fromkeys((*SORT_FIELDS, "_id", "version", *SORTABLE)))]
    """All but the first ones cost no index: that order is made when it is asked for."""
_PLAIN_ORDERS = frozenset({*SORT_FIELDS, "_id", "version"})
LARGEST_PAGE = 1000
LONGEST_SEARCH = 200


class _Model(BaseModel):
    """Python names in the code, the specified camelCase names in documents and JSON."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


def _not_given() -> Any:
    return None


if TYPE_CHECKING:

    class _Fields(_Model):
        """The fields that code names; all others come with `kinso.models.fields`."""

        customer_id: str = ""
        customer_name: str = ""
        contact_info: str = ""
        purchase_amount: Decimal = Decimal("0.00")
        membership_status: bool = False

    class _Stored(_Fields): ...

    class _Entered(_Fields): ...

    class _Typed(_Fields): ...

    CustomerId = str
else:

    def _made_of(name: str, definition: Any) -> type[BaseModel]:
        return create_model(name, __base__=_Model, **{field.attribute: definition(field) for field in FIELDS})

    _Stored = _made_of(
        "_Stored", lambda field: (field.type.model, ... if field in FIELDS[:SPECIFIED] else field.type.empty)
    )
    _Entered = _made_of("_Entered", lambda field: (field.type.entered, ... if field.is_required else field.type.empty))
    CustomerId = BY_NAME["customerId"].type.entered
    _Typed = _made_of("_Typed", lambda field: (field.type.entered, Field(default_factory=_not_given)))


class Customer(_Stored):
    """One stored customer; read leniently, because an earlier application may have written it.

    `excluded` is True for a non-member whom a person made one: no rule makes them a member again. `aliases` are the IDs
    of those who were merged into them; lists that are read from the mirror do without.
    """

    id: str = Field(alias="_id")
    created_at: datetime
    updated_at: datetime
    version: int
    excluded: bool = Field(default=False, alias="membershipHeld")
    aliases: tuple[str, ...] = Field(default=(), alias="mergedIds")

    @property
    def title(self) -> str:
        """What a sentence about them begins with."""
        return f"Customer {self.customer_id}"


class CustomerDraft(_Entered):
    """A new customer, as typed."""


class CustomerPatch(_Typed):
    """Some fields of a customer, as typed; what is not given keeps its value, and a null is refused.

    The defaults only mark what was not given: they are not values of these fields, and `changes` leaves them out.
    """

    def changes(self) -> dict[str, Any]:
        """The given fields by their stored names."""
        return self.model_dump(by_alias=True, exclude_unset=True)


class CustomerQuery(_Model):
    """Which customers, in what order. Texts are searched as typed, never as patterns.

    `customer_id` leaves the one customer whose ID looks like that, or nobody. `eligible` customers are those whom the
    shop's rule would make members now; False means all others. `filter` asks for anything else.
    """

    customer_id: str = ""
    search: str = Field(default="", max_length=LONGEST_SEARCH)
    customer_name: str = Field(default="", max_length=LONGEST_SEARCH)
    membership_status: bool | None = None
    eligible: bool | None = None
    filter: FilterField = None
    sort_by: SortField = "createdAt"
    sort_order: Literal["asc", "desc"] = "desc"

    @property
    def is_filtered(self) -> bool:
        """Whether some customers may be left out."""
        given = (self.membership_status, self.eligible, self.filter)
        return self.is_searched or bool(self.customer_id.strip()) or any(value is not None for value in given)

    @property
    def asks_for_facts(self) -> bool:
        """Whether something has to be computed to find them, or to have them in their order."""
        return self.eligible is not None or self.filter is not None or self.sort_by not in _PLAIN_ORDERS

    @property
    def is_searched(self) -> bool:
        """Whether texts of customers have to be read to find them."""
        return bool(self.search.strip() or self.customer_name.strip())


class CustomerPage(_Model):
    """One page of a query's result; `total` counts the whole result."""

    items: list[Customer]
    page: int
    limit: int
    total: int


@dataclass(frozen=True)
class MembershipCounts:
    """How many customers a query has, and how many of them are members, or eligible."""

    total: int
    members: int
    eligible: int


@dataclass(frozen=True)
class CustomerGroup:
    """Customers with the same value of a fact, None for those without one; `spent` is what all of them spent."""

    value: Any
    customers: int
    members: int
    spent: Decimal


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


Alike = Literal["id", "phone", "email", "contact", "name", "similar name"]
"""What two of them have in common, from the strongest evidence to the weakest."""

_WORDS: dict[Alike, tuple[str, str]] = {
    "id": ("customerId", "this ID but for leading zeros"),
    "phone": ("contactInfo", "the same phone number"),
    "email": ("contactInfo", "the same e-mail address"),
    "contact": ("contactInfo", "the same contact"),
    "name": ("customerName", "the same name"),
    "similar name": ("customerName", "nearly the same name"),
}


@dataclass(frozen=True)
class LikelyDuplicate:
    """`alike` is the strongest of what they have in common."""

    customer: Customer
    alike: Alike

    @property
    def field(self) -> str:
        """The stored name of the field that is alike."""
        return _WORDS[self.alike][0]

    @property
    def has(self) -> str:
        """What they have in common, to go on with after “has”."""
        return _WORDS[self.alike][1]

    @property
    def message(self) -> str:
        """One sentence."""
        return f"{self.customer.customer_name} ({self.customer.customer_id}) has {self.has}."


@dataclass(frozen=True)
class DuplicatePair:
    """Two customers who may be the same person, and what they have in common, the strongest of it first.

    `one` was registered before `other`.
    """

    one: Customer
    other: Customer
    alike: tuple[Alike, ...]

    @property
    def reason(self) -> str:
        """What they have in common, as it stands after “have”."""
        return " and ".join(_WORDS[alike][1] for alike in self.alike)


@dataclass(frozen=True)
class DuplicatePairs:
    """Some pairs, the likeliest first; `total` counts all that were found, `is_cut` says that there may be more."""

    items: list[DuplicatePair]
    total: int
    is_cut: bool


@dataclass(frozen=True)
class DifferentPeople:
    """That two customers (by `_id`) are not the same person, as somebody said."""

    one: str
    other: str
    at: datetime
    by_name: str


@dataclass(frozen=True)
class FoundCustomers:
    """Some of those who fit what was typed, those who fit best first, and how many fit in all.

    `are_similar` says that nobody fits, and that these have a name that is spelled nearly like it.
    """

    customers: Sequence[Customer]
    total: int
    are_similar: bool = False


LARGEST_DRAFT = 256 * 1024
"""Bytes of its content as JSON."""
WIDGETS = ("customers_grid_", "register_", "adding_", "purchase_", "refund_", "editing_")
"""How the keys of all widgets begin whose values become drafts; none of them does anything when it changes."""


@dataclass(frozen=True)
class Draft:
    """`place` is where it was typed; `content` is what that place makes of it."""

    id: str
    place: str
    content: dict[str, Any]
    updated_at: datetime
