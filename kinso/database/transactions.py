"""Transactions: repeated while they collide with others, seen to their end, and ended when their process died.

Until a transaction that a process left open ends, nobody can write what it wrote.
"""

from __future__ import annotations

import itertools
import logging
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.errors import InvalidOperation, OperationFailure, PyMongoError, ServerSelectionTimeoutError
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import ReadPreference
from pymongo.write_concern import WriteConcern

from kinso.database.processes import APPLICATION, NOT_PERMITTED, has_ended, process_of
from kinso.errors import DatabaseUnavailable, WriteCollision

Result = TypeVar("Result")

_COLLIDING_SECONDS = 15.0
_SUSPICIOUS_SECONDS = 0.5
"""Nobody who is alive holds the same documents for so long, but for a batch under way."""
_UNKNOWN_SECONDS = 15.0
"""Enough for a server that is restarted or replaced; nobody should have to wait longer for an answer."""
_FIRST_PAUSE = 0.005
_LONGEST_PAUSE = 0.5
_UNKNOWN = "The database stopped answering while this was being saved; look whether it was before you do it again."

ALLOWANCE = timedelta(seconds=10)
"""For the clocks of other machines, and for the time from a look at the clock to the first word with the server."""
_LONGEST_TRANSACTION = timedelta(seconds=90)
"""The server ends what is open for a minute, and looks for that every half."""

logger = logging.getLogger(__name__)


def run_in_transaction(
    session: ClientSession, work: Callable[[], Result], *, on_collision: Callable[[], object]
) -> Result:
    """Run `work`, again if need be, and commit what it did.

    The driver's own loop would go on for two minutes when the server is gone. `on_collision` is called once when the
    same collision lasts. Raises `WriteCollision` when there is no end to it, and `DatabaseUnavailable` when it cannot
    be found out whether the transaction was committed.
    """
    begun = time.monotonic()
    suspicious = False
    for attempt in itertools.count():
        session.start_transaction(ReadConcern("majority"), WriteConcern("majority"), ReadPreference.PRIMARY)
        try:
            result = work()
            _commit(session)
            return result
        except BaseException as error:
            if session.in_transaction:
                session.abort_transaction()
            if not _is_passing(error):
                raise
            colliding = time.monotonic() - begun
            if colliding > _COLLIDING_SECONDS:
                raise WriteCollision from error
            if colliding > _SUSPICIOUS_SECONDS and not suspicious:
                suspicious = True
                on_collision()
        time.sleep(random.random() * min(_FIRST_PAUSE * 1.5**attempt, _LONGEST_PAUSE))  # noqa: S311
    raise AssertionError


def _commit(session: ClientSession) -> None:
    """Commit; asks again as long as the server was lost before it answered, which is safe."""
    deadline = 0.0
    while True:
        try:
            session.commit_transaction()
            return
        except PyMongoError as error:
            if not error.has_error_label("UnknownTransactionCommitResult"):
                raise
            deadline = deadline or time.monotonic() + _UNKNOWN_SECONDS
            if time.monotonic() > deadline:
                raise DatabaseUnavailable(_UNKNOWN) from error
        time.sleep(_FIRST_PAUSE)


def _is_passing(error: BaseException) -> bool:
    """Whether the same work may succeed if it is done again.

    A server that cannot be found was waited for already, and a client that was closed stays so.
    """
    if not isinstance(error, PyMongoError) or isinstance(error, ServerSelectionTimeoutError) or is_closed(error):
        return False
    return error.has_error_label("TransientTransactionError")


def is_closed(error: BaseException | None) -> bool:
    """Whether this was caused by a client that was closed: a thread may be at work while the process shuts down."""
    while error is not None:
        if isinstance(error, InvalidOperation) and "after close" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def end_abandoned_transactions(client: MongoClient[dict[str, Any]]) -> int:
    """End the open transactions of Kinso's processes that are gone; returns how many there were.

    The server would do so by itself after its `transactionLifetimeLimitSeconds`. Where Kinso's user may not look, that
    is waited for.
    """
    stages: list[dict[str, Any]] = [
        {"$currentOp": {"idleSessions": True, "allUsers": False}},
        {"$match": {"transaction": {"$exists": True}, "appName": {"$regex": f"^{APPLICATION}"}}},
    ]
    try:
        open_ones = [each for each in client.admin.aggregate(stages) if _is_abandoned(each)]
        if open_ones:
            client.admin.command("killSessions", [{"id": each["lsid"]["id"]} for each in open_ones])
    except OperationFailure as error:
        if error.code not in NOT_PERMITTED:
            raise
        return 0
    for each in open_ones:
        logger.warning("A transaction of a process that is gone was ended: %s", each["appName"])
    return len(open_ones)


def _is_abandoned(operation: dict[str, Any]) -> bool:
    return has_ended(process_of(operation))


def settled_until(client: MongoClient[dict[str, Any]]) -> datetime:
    """The moment up to which nothing new can appear any more, and everything can be seen by who reads now.

    A transaction writes its time long before it ends.
    """
    moment = datetime.now(UTC)
    return moment - ALLOWANCE - _longest_open(client)


def _longest_open(client: MongoClient[dict[str, Any]]) -> timedelta:
    """How long the oldest transaction is open that anybody has."""
    stages: list[dict[str, Any]] = [
        {"$currentOp": {"idleSessions": True, "allUsers": False}},
        {"$group": {"_id": None, "longest": {"$max": "$transaction.timeOpenMicros"}}},
    ]
    try:
        found = list(client.admin.aggregate(stages))
    except OperationFailure as error:
        if error.code not in NOT_PERMITTED:
            raise
        return _LONGEST_TRANSACTION
    return timedelta(microseconds=next((each["longest"] or 0 for each in found), 0))
