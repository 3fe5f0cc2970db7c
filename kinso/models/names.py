"""Names of fields and parameters that nothing here knows."""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from kinso.models.customer import CustomerDraft

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

    What a customer has and the call does not set is ignored, so that a client can send back a whole customer.
    """

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _without_the_rest_of_a_customer(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        known = {field.alias or name for name, field in cls.model_fields.items()}
        kept = {name: value for name, value in data.items() if name in known or name not in OF_A_WHOLE_CUSTOMER}
        # Nobody sends what does nothing at all: then every name of it was meant.
        return kept or data
