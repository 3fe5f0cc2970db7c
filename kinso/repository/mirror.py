"""The mirror of one database: loaded when it is first asked, then following; what asks it waits until it is up to date.

MongoDB stays the truth. Whatever decides or writes reads it there; questions about many customers are answered here.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from pathlib import Path
from threading import Condition, Event, Thread
from typing import Any
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

from pymongo.database import Database
from pymongo.errors import OperationFailure, PyMongoError

from kinso.database.change_stream import ChangeStream, StreamCut, StreamLost, committed_position, current_position
from kinso.database.commits import MAJORITY
from kinso.database.connection import Connection
from kinso.database.in_memory import Written
from kinso.database.transactions import is_closed
from kinso.errors import DatabaseUnavailable, MirrorNotReady, StartupError
from kinso.mirror.mirror import Answer, Mirror, Row
from kinso.mirror.tables import CUSTOMERS, ENTRIES, NAMES
from kinso.models.stored import EARLIEST
from kinso.repository.documents import Document
from kinso.repository.mirror_files import MirrorFiles
from kinso.repository.mirror_load import Load
from kinso.repository.mirror_marks import MirrorMarks
from kinso.repository.mirror_state import MirrorMetrics, MirrorState, Touched, progress
from kinso.repository.mirrored import ENTRY_SOURCE, Happened, batches_of, earliest_touched, wanted_fields
from kinso.repository.offsets import derive
from kinso.repository.snapshots import Snapshots

_log = logging.getLogger(__name__)

_APPLIED_AT_ONCE = 20_000
_PATIENCE = 15.0
"""Seconds that somebody waits for what is being loaded or caught up with."""
_SILENCE = 3.0
"""Seconds without a word from the database after which it counts as gone; it says something ten times a second."""
_GATHERED_FOR = 0.05
"""Seconds; what other processes write arrives within twice of that."""
_QUIET = 2.0
"""Seconds without a change, after which probably nobody waits for one to arrive."""
_PAUSE = 0.5
_versions = count(1)
"""Of no two mirrors the same, so that what is kept of one is never taken for another one's."""
_SECONDS_FOR_ENDING = 7.0
_CLOCKS = 60
"""Seconds by which the clocks of two machines may differ."""


class _Silent(DatabaseUnavailable):
    """Nothing has been heard from the database for a while."""


class FollowingMirror:
    """The mirror of one connection's database. Thread-safe."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._database: Database[dict[str, Any]] = connection.database
        self._mirror: Mirror | None = None
        self._changed = Condition()
        self._thread: Thread | None = None
        self._closing = Event()
        self._is_ready = False
        self._position = self._event_at = 0
        self._heard_at = self._quiet_since = 0.0
        self._changed_at = 0
        self._loading: Load | None = None
        self._failures = self._waiting = self._refusals = 0
        self._is_wrong = Event()
        self._versions: dict[str, int] = {}
        self._touched = Touched()
        self._files: MirrorFiles | None = None
        self._snapshots = Snapshots(connection.database, None)
        self._marks = MirrorMarks(connection.database)
        self._loaded_since = ""
        self._memory_limit: str | None = None

    def keep_in(self, folder: Path, *, keeps_snapshots: bool, memory_limit: str) -> None:
        """Where it is read from at the start and, if `keeps_snapshots`, written to; to be called before all else.

        What is more than `memory_limit` (such as `2GB`) is put there, too.
        """
        self._memory_limit = memory_limit
        if self._connection.in_memory or not (keeps_snapshots or folder.is_dir()):
            return
        try:
            self._files = MirrorFiles(folder, keeps_snapshots=keeps_snapshots)
        except (OSError, StartupError) as error:
            _log.warning("The folder %s cannot be used (%s); every start reads the whole database.", folder, error)
        self._snapshots = Snapshots(self._database, self._files)

    def forget_erased(self, until: datetime | None = None) -> None:
        """Leave nobody on disk who was erased by this process until now, or by any process `until` then."""
        commits = self._connection.commits
        position = (int(until.timestamp()) + _CLOCKS << 32) if until else commits.latest if commits else 0
        self._snapshots.forget(position)

    def start(self) -> None:
        """Begin to load and to follow, in the background; harmless when that was done before."""
        with self._changed:
            if self._thread is None and not self._closing.is_set():
                self._thread = Thread(target=self._run, name="kinso-mirror", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Follow no more, and forget everything."""
        self._closing.set()
        with self._changed:
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(_SECONDS_FOR_ENDING)
        if self._files:
            self._files.close()
        self._throw_away()

    @property
    def state(self) -> MirrorState:
        """How far it is."""
        adoption, loading = self._connection.adoption, self._loading
        loaded, expected = (loading.loaded, loading.expected) if loading else (0, 0)
        if adoption.is_under_way:
            loaded, expected = adoption.done, adoption.expected
        is_ready = self._is_ready or self._connection.written is not None
        return MirrorState(is_ready, loaded, expected, self._position)

    def demand_adopted(self) -> None:
        """Raise `MirrorNotReady` while customers of another application are still being adopted."""
        if self._connection.adoption.is_under_way:
            raise MirrorNotReady(progress(self.state, self._connection.adoption))

    def metrics(self) -> MirrorMetrics | None:
        """What it holds and how it is going; None while it is being loaded, and in memory."""
        mirror = self._mirror
        if mirror is None or not self._is_ready:
            return None
        rows, behind = mirror.rows_by_table(), time.monotonic() - self._heard_at
        return MirrorMetrics(
            customers=rows[CUSTOMERS.name],
            entries=rows[ENTRIES.name],
            memory=mirror.memory(),
            seconds_behind=behind,
            snapshot_at=self._snapshots.written_at,
        )

    def await_loaded(self, seconds: float) -> None:
        """Raise `MirrorNotReady` unless it is there within this time, which is less than questions wait for it."""
        self.demand_adopted()
        if not self._connection.written:
            self.start()
            with self._changed:
                if not self._changed.wait_for(lambda: self._is_ready or self._closing.is_set(), seconds):
                    raise MirrorNotReady(progress(self.state, self._connection.adoption))

    def version(self, *tables: str) -> int:
        """Another, higher number after anything happened to these tables; as of all that this process has written."""
        self.up_to_date()
        return max(self._versions[table] for table in tables)

    def version_before(self, moment: datetime) -> int:
        """Another, higher number after anything happened to the ledger that may count before this moment."""
        self.up_to_date()
        return self._touched.version_before(moment)

    def rows(self, sql: str, **parameters: Any) -> list[Row]:
        """The answer to a question, with everything in it that this process wrote before it was asked.

        Raises `DatabaseUnavailable`, and `MirrorNotReady` while much is being loaded.
        """
        return self.up_to_date().rows(sql, parameters)

    @contextmanager
    def together(self) -> Iterator[Answer]:
        """The same for several questions about one moment."""
        with self.up_to_date().together() as answer:
            yield answer

    def derived(self, zone: ZoneInfo) -> Mirror:
        """The tables when the questions are about derived columns, too; their days are those of the zone."""
        mirror = self.up_to_date()
        derive(mirror, zone)
        return mirror

    def catch_up(self) -> None:
        """Wait until everything is in that anybody had committed when this was called, also other processes."""
        self.up_to_date(0 if self._connection.in_memory else current_position(self._database))

    def demand_following(self) -> None:
        """Raise `MirrorNotReady` while it does not follow what happens; a mirror that nobody has started need not."""
        self.demand_adopted()
        if self._thread is not None and (not self._is_ready or self._is_silent(0.0)):
            raise MirrorNotReady(progress(self.state, self._connection.adoption))

    def reload(self) -> None:
        """Have this and every other process throw everything away, on disk too, and load it anew in the background."""
        self._marks.ask_for_loading()
        self._is_wrong.set()

    def reload_if_asked(self) -> None:
        """Do so if any process asked for it since this one began."""
        if self._is_ready and self._loaded_since != self._marks.loaded_since():
            self._is_wrong.set()

    def up_to_date(self, at_least: int = 0) -> Mirror:
        """The tables, with everything in them that this process wrote, or that happened until a position."""
        if self._connection.written:
            return self._fed(self._connection.written)
        self.demand_adopted()
        self.start()
        wanted = max(at_least, self._connection.commits.latest if self._connection.commits else 0)
        try:
            return self._awaited(wanted, _SILENCE)
        except _Silent:
            # The database is gone, or all are very busy.
            self._connection.ping()
            return self._awaited(wanted, _PATIENCE)

    def _awaited(self, wanted: int, silence: float) -> Mirror:
        """The mirror once it has this position; raises `_Silent` when nothing is heard for so long."""
        begun, failures = time.monotonic(), self._failures
        with self._changed, self._somebody_waiting():
            while True:
                if self._closing.is_set():
                    raise DatabaseUnavailable
                mirror = self._mirror
                if self._is_ready and self._position >= wanted and mirror:
                    if time.monotonic() - self._heard_at < silence:
                        return mirror
                elif time.monotonic() - begun > _PATIENCE:
                    raise MirrorNotReady(progress(self.state, self._connection.adoption))
                # The first failure may be the end of an attempt that was under way.
                if self._failures > failures + 1:
                    raise DatabaseUnavailable
                if self._is_silent(begun, silence):
                    raise _Silent
                self._changed.wait(0.1)

    @contextmanager
    def _somebody_waiting(self) -> Iterator[None]:
        self._waiting += 1
        self._changed.notify_all()
        try:
            yield
        finally:
            self._waiting -= 1

    def _fed(self, written: Written) -> Mirror:
        """Without a stream: what was written since the last question is read now."""
        with self._changed:
            happened = written.take()
            if self._mirror is None:
                self._mirror = self._load()
                self._note_change()
            elif happened:
                try:
                    batches = batches_of({name: Happened.of(ids) for name, ids in happened.items()}, self._read)
                    self._mirror.apply(batches)
                except BaseException:
                    self._mirror = None
                    raise
                self._note_change(batches)
            return self._mirror

    def _note_change(self, tables: Iterable[str] = NAMES, entries_since: datetime = EARLIEST) -> None:
        # Only after it was applied: what was read before must not be kept as what is there now.
        version = next(_versions)
        self._versions |= dict.fromkeys(tables, version)
        if ENTRIES.name in tables:
            self._touched.note(entries_since, version)

    def _is_silent(self, since: float, silence: float = _SILENCE) -> bool:
        return self._is_ready and time.monotonic() - max(self._heard_at, since) > silence

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._await_adoption()
                self._follow()
            except StreamCut:
                continue
            except StreamLost:
                self._snapshots.lost()
                self._throw_away()
            except PyMongoError as error:
                if is_closed(error):
                    break
                self._fail(error)
            except Exception:
                _log.exception("The mirror could not follow the database; it is loaded anew.")
                self._snapshots.lost()
                self._throw_away()
                self._fail(None)
        if self._mirror and self._is_ready:
            self._snapshots.write_last(self._mirror, self._position, self._changed_at)
        self._mirror = None

    def _await_adoption(self) -> None:
        """Everybody is written in it once, which is not worth following."""
        while self._connection.adoption.is_under_way and not self._closing.wait(_PAUSE):
            pass

    def _follow(self) -> None:
        """Load what is not loaded yet, and apply what happens, until something goes wrong or this is closed."""
        if self._mirror is None:
            self._begin()
        else:
            self._snapshots.demand_same_history(self._event_at)
        with ChangeStream(self._database, after=self._position, fields=wanted_fields()) as stream:
            if self._mirror is None:
                self._mirror = self._load()
                self._note_change()
                self._snapshots.loaded()
            loaded_at = 0 if self._is_ready else current_position(self._database)
            while not self._closing.is_set():
                if self._is_wrong.is_set():
                    self._is_wrong.clear()
                    raise StreamLost("Asked to load everything anew")
                self._apply(self._mirror, stream)
                self._refusals = 0
                if not self._is_ready and self._position >= loaded_at:
                    self._is_ready, self._quiet_since = True, time.monotonic()
                with self._changed:
                    self._changed.notify_all()
                if self._is_ready:
                    self._snapshots.write_if_due(self._mirror, self._position, self._changed_at)

    def _begin(self) -> None:
        """Take what was kept, or else the present position, from which on all will be known that happens."""
        self._loaded_since, self._event_at = self._marks.loaded_since(), 0
        kept = self._empty()
        position = self._snapshots.read_into(kept)
        if position is not None:
            self._mirror, self._position = kept, position
            self._note_change()
        else:
            self._position = self._changed_at = committed_position(self._database)

    def _empty(self) -> Mirror:
        if self._files is None:
            # With no place for what is more, there is no limit.
            return Mirror()
        return Mirror(memory_limit=self._memory_limit, folder=self._files.place())

    def _load(self) -> Mirror:
        mirror = self._empty()
        in_memory, should_stop = self._connection.in_memory, self._closing.is_set
        self._loading = Load(self._database, after=self._position, in_memory=in_memory, should_stop=should_stop)
        self._loading.into(mirror)
        return mirror

    def _apply(self, mirror: Mirror, stream: ChangeStream) -> None:
        happened: dict[str, Happened] = defaultdict(Happened)
        for event in stream.next_events(_APPLIED_AT_ONCE):
            happened[event.collection].note(event)
        if happened:
            self._wait_for_somebody()
            since = earliest_touched(happened.get(ENTRY_SOURCE.collection, Happened()))
            mirror.apply(batches := batches_of(happened, self._read))
            self._note_change(batches, since)
            self._changed_at, self._quiet_since = stream.position, time.monotonic()
        mirror.compact(is_quiet=self._is_ready and time.monotonic() - self._quiet_since > _QUIET)
        self._event_at = stream.event_at or self._event_at
        self._position, self._heard_at = stream.position, time.monotonic()

    def _wait_for_somebody(self) -> None:
        """Many writes one after the other cost less when they are applied together, as long as nobody asks."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing.is_set(), _GATHERED_FOR)

    def _read(self, collection: str, ids: list[Any]) -> Iterator[Document]:
        concern = None if self._connection.in_memory else MAJORITY
        return self._database.get_collection(collection, read_concern=concern).find({"_id": {"$in": ids}})

    def _throw_away(self) -> None:
        with self._changed:
            self._mirror, self._is_ready = None, False

    def _fail(self, error: PyMongoError | None) -> None:
        # That the database is away is said elsewhere; what it goes on refusing is said once, the third time.
        self._refusals += isinstance(error, OperationFailure)
        if self._refusals == 3:
            _log.warning("Lists and figures cannot follow the database: %s", error)
        with self._changed:
            self._failures += 1
            self._changed.notify_all()
        self._closing.wait(_PAUSE)


_mirrors: WeakKeyDictionary[Connection, FollowingMirror] = WeakKeyDictionary()


def mirror_of(connection: Connection) -> FollowingMirror:
    """The mirror of a connection's database; there is one for each connection, and it is closed with it."""
    if connection not in _mirrors:
        _mirrors[connection] = FollowingMirror(connection)
        connection.on_close.append(_mirrors[connection].close)
    return _mirrors[connection]
