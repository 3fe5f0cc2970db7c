"""When this process last wrote to what the mirror holds, by the clock of the database."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import Any

from bson import Timestamp
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)
from pymongo.read_concern import ReadConcern

MIRRORED = ("customers", "sales", "memberships")
"""The collections that the mirror follows."""
MAJORITY = ReadConcern("majority")
"""What is read cannot be rolled back."""

_WRITES = frozenset({"insert", "update", "delete", "findAndModify", "drop"})
_COMMIT, _ABORT = "commitTransaction", "abortTransaction"

_Transaction = tuple[bytes, int]


class Commits(CommandListener):
    """Listens to every command of one client; knows the latest commit that changed one of the mirrored collections.

    The time that a server answers a write with is that of the write itself, which is also that of its event in a change
    stream; so whoever waits for the event of `latest` has seen everything that this process wrote.
    """

    def __init__(self, database: str) -> None:
        self._database = database
        self._lock = Lock()
        self._latest = 0
        self._pending: dict[int, _Transaction | None] = {}
        self._touched: set[_Transaction] = set()

    @property
    def latest(self) -> int:
        """The time of that commit as `position_of` gives it; 0 when there was none."""
        return self._latest

    def started(self, event: CommandStartedEvent) -> None:
        """Remember a command whose answer will matter."""
        name = event.command_name
        if name in _WRITES:
            if event.database_name == self._database and event.command.get(name) in MIRRORED:
                self._pending[event.request_id] = _transaction(event.command)
        elif name in (_COMMIT, _ABORT) and self._touched:
            self._pending[event.request_id] = _transaction(event.command)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Take the time of a commit, or remember that the open transaction will have one."""
        if event.request_id not in self._pending:
            return
        transaction = self._pending.pop(event.request_id)
        if event.command_name in (_COMMIT, _ABORT):
            if transaction in self._touched:
                self._touched.discard(transaction)
                self._note(event)
        elif transaction is not None:
            self._touched.add(transaction)
        elif _changed_anything(event.reply):
            self._note(event)

    def failed(self, event: CommandFailedEvent) -> None:
        """Nothing was written; a commit whose answer was lost is asked for again."""
        self._pending.pop(event.request_id, None)

    def _note(self, event: CommandSucceededEvent) -> None:
        moment = event.reply.get("operationTime")
        if event.command_name != _ABORT and isinstance(moment, Timestamp):
            with self._lock:
                self._latest = max(self._latest, position_of(moment))


def position_of(moment: Timestamp) -> int:
    """A time of the database's clock as one number, which can be compared."""
    return (moment.time << 32) | moment.inc


def moment_of(position: int) -> Timestamp:
    """The time that `position_of` was given."""
    return Timestamp(position >> 32, position & 0xFFFFFFFF)


def _transaction(command: Mapping[str, Any]) -> _Transaction | None:
    if "autocommit" not in command:
        return None
    return bytes(command["lsid"]["id"]), command["txnNumber"]


def _changed_anything(reply: Mapping[str, Any]) -> bool:
    """Whether there is an event to wait for; an update that changes nothing has none."""
    found = reply.get("lastErrorObject", reply)
    return bool(found.get("nModified", found.get("n", 1)) or found.get("upserted"))
