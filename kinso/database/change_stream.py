"""What happens to the mirrored collections, as it is committed, by whatever process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from pymongo.database import Database
from pymongo.errors import OperationFailure

from kinso.database.commits import MAJORITY, MIRRORED, moment_of, position_of

_LONGEST_WAIT = 100
"""Milliseconds that the server waits for an event before it says that there is none."""
_BATCH = 400
"""Events that the server hands over at once. With the fields that are wanted so many are well below the 16 MB that it
would stop at, too, perhaps in the middle of a transaction."""
_LOST = frozenset({136, 280, 286, 10334})
"""Codes of a server that does not have everything any more that happened since, or cannot hand over one event of it."""
_ENDS = frozenset({"drop", "rename", "dropDatabase", "invalidate"})
_MATCH: dict[str, Any] = {
    "$or": [
        {"ns.coll": {"$in": list(MIRRORED)}},
        # Another collection was given the name.
        {"to.coll": {"$in": list(MIRRORED)}},
        {"operationType": {"$in": ["dropDatabase", "invalidate"]}},
    ]
}
_TOLD = ("operationType", "clusterTime", "ns.coll", "documentKey", "updateDescription", "fullDocument._id")


class StreamLost(Exception):
    """The stream cannot be gone on with: what happened meanwhile is not known any more."""


class StreamCut(Exception):
    """The driver has begun the stream anew, perhaps on other data; what was read of it since is not given."""


@dataclass(frozen=True)
class Event:
    """One change of one document.

    `document` has the fields that are wanted, when it was inserted (then it `is_new`) or replaced. `values` are what an
    update set, by dotted paths, with None for what it removed. Neither is there when the document was deleted.
    """

    collection: str
    id: Any
    document: Mapping[str, Any] | None = None
    values: Mapping[str, Any] | None = None
    is_new: bool = False


class ChangeStream:
    """The events of one database after a position in its time, in their order.

    Methods raise `StreamLost` when the history since then is gone, or when a collection was dropped or renamed, and
    `StreamCut`.
    """

    def __init__(self, database: Database[dict[str, Any]], *, after: int, fields: Iterable[str]) -> None:
        """`fields` are the dotted paths of what is wanted of a document beside its `_id`."""
        self._position = self._after = after
        self._ahead: Mapping[str, Any] | None = None
        self._of_batch = self._event_at = 0
        told = dict.fromkeys([*_TOLD, *(f"fullDocument.{path}" for path in fields)], True)
        with _lost_ones_told():
            self._stream = database.watch(
                [{"$match": _MATCH}, {"$project": told}],
                max_await_time_ms=_LONGEST_WAIT,
                batch_size=_BATCH,
                # Not a tick later: an unused stream says that it has read up to where it begins.
                start_at_operation_time=moment_of(after),
            )
        self._cursor = self._stream._cursor

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    @property
    def position(self) -> int:
        """The database's time up to which all events were given."""
        return self._position

    @property
    def event_at(self) -> int:
        """The database's time of the latest event; 0 before the first one."""
        return self._event_at

    def next_events(self, most: int) -> list[Event]:
        """What happened since; waits for it, and returns nothing when there was nothing for a moment.

        About so many at most, but all of a transaction, whose events have one time.
        """
        events: list[Event] = []
        with _lost_ones_told():
            while (change := self._next()) is not None:
                at = position_of(change["clusterTime"])
                if len(events) >= most and at > self._position:
                    self._ahead = change
                    return events
                self._position = max(self._position, at)
                if at > self._after:
                    events.append(_event(change))
                    self._event_at = at
                if self._is_read_up():
                    break
        self._of_batch = 0
        self._position = max(self._position, self._read_up_to())
        return events

    def _next(self) -> Mapping[str, Any] | None:
        change, self._ahead = self._ahead, None
        if change is None:
            change = self._stream.try_next()
            self._of_batch += 1
        # There is no public way to learn of it.
        if self._stream._cursor is not self._cursor:
            raise StreamCut
        return change

    def _is_read_up(self) -> bool:
        """Whether the server had no more; it may have, when it has handed over as many as were asked for."""
        # There is no public way to ask whether the driver would have to wait for the next one.
        if self._stream._cursor._has_next():
            return False
        is_whole, self._of_batch = self._of_batch >= _BATCH, 0
        return not is_whole

    def _read_up_to(self) -> int:
        # A token begins with the mark of a timestamp, then its seconds and its counter.
        token = str((self._stream.resume_token or {}).get("_data", ""))
        return (int(token[2:10], 16) << 32) | int(token[10:18], 16) if len(token) >= 18 else 0


def current_position(database: Database[dict[str, Any]]) -> int:
    """The present moment in the database's time."""
    return position_of(database.client.admin.command("ping")["operationTime"])


def is_in_history(database: Database[dict[str, Any]], position: int) -> bool | None:
    """Whether something happened at exactly this moment in the database's time; None where that cannot be read."""
    try:
        history = database.client["local"]["oplog.rs"]
        found = history.find_one({"ts": {"$gte": moment_of(position)}}, {"ts": True})
    except OperationFailure:
        return None
    return found is not None and position_of(found["ts"]) == position


def committed_position(database: Database[dict[str, Any]]) -> int:
    """The moment up to which everything is with the majority: reads of what is there are all of it from now on.

    A write from before the present moment may become visible after it; none from before this one does.
    """
    asked = {"find": MIRRORED[0], "limit": 1, "projection": {"_id": True}, "readConcern": MAJORITY.document}
    return position_of(database.command(asked)["operationTime"])


def _event(change: Mapping[str, Any]) -> Event:
    kind = change["operationType"]
    if kind in _ENDS:
        raise StreamLost(kind)
    collection, id = change["ns"]["coll"], change["documentKey"]["_id"]
    if kind == "update":
        told = change["updateDescription"]
        cut = (f"{each['field']}.0" for each in told.get("truncatedArrays", ()))
        return Event(collection, id, values=told["updatedFields"] | dict.fromkeys([*told["removedFields"], *cut]))
    return Event(collection, id, document=change.get("fullDocument"), is_new=kind == "insert")


@contextmanager
def _lost_ones_told() -> Iterator[None]:
    try:
        yield
    except OperationFailure as error:
        if error.code in _LOST:
            raise StreamLost(str(error)) from error
        raise
