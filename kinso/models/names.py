"""Names of fields and parameters that nothing here knows: harmless ones, and those that somebody must have meant."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

OPERATOR = re.compile(r"[\[.$]")
"""Where a name stops being one and becomes an expression, as in `amount[$gt]`."""
_MEANT_EVERYWHERE = frozenset({"dryrun", "membership"})
_SEPARATORS = str.maketrans("", "", "_- ")


def folded(name: str) -> str:
    """The form in which `customer_name`, `CustomerName` and `customerName` are the same."""
    return name.translate(_SEPARATORS).lower()


def is_meant(name: str, known: Collection[str]) -> bool:
    """Whether an unknown name is an operator or resembles one of `known`: then ignoring it would do something else."""
    base = OPERATOR.split(name, maxsplit=1)[0]
    return name.startswith("$") or base in known or folded(base) in {*map(folded, known), *_MEANT_EVERYWHERE}


class Tolerant(BaseModel):
    """Ignores fields that it does not know, as long as nobody can have expected them to do anything.

    Clients send back whole documents, with what is read only or their own. What is an operator, or a field in another
    spelling, is refused.
    """

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _drop_harmless(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        known = {field.alias or name for name, field in cls.model_fields.items()}
        kept = {name: value for name, value in data.items() if name in known or is_meant(str(name), known)}
        # Nobody sends what does nothing at all: then every name of it was meant.
        return kept or data

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Tell about operators only; how names resemble each other is nothing that a schema can say."""
        told = handler(schema)
        described = handler.resolve_ref_schema(told)
        described.pop("additionalProperties", None)
        described["propertyNames"] = {"pattern": "^([^$]|$)"}
        return told
