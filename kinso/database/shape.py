"""Whether the indexes and validators of a database are those that Kinso relies on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bson import json_util
from pymongo import IndexModel
from pymongo.database import Database

Document = dict[str, Any]
Indexes = Mapping[str, Sequence[IndexModel]]
Validators = Mapping[str, Document]

_LENGTH = 16
_ENFORCED = {"validationLevel": "moderate", "validationAction": "error"}
_DECISIVE = ("sparse", "hidden")


def essence(index: Mapping[str, Any]) -> tuple[Any, ...]:
    """What makes two indexes interchangeable for a start, whatever their names."""
    keys = tuple((key, int(direction)) for key, direction in index["key"].items())
    part = json_util.dumps(index.get("partialFilterExpression"), sort_keys=True)
    return (keys, bool(index.get("unique")), index.get("expireAfterSeconds"), part)


def validation(validator: Document) -> Document:
    """The options of a collection that is guarded by this validator."""
    return {"validator": {"$jsonSchema": validator}, **_ENFORCED}


def fingerprint(indexes: Indexes, validators: Validators) -> str:
    """Changes with any of them."""
    everything = {name: [index.document for index in each] for name, each in indexes.items()}
    text = json_util.dumps([everything, validators], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]


def flaws_of(database: Database[Any], indexes: Indexes, validators: Validators) -> Iterator[str]:
    """Each index and validator that is missing or another one than it should be, as a subject and a predicate."""
    options = {found["name"]: found.get("options", {}) for found in database.list_collections()}
    for name, validator in validators.items():
        wanted = validation(validator)
        if {key: options.get(name, {}).get(key) for key in wanted} != wanted:
            yield f"the validator of the collection {name} is missing, or another one than it should be"
    for name, wanted_indexes in indexes.items():
        present = [dict(index) for index in database[name].list_indexes()] if name in options else []
        for index in wanted_indexes:
            if flaw := _flaw(index.document, present):
                yield f"the index on {', '.join(index.document['key'])} of the collection {name} {flaw}"


def _flaw(wanted: Mapping[str, Any], present: Sequence[Mapping[str, Any]]) -> str | None:
    alike = [index for index in present if essence(index) == essence(wanted)]
    if not alike:
        return "is missing"
    if not any(_decisive(index) == _decisive(wanted) for index in alike):
        return "is another one than it should be; drop it and start Kinso again"
    return None


def _decisive(index: Mapping[str, Any]) -> list[Any]:
    return [index.get(option) or None for option in _DECISIVE]
