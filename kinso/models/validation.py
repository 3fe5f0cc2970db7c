"""From pydantic's errors to Kinso's: one sentence per field, in the words of the shop."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import ErrorDetails

from kinso.errors import FieldError, InvalidInput
from kinso.models.customers import CustomerDraft
from kinso.models.fields import FIELDS

LABELS = {
    **{field.name: field.label for field in FIELDS},
    "eligible": "Eligible",
    "createdAt": "Registered",
    "updatedAt": "Last change",
    "threshold": "Threshold",
    "version": "Version",
    "email": "E-mail",
    "password": "Password",
    "name": "Name",
    "role": "Role",
    "shopName": "Shop name",
    "country": "Country",
    "currency": "Currency",
    "timeZone": "Time zone",
    "trashDays": "Days in the trash",
    "dailyBackups": "Back up every day",
    "backupHour": "Time of the backup",
    "backupDays": "Days a backup is kept",
    "thresholdBasis": "Basis of the threshold",
    "activateOnPurchase": "Activate at a purchase",
    "saleId": "Sale ID",
    "amount": "Amount",
    "soldAt": "Date",
    "date": "Date",
    "customer": "Customer",
    "items": "Items",
    "customers": "Customers",
    "quantity": "Quantity",
    "unitPrice": "Unit price",
    "discount": "Discount",
    "surcharge": "Surcharge",
    "paymentMethod": "Payment method",
    "note": "Note",
    "kind": "Kind",
    "description": "Description",
    "color": "Color",
    "shared": "Shared",
    "refundOf": "Refunded sale",
}
"""What each field is called on screen and in messages."""

_REQUEST_PARTS = frozenset({"body", "query", "path", "header", "cookie"})

Model = TypeVar("Model", bound=BaseModel)


def parse(model: type[Model], data: Mapping[str, Any]) -> Model:
    """Build `model` from what was typed or sent; raises `InvalidInput` with one sentence per bad field."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise InvalidInput(field_errors(error.errors(include_url=False))) from error


def field_errors(errors: Iterable[ErrorDetails | Mapping[str, Any]]) -> list[FieldError]:
    """One sentence for each field in pydantic's (or FastAPI's) error list, the first one of a field only."""
    found: dict[str, FieldError] = {}
    for error in errors:
        place = [str(part) for part in error["loc"] if part not in _REQUEST_PARTS]
        field = ".".join(place)
        # What a name that nobody knows may stand for is anybody's guess, so it is not translated.
        label = LABELS.get(field, field or "The request") if error["type"] != "extra_forbidden" else field
        found.setdefault(field, FieldError(field, f"{label} {_what_is_wrong(error)}."))
    return list(found.values())


def _what_is_wrong(error: ErrorDetails | Mapping[str, Any]) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "value_error":
            return str(context["error"])
        case "missing":
            return "is required"
        case "bool_type" | "bool_parsing":
            return "must be true or false"
        case "json_invalid":
            return "is not valid JSON"
        case "greater_than_equal":
            return f"must be {context['ge']} or more"
        case "greater_than":
            return f"must be more than {context['gt']}"
        case "less_than_equal":
            return f"must be {context['le']} or less"
        case "literal_error" | "enum":
            return f"must be one of {context['expected']}"
        case "int_type" | "int_parsing" | "int_from_float":
            return "must be a whole number"
        case "string_type":
            return "must be text"
        case "string_too_long":
            return f"is too long; use at most {context['max_length']} characters"
        case "string_unicode":
            return "contains half a character, which is no text; remove it"
        case "list_type":
            return "must be a list"
        case "too_short":
            return f"must have at least {context['min_length']:,} in the list"
        case "too_long":
            return f"has {context['actual_length']:,} in the list; send at most {context['max_length']:,}"
        case "extra_forbidden":
            return "is not known here; check its name or leave it out"
        case "model_attributes_type" | "dict_type" | "model_type":
            return "must be a JSON object"
        case _:
            return f"is not acceptable ({error['msg'].rstrip('.').lower()})"


OPERATOR = re.compile(r"[\[.$]")
"""Where a name stops being one and becomes an expression, as in `amount[$gt]`."""
OF_A_WHOLE_CUSTOMER = frozenset(
    {"_id", "__v", "createdAt", "updatedAt", "version"}
    | {field.alias or name for name, field in CustomerDraft.model_fields.items()}
)
"""What programs have of a customer; `__v` comes from applications before Kinso."""
_SEPARATORS = str.maketrans("", "", "_- ")


def folded(name: str) -> str:
    """The form in which `customer_name`, `CustomerName` and `customerName` are the same."""
    return name.translate(_SEPARATORS).lower()


class KnownFields(BaseModel):
    """Refuses fields that it does not know, each by its name.

    What is in `of_a_whole` and the call does not set is ignored, so that a client can send back a whole customer.
    """

    model_config = ConfigDict(extra="forbid")
    of_a_whole: ClassVar[frozenset[str]] = OF_A_WHOLE_CUSTOMER

    @model_validator(mode="before")
    @classmethod
    def _without_the_rest(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        known = {field.alias or name for name, field in cls.model_fields.items()}
        kept = {name: value for name, value in data.items() if name in known or name not in cls.of_a_whole}
        # Nobody sends what does nothing at all: then every name of it was meant.
        return kept or data
