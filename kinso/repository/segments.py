"""Segments in the database."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

from bson import ObjectId
from pymongo import ASCENDING
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from kinso.database.country import country_of
from kinso.database.search import holds_one_of
from kinso.errors import DuplicateSegmentName
from kinso.models.fields import ERASED
from kinso.models.filters import without_texts
from kinso.models.segments import COLORS, Segment
from kinso.models.text import fold
from kinso.repository.documents import Document, object_id


class SegmentRepository:
    """One document per segment; one that another person keeps to themselves is never found.

    The filter is stored as text, because what people type into it may be what MongoDB has a meaning for. `key` is the
    folded name: unique among those of a person, and among those that are shared.
    """

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._database = database
        self._segments = database["segments"]

    def insert(self, segment: Segment) -> None:
        """Store a new one; raises `DuplicateSegmentName`."""
        made = {"owner": segment.owner, "byName": segment.created_by, "createdAt": segment.created_at}
        try:
            self._segments.insert_one({"_id": ObjectId(segment.id), **made, **_changeable(segment)})
        except DuplicateKeyError as error:
            raise DuplicateSegmentName(segment.name) from error

    def visible_to(self, person: str) -> list[Segment]:
        """Those that are shared, and those of the person with this `_id`; by name."""
        found = self._segments.find(_visible_to(person)).sort([("key", ASCENDING), ("_id", ASCENDING)])
        return list(map(_to_segment, found))

    def all(self) -> list[Segment]:
        """Everybody's."""
        return list(map(_to_segment, self._segments.find({})))

    def get(self, id: str, person: str) -> Segment | None:
        """One of those, or None when there is none of them or `id` is malformed."""
        key = object_id(id)
        document = self._segments.find_one({"_id": key, **_visible_to(person)}) if key else None
        return _to_segment(document) if document else None

    def is_taken(self, name: str, person: str, *, besides: str = "") -> bool:
        """Whether one of those has this name, whatever its letter case; `besides` is the `_id` of one that may."""
        asked = {"key": fold(name), "_id": {"$ne": object_id(besides)}, **_visible_to(person)}
        return self._segments.find_one(asked, {"_id": True}) is not None

    def count_of(self, owner: str) -> int:
        """How many this person has made."""
        return self._segments.count_documents({"owner": owner})

    def update(self, before: Segment, after: Segment) -> bool:
        """Store `after` in place of `before`; False when that is not the present one. Raises `DuplicateSegmentName`."""
        try:
            updated = self._segments.update_one(_at_version(before), {"$set": _changeable(after)})
        except DuplicateKeyError as error:
            raise DuplicateSegmentName(after.name) from error
        return updated.matched_count == 1

    def delete(self, segment: Segment) -> bool:
        """Remove it for good; False when it is not the present one."""
        return self._segments.delete_one(_at_version(segment)).deleted_count == 1

    def erase(self, texts: Collection[str], at: datetime) -> None:
        """Take out of all segments what asks for, or tells of, somebody who has one of these `texts`."""
        country = country_of(self._database)

        def tells(text: str) -> bool:
            return holds_one_of(text, texts, country)

        for segment in self.all():
            kept: dict[str, Any] = {}
            if (filter := without_texts(segment.filter, tells)) != segment.filter:
                kept |= {"filter": filter, "erased": True}
            if tells(segment.description):
                kept["description"] = ERASED
            if tells(segment.name):
                # No two of a person have the same name.
                kept["name"] = f"{ERASED} {segment.id}"
            if kept:
                kept |= {"updated_at": at, "version": segment.version + 1}
                self.update(segment, segment.model_copy(update=kept))


def _visible_to(person: str) -> dict[str, Any]:
    return {"$or": [{"shared": True}, {"owner": person}]}


def _at_version(segment: Segment) -> dict[str, Any]:
    return {"_id": ObjectId(segment.id), "version": segment.version}


def _changeable(segment: Segment) -> dict[str, Any]:
    return {
        "name": segment.name,
        "key": fold(segment.name),
        "description": segment.description,
        "color": segment.color,
        "shared": segment.shared,
        "filter": json.dumps(segment.filter),
        "erased": segment.erased,
        "updatedAt": segment.updated_at,
        "version": segment.version,
    }


def _to_segment(document: Document) -> Segment:
    return Segment(
        id=str(document["_id"]),
        name=document["name"],
        description=document["description"],
        color=document["color"] if document["color"] in COLORS else COLORS[0],
        shared=document["shared"],
        filter=json.loads(document["filter"]),
        owner=document["owner"],
        created_by=document["byName"],
        created_at=document["createdAt"],
        updated_at=document["updatedAt"],
        version=document["version"],
        erased=document["erased"],
    )
