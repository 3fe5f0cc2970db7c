"""Who met each segment on the last days: how many, who is in it, and who came and went from day to day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from datetime import date, timedelta
from typing import Any

from bson import Binary
from pymongo import DESCENDING
from pymongo.database import Database

from kinso.models.segments import DayNote, Moved
from kinso.repository.documents import Document

_BYTES = 12
_IN_ONE_DOCUMENT = 100_000
"""Customers, which are 1.2 megabytes."""
COUNTS_ARE_KEPT = timedelta(days=40)
MOVES_ARE_KEPT = timedelta(days=10)


class SegmentNoteRepository:
    """Notes of one segment on one day, with the same filter.

    `count` says how many met it. `entered` and `left` are who came and went since the note before, and `present` is
    who met it at the last one: as the `_id`s of customers, packed into parts. Other `_id`s than those of MongoDB are
    left out.
    """

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._notes = database["segment_notes"]

    def noted_on(self, day: date) -> set[tuple[str, str]]:
        """The segments that were noted on a day, with the filters that they had."""
        found = self._notes.find({"kind": "count", "day": day.isoformat()}, {"segment": True, "filter": True})
        return {(each["segment"], each["filter"]) for each in found}

    def note(self, segment: str, filter: str, day: date, count: int, now: Set[bytes]) -> None:
        """Note who meets it now; within a transaction."""
        before = self.present(segment, filter)
        if before is None:
            self.remove(segment)
        self._notes.delete_many({"segment": segment, "day": day.isoformat(), "kind": "count"})
        header = {"segment": segment, "day": day.isoformat(), "kind": "count", "part": 0}
        self._notes.insert_one({**header, "filter": filter, "count": count})
        if before is not None:
            self._write(segment, day, "entered", now - before)
            self._write(segment, day, "left", before - now)
        if before is None or before != now:
            self._notes.delete_many({"segment": segment, "kind": "present"})
            self._write(segment, day, "present", now)

    def days(self, segment: str, filter: str) -> list[DayNote]:
        """How many met it on each day that is noted, the last one first."""
        found = self._notes.find({"segment": segment, "kind": "count", "filter": filter}).sort("day", DESCENDING)
        return [DayNote(date.fromisoformat(each["day"]), each["count"]) for each in found]

    def present(self, segment: str, filter: str) -> set[bytes] | None:
        """Who met it at the last note, if that was with this filter."""
        last = self._notes.find_one({"segment": segment, "kind": "count"}, sort=[("day", DESCENDING)])
        if last is None or last["filter"] != filter:
            return None
        return self._read({"segment": segment, "kind": "present"})

    def moves(self, segment: str, after: date) -> Iterator[Moved]:
        """Who came and went, for each note after a day, the first one first."""
        asked = {"segment": segment, "day": {"$gt": after.isoformat()}}
        for day in sorted(self._notes.distinct("day", {**asked, "kind": {"$in": ["entered", "left"]}})):
            parts = {"segment": segment, "day": day}
            yield Moved(self._read({**parts, "kind": "entered"}), self._read({**parts, "kind": "left"}))

    def remove(self, segment: str) -> None:
        """Forget everything about a segment."""
        self._notes.delete_many({"segment": segment})

    def tidy(self, segments: Sequence[str], today: date) -> None:
        """Forget what is too old, and what is about other segments than these."""
        self._notes.delete_many({"segment": {"$nin": list(segments)}})
        for kinds, kept in ((["count"], COUNTS_ARE_KEPT), (["entered", "left"], MOVES_ARE_KEPT)):
            self._notes.delete_many({"kind": {"$in": kinds}, "day": {"$lt": (today - kept).isoformat()}})

    def _write(self, segment: str, day: date, kind: str, ids: Iterable[bytes]) -> None:
        packed = b"".join(ids)
        size = _BYTES * _IN_ONE_DOCUMENT
        # A note of the same day is made again after the filter went back and forth.
        self._notes.delete_many({"segment": segment, "day": day.isoformat(), "kind": kind})
        for part, start in enumerate(range(0, len(packed), size)):
            ids_of_part = Binary(packed[start : start + size])
            at = {"segment": segment, "day": day.isoformat(), "kind": kind, "part": part}
            self._notes.insert_one({**at, "ids": ids_of_part})

    def _read(self, asked: Document) -> set[bytes]:
        parts = [bytes(each["ids"]) for each in self._notes.find(asked, {"ids": True})]
        return {ids[start : start + _BYTES] for ids in parts for start in range(0, len(ids), _BYTES)}
