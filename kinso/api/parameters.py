"""Query parameters: each is one plain text with a name that the call knows, and a number is digits."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Query
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic.alias_generators import to_camel
from starlette.requests import Request

from kinso.errors import FieldError, InvalidInput
from kinso.models.customers import LARGEST_PAGE, LONGEST_SEARCH, CustomerQuery, SortField
from kinso.models.customers_sync import LONGEST_CURSOR, Cursor
from kinso.models.facts import FACTS
from kinso.models.filters import EXAMPLE, LONGEST_FILTER, Filter, filter_of
from kinso.models.purchases import EntryKind, LedgerQuery
from kinso.models.text import searchable
from kinso.models.times import MEANING, read_written
from kinso.models.transfer.cells import Flavour
from kinso.models.validation import OPERATOR, folded

_LAST_PAGE = 1_000_000_000
_DIGITS = re.compile(r"-?[0-9]{1,1000}")
_BREAKS = "\t\n\r"
_CACHE_BUSTER = "_"


def _whole_number(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if not _DIGITS.fullmatch(value):
        raise ValueError("must be a whole number")
    return int(value)


def _true_or_false(value: Any) -> bool | None:
    """Client libraries send an empty text for a filter that is not set."""
    match value:
        case None | "":
            return None
        case "true" | True:
            return True
        case "false" | False:
            return False
        case _:
            raise ValueError("must be true or false")


def _searched(value: Any) -> Any:
    """Pasted text may end in a line break; other control characters are in no stored text, so nothing could match."""
    if not isinstance(value, str):
        return value
    if any(unicodedata.category(each) == "Cc" and each not in _BREAKS for each in value):
        raise ValueError("contains a control character; remove it")
    return searchable(value).strip()


def _customer(value: Any) -> Any:
    if isinstance(value, str) and "\0" in value:
        raise ValueError("contains a control character; remove it")
    return value.strip() or None if isinstance(value, str) else value


def _exact_id(value: Any) -> Any:
    """Whoever looks for one customer and has no ID must not get all of them."""
    if isinstance(value, str) and not value.strip():
        raise ValueError("is empty; give the ID to look for, or leave it out")
    _customer(value)
    return value


def _absent_if_empty(value: Any) -> Any:
    return None if value == "" else value


def _written(value: Any) -> datetime | None:
    return None if value in (None, "") else read_written(value)


def _since(value: Any) -> datetime:
    if value == "":
        raise ValueError("is empty; give a date, such as 2025-01-31T09:30:00Z, or leave it out")
    return read_written(value)


def _cursor(value: Any) -> Cursor:
    try:
        return Cursor.read(value)
    except (ValueError, OverflowError) as error:
        raise ValueError("is none of those that an answer gave; begin again with updatedSince") from error


def _or_empty(schema: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [schema, {"const": ""}]})


PageNumber = Annotated[int, Field(ge=1, le=_LAST_PAGE), BeforeValidator(_whole_number)]
PageSize = Annotated[int, Field(ge=1, le=LARGEST_PAGE), BeforeValidator(_whole_number)]
MembershipFilter = Annotated[bool | None, BeforeValidator(_true_or_false), _or_empty({"type": "boolean"})]
SearchText = Annotated[
    str,
    Field(max_length=LONGEST_SEARCH),
    BeforeValidator(_searched),
    WithJsonSchema(
        {
            "type": "string",
            "maxLength": LONGEST_SEARCH,
            "pattern": "^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f]*$",
        }
    ),
]
CustomerFilter = Annotated[
    str | None, Field(max_length=64), BeforeValidator(_customer), WithJsonSchema({"type": "string", "maxLength": 64})
]
ExactId = Annotated[
    str,
    Field(max_length=LONGEST_SEARCH),
    BeforeValidator(_exact_id),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": LONGEST_SEARCH}),
]


def _filter(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return filter_of(value) if value else None


def _facts(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    names = _names_in(value)
    if unknown := [name for name in names if name not in FACTS]:
        raise ValueError(f"names {unknown[0][:LONGEST_SEARCH]}, which there is not; GET /api/facts lists all")
    return ",".join(names)


def _names_in(text: str) -> list[str]:
    return list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


KindFilter = Annotated[EntryKind | None, BeforeValidator(_absent_if_empty)]
MomentFilter = Annotated[
    datetime | None, BeforeValidator(_written), _or_empty({"type": "string", "format": "date-time"})
]


_EXACTLY = Field(
    default_factory=str,
    description="At most one customer: whose ID it is, whatever its letter case and kinds of dash, space and width.",
)


Since = Annotated[datetime, BeforeValidator(_since), WithJsonSchema({"type": "string", "format": "date-time"})]
CursorText = Annotated[
    Cursor,
    BeforeValidator(_cursor),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": LONGEST_CURSOR, "pattern": "^[0-9A-Za-z_-]+$"}),
]


FactFilter = Annotated[
    Filter | None,
    PlainValidator(_filter),
    WithJsonSchema({"type": "string", "maxLength": LONGEST_FILTER, "contentMediaType": "application/json"}),
]
_FILTERED = Field(
    default=None,
    description="Conditions on facts as JSON, such as "
    f"`{EXAMPLE}`, or a group of them: `all` or `any` of a list, or `not` one. GET /facts lists the facts and"
    " what each can be asked.",
)
SegmentId = Annotated[
    str | None, Field(max_length=64), BeforeValidator(_customer), WithJsonSchema({"type": "string", "maxLength": 64})
]
_OF_SEGMENT = Field(default=None, description="The `_id` of a segment: only customers who meet it.")
FactNames = Annotated[
    str,
    BeforeValidator(_facts),
    WithJsonSchema({"type": "string", "pattern": "^[A-Za-z, ]*$"}),
]


class PageParameters(BaseModel):
    """Which part of a result."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=False, validate_by_alias=True, frozen=True)

    page: PageNumber = 1
    limit: PageSize = 10


class _Query(CustomerQuery):
    model_config = ConfigDict(validate_by_name=False, validate_by_alias=True)

    customer_id: ExactId = _EXACTLY
    search: SearchText = ""
    customer_name: SearchText = ""
    membership_status: MembershipFilter = None
    eligible: MembershipFilter = None
    filter: FactFilter = _FILTERED


class PageOfCustomers(_Query, PageParameters):
    """Which customers, in what order, which part of them, and what is told of each."""

    facts: FactNames = Field(
        default="", description="Names of facts, with commas: they are told of each customer in `facts`."
    )

    @property
    def fact_names(self) -> tuple[str, ...]:
        """The facts that are asked for."""
        return tuple(_names_in(self.facts))


class ListParameters(PageOfCustomers):
    """The same, perhaps of a segment; or what changed since then."""

    segment: SegmentId = _OF_SEGMENT
    updated_since: Since | None = Field(
        default=None, description=f"For copies: who was changed or deleted since then, the earliest first. {MEANING}"
    )
    cursor: CursorText | None = Field(
        default=None, description="`nextCursor` of an earlier answer: who was changed or deleted after that."
    )


class StatusParameters(PageParameters):
    """Which of the members or non-members, in what order, and which part of them."""

    customer_id: ExactId = _EXACTLY
    search: SearchText = ""
    customer_name: SearchText = ""
    eligible: MembershipFilter = None
    filter: FactFilter = _FILTERED
    sort_by: SortField = "createdAt"
    sort_order: Literal["asc", "desc"] = "desc"

    def query(self, *, membership_status: bool) -> CustomerQuery:
        """The customers with this status that the filters leave."""
        return CustomerQuery(membership_status=membership_status, **self.model_dump(exclude={"page", "limit"}))


class ExportParameters(_Query):
    """Which customers, in what order, and for what program."""

    segment: SegmentId = _OF_SEGMENT
    flavour: Flavour = "excel"
    facts: FactNames = Field(default="", description="Names of facts, with commas: they are further columns.")

    @property
    def fact_names(self) -> tuple[str, ...]:
        """The facts that are asked for."""
        return tuple(_names_in(self.facts))


class SaleParameters(PageParameters):
    """Which entries of the ledger, and which part of them; `customer` is another name for `customerId`."""

    customer_id: CustomerFilter = Field(default=None, description="The shop's number, or the customer's `_id`.")
    customer: CustomerFilter = Field(default=None, description="The same as `customerId`.")
    kind: KindFilter = None
    since: MomentFilter = Field(default=None, description=MEANING)
    until: MomentFilter = Field(default=None, description=f"Not included. {MEANING}")

    def query(self, customer: str | None) -> LedgerQuery:
        """The entries that the filters leave, of the customer with this `_id` if it is given."""
        return LedgerQuery(customer=customer, kind=self.kind, since=self.since, until=self.until)


CustomerExport = Annotated[ExportParameters, Query()]
CustomersOfSegment = Annotated[PageOfCustomers, Query()]
CustomerList = Annotated[ListParameters, Query()]
StatusList = Annotated[StatusParameters, Query()]
SaleList = Annotated[SaleParameters, Query()]
PageOnly = Annotated[PageParameters, Query()]


def names_of(dependant: Dependant) -> frozenset[str]:
    """What the query parameters of a call are called."""
    names: set[str] = set()
    for parameter in dependant.query_params:
        model = parameter.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            names.update(field.alias or name for name, field in model.model_fields.items())
        else:
            names.add(parameter.alias)
    return frozenset(names.union(*map(names_of, dependant.dependencies)))


def check_names(request: Request, known: Collection[str]) -> None:
    """Raise `InvalidInput` for parameters that are repeated, sent as an operator or object, or not known."""
    if not request.scope["query_string"]:
        return
    given = Counter(name for name, _value in request.query_params.multi_items())
    found = (_what_is_wrong(name, count, known) for name, count in given.items())
    errors = [error for error in found if error]
    if errors:
        raise InvalidInput(errors)


def _what_is_wrong(name: str, count: int, known: Collection[str]) -> FieldError | None:
    base = OPERATOR.split(name, maxsplit=1)[0]
    if name in known:
        return FieldError(name, f"{name} is given {count} times; give it once.") if count > 1 else None
    if base in known:
        return FieldError(base, f"{base} must be a plain value; write it as {base}=value.")
    if name == _CACHE_BUSTER:
        return None
    meant = next((each for each in known if folded(each) == folded(name)), None)
    advice = f"write {meant}" if meant else "leave it out, or look at /api/docs for what this address takes"
    return FieldError(name, f"{name} is not known here; {advice}.")
