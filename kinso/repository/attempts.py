"""Failed attempts to prove something, counted to slow down guessing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bson import ObjectId
from pymongo import DESCENDING
from pymongo.database import Database


class AttemptRepository:
    """One document per attempt, until it succeeds or its time (a TTL index on `expiresAt`) has passed."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._attempts = database["attempts"]

    def record(self, account: str, address: str, *, at: datetime, expires_at: datetime) -> str:
        """Count one attempt; returns its id."""
        id = ObjectId()
        self._attempts.insert_one(
            {"_id": id, "account": account, "address": address, "at": at, "expiresAt": expires_at}
        )
        return str(id)

    def latest(
        self, *, account: str | None = None, address: str | None = None, since: datetime, limit: int
    ) -> list[datetime]:
        """When the latest attempts after `since` were made, newest first; with both keys only those that share both."""
        keys = {"account": account, "address": address}
        query: dict[str, Any] = {key: value for key, value in keys.items() if value is not None}
        found = self._attempts.find({**query, "at": {"$gt": since}}).sort("at", DESCENDING).limit(limit)
        return [document["at"] for document in found]

    def remove(self, id: str) -> None:
        """Do not count this attempt."""
        self._attempts.delete_one({"_id": ObjectId(id)})

    def clear(self, account: str, address: str | None = None) -> None:
        """Forget the attempts on this account, from this address or from all of them."""
        query = {"account": account}
        if address is not None:
            query["address"] = address
        self._attempts.delete_many(query)
