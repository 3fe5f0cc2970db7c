"""When the mirror is written to disk and read from there, and whether that may be gone on from."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from hashlib import sha256
from threading import Thread
from typing import Any

from pymongo.database import Database

from kinso.database.change_stream import StreamLost, current_position, is_in_history
from kinso.database.commits import MIRRORED
from kinso.mirror.mirror import Mirror
from kinso.mirror.snapshot import VERSION, Moment, SnapshotUnusable
from kinso.mirror.tables import TABLES
from kinso.repository.mirror_files import MirrorFiles
from kinso.repository.mirror_marks import MirrorMarks

_log = logging.getLogger(__name__)

_READING = 1
"""To be raised when the same documents become other rows."""
_SOON = 20.0
_BETWEEN = 600.0
"""Seconds: until the first one is written, and then until the next one, when anything changed."""
_ENDING = 4.0
"""Seconds that the last one may take; without it the next start goes on from the one before."""


class Snapshots:
    """All methods but `forget` are for the thread that follows the database; `written_at` is for any."""

    def __init__(self, database: Database[dict[str, Any]], files: MirrorFiles | None) -> None:
        """Without `files` there are none."""
        self._database = database
        self._files = files
        self._marks = MirrorMarks(database)
        self._mark = ""
        self._writer: Thread | None = None
        self._moment: Moment | None = None
        self._written_at = -1
        self._origin = ""
        self._due = 0.0

    def read_into(self, mirror: Mirror) -> int | None:
        """The position of the snapshot that the mirror holds now; None if there is none that can be used.

        In that case the mirror may hold parts of one.
        """
        self._origin = _origin(self._database)
        path = self._files.snapshot() if self._files else None
        if path is None or self._files is None:
            return None
        try:
            latest = current_position(self._database)
            self._written_at, self._mark = mirror.read_snapshot(
                path, origin=self._origin, latest=latest, has_mark=self._marks.has
            )
            self._plan(_BETWEEN)
            return self._written_at
        except SnapshotUnusable as error:
            _log.info("The lists are loaded anew: %s", error)
            self._files.discard()
            return None

    def demand_same_history(self, event_at: int) -> None:
        """Raise `StreamLost` when the database was put back to an earlier time while nobody followed it.

        `event_at` is the time of the latest event that was followed, 0 if there was none.
        """
        is_same = is_in_history(self._database, event_at) if event_at else None
        if is_same is None:
            # The history is not for everybody to read; then what happened since the last mark is not looked at.
            is_same = not self._mark or self._marks.has(self._mark)
        if not is_same:
            raise StreamLost("The database was put back to an earlier time")

    def loaded(self) -> None:
        """The mirror was filled from the database."""
        self._written_at, self._mark = -1, self._marks.add()
        self._plan(_SOON)

    def lost(self) -> None:
        """What was written cannot be gone on from."""
        self._written_at, self._mark = -1, ""
        if self._files:
            self._files.discard()

    def forget(self, until: int) -> None:
        """Somebody was erased by then: no snapshot before this position may stay, or appear."""
        try:
            if self._files and self._files.forget(until):
                self._written_at = -1
                self._plan(0.0)
        except OSError as error:
            # They are erased in the database; it is tried again within the hour.
            _log.error("Files of the mirror from before an erasure could not be removed: %s", error)

    def write_if_due(self, mirror: Mirror, position: int, changed_at: int) -> None:
        """Write one in the background when there is something new, and it was not done a short time ago."""
        if self._is_writing or time.monotonic() < self._due or self._written_at >= changed_at:
            return
        self._start(mirror, position)

    def write_last(self, mirror: Mirror, position: int, changed_at: int) -> None:
        """Write what is new, for as long as somebody who ends Kinso may wait."""
        if not self._is_writing and self._written_at < changed_at:
            self._start(mirror, position)
        if self._writer:
            self._writer.join(_ENDING)
        if self._moment and self._is_writing:
            self._moment.stop()
        if self._writer:
            self._writer.join(1)

    @property
    def written_at(self) -> datetime | None:
        """The moment that the latest one shows."""
        return datetime.fromtimestamp(self._written_at >> 32, UTC) if self._written_at > 0 else None

    @property
    def _is_writing(self) -> bool:
        return self._writer is not None and self._writer.is_alive()

    def _plan(self, seconds: float) -> None:
        self._due = time.monotonic() + seconds

    def _start(self, mirror: Mirror, position: int) -> None:
        if self._files is None or not self._files.keeps_snapshots:
            return
        self._plan(_BETWEEN)
        self._moment = mirror.moment()
        arguments = (self._files, self._moment, position)
        # No daemon: what DuckDB is doing must not be cut off when the process ends.
        self._writer = Thread(target=self._write, args=arguments, name="kinso-mirror-snapshot")
        self._writer.start()

    def _write(self, files: MirrorFiles, moment: Moment, position: int) -> None:
        path = files.unfinished()
        try:
            mark = self._marks.add()
            moment.write(path, position=position, origin=self._origin, mark=mark)
            files.keep(path, position)
            self._written_at, self._mark = position, mark
        except Exception as error:
            # It was stopped, or removed because somebody was erased, or the disk is full: there will be another time.
            _log.info("What lists are answered from was not written to disk: %s", error)
            files.drop(path)
            self._plan(_SOON)


def _origin(database: Database[dict[str, Any]]) -> str:
    """Of which collections, read in which way, and since when."""
    found = database.list_collections(filter={"name": {"$in": list(MIRRORED)}})
    collections = sorted(f"{each['name']} {each['info'].get('uuid', b'').hex()}" for each in found)
    definitions = [table.definition for table in TABLES]
    known = (collections, definitions, VERSION, _READING, MirrorMarks(database).loaded_since())
    return sha256(repr(known).encode()).hexdigest()
