"""Conversions that every repository needs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from bson import ObjectId
from bson.errors import InvalidId

Document = Mapping[str, Any]


def erased_id(id: str) -> str:
    """The customer ID of somebody with this `_id` who was erased."""
    return f"erased-{id}"


def object_id(text: str) -> ObjectId | None:
    """The ObjectId that `text` spells, or None when it spells none."""
    try:
        return ObjectId(text)
    except (InvalidId, TypeError):
        return None


def canonical_id(text: str) -> str:
    """An `_id` as it is written wherever it is stored as text; what is none stays as it is."""
    key = object_id(text)
    return str(key) if key else text


def new_id() -> str:
    """A fresh identifier."""
    return str(ObjectId())


def now() -> datetime:
    """This moment in UTC, to the millisecond, as MongoDB will return it."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def to_stored(values: Document) -> dict[str, Any]:
    """Values as MongoDB keeps them: an amount is the double nearest to its cents."""
    return {key: float(value) if isinstance(value, Decimal) else value for key, value in values.items()}


def with_text_id(document: Document) -> dict[str, Any]:
    """The document with `_id` as text, for models."""
    return {**document, "_id": str(document["_id"])}
