"""Query parameters: each is one plain text, and a number is digits."""

from __future__ import annotations

import re
from collections import Counter
from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from starlette.requests import Request

from kinso.errors import FieldError, InvalidInput
from kinso.models.customer import LARGEST_PAGE, CustomerQuery
from kinso.models.sale import Moment, SaleQuery
from kinso.services.exports import Flavour

_LAST_PAGE = 1_000_000_000
_OPERATOR = re.compile(r"[\[.$]")
_DIGITS = re.compile(r"-?[0-9]{1,1000}")


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


PageNumber = Annotated[int, Field(ge=1, le=_LAST_PAGE), BeforeValidator(_whole_number)]
PageSize = Annotated[int, Field(ge=1, le=LARGEST_PAGE), BeforeValidator(_whole_number)]
MembershipFilter = Annotated[
    bool | None,
    BeforeValidator(_true_or_false),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"const": ""}]}),
]


class PageParameters(BaseModel):
    """Which part of a result."""

    model_config = ConfigDict(frozen=True)

    page: PageNumber = 1
    limit: PageSize = 10


class _Query(CustomerQuery):
    model_config = ConfigDict(validate_by_name=False, validate_by_alias=True)

    membership_status: MembershipFilter = None
    eligible: MembershipFilter = None


class ListParameters(_Query, PageParameters):
    """Which customers, in what order, and which part of them."""


class ExportParameters(_Query):
    """Which customers, in what order, and for what program."""

    flavour: Flavour = "excel"


class SaleParameters(SaleQuery, PageParameters):
    """Which entries of the ledger, and which part of them."""

    model_config = ConfigDict(validate_by_name=False, validate_by_alias=True)

    since: Moment | None = None
    until: Moment | None = None


async def _customer_list(request: Request, given: Annotated[ListParameters, Query()]) -> ListParameters:
    """The parameters of a list of customers."""
    _refuse_odd_parameters(request, ListParameters)
    return given


async def _customer_export(request: Request, given: Annotated[ExportParameters, Query()]) -> ExportParameters:
    """The parameters of a file of customers."""
    _refuse_odd_parameters(request, ExportParameters)
    return given


async def _sale_list(request: Request, given: Annotated[SaleParameters, Query()]) -> SaleParameters:
    """The parameters of a list of purchases."""
    _refuse_odd_parameters(request, SaleParameters)
    return given


async def _page_only(request: Request, given: Annotated[PageParameters, Query()]) -> PageParameters:
    """The parameters of a list that takes nothing else."""
    _refuse_odd_parameters(request, PageParameters)
    return given


CustomerExport = Annotated[ExportParameters, Depends(_customer_export)]
CustomerList = Annotated[ListParameters, Depends(_customer_list)]
SaleList = Annotated[SaleParameters, Depends(_sale_list)]
PageOnly = Annotated[PageParameters, Depends(_page_only)]


def _refuse_odd_parameters(request: Request, model: type[BaseModel]) -> None:
    """Raise `InvalidInput` for a parameter of `model` that is repeated, or sent as a database operator or object."""
    known = {field.alias or name for name, field in model.model_fields.items()}
    given = Counter(name for name, _value in request.query_params.multi_items())
    errors = []
    for name, count in given.items():
        base = _OPERATOR.split(name, maxsplit=1)[0]
        if base not in known:
            continue
        if base != name:
            errors.append(FieldError(base, f"{base} must be a plain value; write it as {base}=value."))
        elif count > 1:
            errors.append(FieldError(name, f"{name} is given {count} times; give it once."))
    if errors:
        raise InvalidInput(errors)
