"""API tokens in the database."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bson import ObjectId
from pymongo import DESCENDING
from pymongo.database import Database

from kinso.models.accounts import ApiToken, User
from kinso.repository.documents import Document, object_id
from kinso.repository.users import to_user


class TokenRepository:
    """One document per token, under the hash of the secret that only the program holds."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._tokens = database["api_tokens"]

    def insert(self, token: ApiToken, secret_hash: str) -> None:
        """Let this token be used from now on."""
        values = token.model_dump(by_alias=True, exclude={"id"})
        ids = {"_id": ObjectId(token.id), "userId": ObjectId(token.user_id)}
        self._tokens.insert_one({**values, **ids, "hash": secret_hash})

    def get_with_user(self, secret_hash: str) -> tuple[ApiToken, User] | None:
        """The token whose secret has this hash, which may have expired, and its owner; in one round trip."""
        account = {"from": "users", "localField": "userId", "foreignField": "_id", "as": "user"}
        found = list(self._tokens.aggregate([{"$match": {"hash": secret_hash}}, {"$lookup": account}]))
        if not found or not found[0]["user"]:
            return None
        return _to_token(found[0]), to_user(found[0]["user"][0])

    def find(self, *, user_id: str | None = None) -> list[ApiToken]:
        """The tokens of one account or of all, the newest first."""
        query = {} if user_id is None else {"userId": object_id(user_id)}
        found = self._tokens.find(query).sort([("createdAt", DESCENDING), ("_id", DESCENDING)])
        return [_to_token(document) for document in found]

    def record_use(self, id: str, at: datetime) -> None:
        """Note when it was used last."""
        self._tokens.update_one({"_id": ObjectId(id)}, {"$set": {"lastUsedAt": at}})

    def delete(self, id: str, *, user_id: str | None = None) -> bool:
        """Remove a token, with `user_id` only one of that account; False when there is none."""
        query: dict[str, Any] = {"_id": object_id(id)}
        if user_id is not None:
            query["userId"] = object_id(user_id)
        return self._tokens.delete_one(query).deleted_count == 1

    def delete_for_user(self, user_id: str) -> int:
        """Remove all tokens of an account; returns how many there were."""
        return self._tokens.delete_many({"userId": object_id(user_id)}).deleted_count


def _to_token(document: Document) -> ApiToken:
    return ApiToken.model_construct(
        id=str(document["_id"]),
        user_id=str(document["userId"]),
        name=document["name"],
        created_at=document["createdAt"],
        expires_at=document["expiresAt"],
        last_used_at=document["lastUsedAt"],
    )
