"""Which processes of Kinso there are: the mark of each, whether one has ended, and which have a database open.

Each notes itself in the database and renews the note every now and then, for what nobody may work meanwhile of. Whether
a noted process still lives is asked of the server, which knows whose connections are open: a note that a crash left
behind holds nobody up.
"""

from __future__ import annotations

import os
import platform
import sys
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pymongo.database import Database
from pymongo.errors import OperationFailure

from kinso.errors import Conflict

if TYPE_CHECKING:
    from kinso.database.connection import Connection

_TOKEN = uuid.uuid4().hex

Document = dict[str, Any]

APPLICATION = "kinso "
NOT_PERMITTED = frozenset({13, 8000})
"""Codes with which a server refuses to tell about its connections."""
NOTES = "processes"
RENEWED_AFTER = 20.0
"""Seconds."""

_SILENT = timedelta(minutes=1)
_FORGOTTEN = timedelta(days=1)
_BEGAN_AT = datetime.now(UTC)


def this_process() -> str:
    """What marks this process and no other one, on any machine and at any time; about 90 characters."""
    return f"{_place()} {os.getpid()} {_TOKEN}"


def application_name() -> str:
    """What the connections of this process are called in the server."""
    return f"{APPLICATION}{this_process()}"


def process_of(operation: dict[str, Any]) -> str:
    """The mark of the process whose operation or connection this is; something else when it is not of Kinso's."""
    return str(operation.get("appName", "")).removeprefix(APPLICATION)


def has_ended(process: str) -> bool:
    """Whether the process with this mark is certain to have ended; of another machine's it never is."""
    place, _, rest = process.partition(" ")
    number = rest.partition(" ")[0]
    if process == this_process() or not place or place != _place() or not number.isdecimal():
        return False
    # A process with our own number was another one, before a restart.
    return int(number) == os.getpid() or not _exists(int(number))


@cache
def _place() -> str:
    """Where process numbers mean the same as here, until the next start of the machine; nothing where that is unknown.

    Containers may share everything else, their names included, but number their processes each for themselves.
    """
    if sys.platform != "linux":
        return ""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def note_presence(connection: Connection) -> None:
    """Tell that this process has the database open; to be repeated every `RENEWED_AFTER` seconds."""
    if connection.in_memory:
        return
    facts = {"number": os.getpid(), "host": platform.node(), "since": _BEGAN_AT}
    note = {"$set": facts, "$currentDate": {"seenAt": True}}
    connection.database[NOTES].update_one({"_id": this_process()}, note, upsert=True)


def end_presence(connection: Connection) -> None:
    """Tell that this process does not have the database open any more, and forget those that could not say so."""
    if connection.in_memory:
        return
    notes = connection.database[NOTES]
    moment = _server_time(connection)
    ended = [each["_id"] for each in notes.find() if has_ended(each["_id"]) or moment - each["seenAt"] > _FORGOTTEN]
    notes.delete_many({"_id": {"$in": [this_process(), *ended]}})


def demand_nobody_else(connection: Connection, and_then: str) -> None:
    """Raise `Conflict`, with a sentence that names them, while other processes have the database open.

    `and_then` ends the sentence after “stop it, and”.
    """
    others = [] if connection.in_memory else [described(each) for each in _others(connection)]
    if others:
        them = "it" if len(others) == 1 else "them"
        raise Conflict(f"Kinso is running on this data ({'; '.join(others)}): stop {them}, and {and_then}.")


def _others(connection: Connection) -> Iterator[Document]:
    connected, complete = _connected(connection)
    moment = _server_time(connection)
    for note in connection.database[NOTES].find().sort("since", 1):
        mark = note["_id"]
        if mark == this_process() or has_ended(mark):
            continue
        # Where the server does not tell about everybody, somebody may be there without being seen.
        if mark in connected or (not complete and moment - note["seenAt"] < _SILENT):
            yield note


def _connected(connection: Connection) -> tuple[set[str], bool]:
    """The marks of Kinso's processes that are connected, and whether those are all."""
    if (operations := _operations(connection.client.admin, all_users=True)) is not None:
        return _marks(operations), True
    return _marks(_operations(connection.client.admin, all_users=False) or ()), False


def _operations(admin: Database[Document], *, all_users: bool) -> Sequence[Document] | None:
    """What the server says about its connections; None when Kinso's user may not ask."""
    stage: Document = {"allUsers": all_users, "idleConnections": True}
    if admin.command("hello").get("msg") == "isdbgrid":
        stage["localOps"] = True
    try:
        return list(admin.aggregate([{"$currentOp": stage}, {"$project": {"appName": True}}]))
    except OperationFailure as error:
        if error.code not in NOT_PERMITTED:
            raise
        return None


def _marks(operations: Sequence[Document]) -> set[str]:
    return {process_of(each) for each in operations}


def _server_time(connection: Connection) -> datetime:
    moment: datetime = connection.client.admin.command("hello")["localTime"]
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def described(note: Document) -> str:
    """The process of a note, in words."""
    return f"process {note['number']} on {note['host']}, since {note['since']:%Y-%m-%d %H:%M} UTC"
