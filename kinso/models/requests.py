"""Requests that may be repeated without being done twice."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class KeptAnswer(_Model):
    """An answer as it was given, for the same request when it comes again.

    `customers` are the `_id`s of those it tells about.
    """

    status: int
    content: str
    headers: dict[str, str] = {}
    customers: list[str] = []


class KeyedRequest(_Model):
    """A request that somebody named with a key of their own; `fingerprint` tells what was asked for.

    While it has no `answer`, the process `worker` is at work on it until `held_until`, unless a crash came between.
    `erased` says that the answer told about a person who was erased since.
    """

    id: str = Field(alias="_id")
    user_id: str
    key: str
    fingerprint: str
    held_until: datetime
    expires_at: datetime
    answer: KeptAnswer | None = None
    erased: bool = False
    worker: str = ""
