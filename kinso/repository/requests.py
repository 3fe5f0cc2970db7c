"""Requests that may be repeated, with the answers they got."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bson import ObjectId
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from kinso.models.requests import KeptAnswer, KeyedRequest
from kinso.repository.documents import with_text_id


class RequestRepository:
    """One document per person and key, which a unique index guarantees; each attempt has an `_id` of its own.

    A TTL index on `expiresAt` removes what has expired, but up to a minute late: readers compare the time themselves.
    """

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._requests = database["requests"]

    def insert(self, request: KeyedRequest) -> bool:
        """Begin an attempt; False when there is another one with this person's key. Not within a transaction."""
        values = request.model_dump(by_alias=True, exclude={"id"})
        try:
            self._requests.insert_one({"_id": ObjectId(request.id), **values})
        except DuplicateKeyError:
            return False
        return True

    def get(self, user_id: str, key: str) -> KeyedRequest | None:
        """The latest attempt at this request."""
        document = self._requests.find_one({"userId": user_id, "key": key})
        return KeyedRequest.model_validate(with_text_id(document)) if document else None

    def hold(self, id: str, until: datetime) -> None:
        """Tell that someone is still at work on it."""
        self._requests.update_one({"_id": ObjectId(id), "answer": None}, {"$max": {"heldUntil": until}})

    def keep(self, id: str, answer: KeptAnswer, expires_at: datetime) -> bool:
        """Note the answer, in the transaction of what was done; False when the attempt was given up meanwhile."""
        values = {"answer": answer.model_dump(by_alias=True), "expiresAt": expires_at}
        return self._requests.update_one({"_id": ObjectId(id), "answer": None}, {"$set": values}).matched_count == 1

    def give_up(self, id: str) -> None:
        """Remove an attempt that got no answer."""
        self._requests.delete_one({"_id": ObjectId(id), "answer": None, "erased": False})

    def remove(self, id: str) -> None:
        """Remove an attempt, with or without an answer."""
        self._requests.delete_one({"_id": ObjectId(id)})

    def erase(self, customer: str) -> None:
        """Remove all answers that tell about this customer; the requests stay done."""
        self._requests.update_many({"answer.customers": customer}, {"$set": {"answer": None, "erased": True}})
