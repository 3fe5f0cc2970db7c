"""Whose pages each person opened last."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pymongo.database import Database

Document = dict[str, Any]

KEPT = 12
"""For each person; some of them are deleted."""


class RecentCustomerRepository:
    """One document per person, with the `_id`s of customers, the latest last.

    A TTL index on `updatedAt` removes those of people who have not been there for long.
    """

    def __init__(self, database: Database[Document]) -> None:
        self._recent = database["recent_customers"]

    def note(self, user_id: str, customer: str, at: datetime) -> None:
        """Put this customer last."""
        mine = {"_id": user_id}
        self._recent.update_one(mine, {"$pull": {"customers": customer}})
        push = {"customers": {"$each": [customer], "$slice": -KEPT}}
        self._recent.update_one(mine, {"$push": push, "$set": {"updatedAt": at}}, upsert=True)

    def of(self, user_id: str) -> list[str]:
        """The customers whom this person opened, the latest first."""
        document = self._recent.find_one({"_id": user_id})
        return list(dict.fromkeys(reversed(document["customers"]))) if document else []

    def erase(self, customer: str) -> None:
        """Have nobody remember this customer."""
        self._recent.update_many({"customers": customer}, {"$pull": {"customers": customer}})
