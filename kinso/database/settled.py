"""From when on somebody may still commit what is dated before: a transaction writes its time long before it ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.errors import OperationFailure

from kinso.database.abandoned import NOT_PERMITTED
from kinso.database.connection import Connection, translated_errors

ALLOWANCE = timedelta(seconds=10)
"""For the clocks of other machines, and for the time from a look at the clock to the first word with the server."""
_LONGEST_TRANSACTION = timedelta(seconds=90)
"""The server ends what is open for a minute, and looks for that every half."""


def settled_until(connection: Connection) -> datetime:
    """The moment up to which nothing new can appear any more, and everything can be seen by who reads now.

    Raises `DatabaseUnavailable`.
    """
    moment = datetime.now(UTC)
    with translated_errors():
        return moment - ALLOWANCE - _longest_open(connection)


def _longest_open(connection: Connection) -> timedelta:
    """How long the oldest transaction is open that anybody has."""
    if connection.in_memory:
        return timedelta()
    stages: list[dict[str, Any]] = [
        {"$currentOp": {"idleSessions": True, "allUsers": False}},
        {"$group": {"_id": None, "longest": {"$max": "$transaction.timeOpenMicros"}}},
    ]
    try:
        found = list(connection.client.admin.aggregate(stages))
    except OperationFailure as error:
        if error.code not in NOT_PERMITTED:
            raise
        return _LONGEST_TRANSACTION
    return timedelta(microseconds=next((each["longest"] or 0 for each in found), 0))
