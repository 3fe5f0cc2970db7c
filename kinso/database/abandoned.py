"""Transactions that a process left open when it died: until they end, nobody can write what they wrote."""

from __future__ import annotations

import logging
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure

from kinso.database.processes import has_ended, this_process

_APPLICATION = "kinso "
NOT_PERMITTED = frozenset({13, 8000})
"""Codes with which a server refuses to tell about its connections."""

logger = logging.getLogger(__name__)


def application_name() -> str:
    """What the connections of this process are called in the server."""
    return f"{_APPLICATION}{this_process()}"


def end_abandoned_transactions(client: MongoClient[dict[str, Any]]) -> int:
    """End the open transactions of Kinso's processes that are gone; returns how many there were.

    The server would do so by itself after its `transactionLifetimeLimitSeconds`. Where Kinso's user may not look, that
    is waited for.
    """
    stages: list[dict[str, Any]] = [
        {"$currentOp": {"idleSessions": True, "allUsers": False}},
        {"$match": {"transaction": {"$exists": True}, "appName": {"$regex": f"^{_APPLICATION}"}}},
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


def process_of(operation: dict[str, Any]) -> str:
    """The mark of the process whose operation or connection this is; something else when it is not of Kinso's."""
    return str(operation.get("appName", "")).removeprefix(_APPLICATION)


def _is_abandoned(operation: dict[str, Any]) -> bool:
    return has_ended(process_of(operation))
