"""One transaction: repeated while it collides with others, and seen to its end when the server is lost meanwhile."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable
from typing import TypeVar

from pymongo.client_session import ClientSession
from pymongo.errors import InvalidOperation, PyMongoError, ServerSelectionTimeoutError
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import ReadPreference
from pymongo.write_concern import WriteConcern

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
