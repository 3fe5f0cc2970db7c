"""Who is signed in."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from bson import ObjectId
from pymongo.database import Database

from kinso.models.accounts import Session, User
from kinso.repository.documents import object_id
from kinso.repository.users import to_user


class SessionRepository:
    """One document per session; its `_id` is the hash of the secret that only the browser or client holds.

    A TTL index on `expiresAt` removes what has expired, but up to a minute late: readers compare the time themselves.
    """

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._sessions = database["sessions"]

    def insert(self, session: Session) -> None:
        """Begin a session."""
        fields = session.model_dump(by_alias=True, exclude={"id"})
        self._sessions.insert_one({**fields, "_id": session.id, "userId": ObjectId(session.user_id)})

    def get_with_user(self, id: str) -> tuple[Session, User] | None:
        """The session, which may have expired, and its account; in one round trip, because every request asks."""
        account = {"from": "users", "localField": "userId", "foreignField": "_id", "as": "user"}
        found = list(self._sessions.aggregate([{"$match": {"_id": id}}, {"$lookup": account}]))
        if not found or not found[0]["user"]:
            return None
        document = found[0]
        session = Session.model_construct(
            id=document["_id"],
            user_id=str(document["userId"]),
            created_at=document["createdAt"],
            expires_at=document["expiresAt"],
        )
        return session, to_user(document["user"][0])

    def extend(self, id: str, expires_at: datetime) -> None:
        """Move the end of a session later."""
        self._sessions.update_one(_by_id(id), {"$max": {"expiresAt": expires_at}})

    def delete(self, id: str) -> bool:
        """End a session; False when there was none."""
        return self._sessions.delete_one(_by_id(id)).deleted_count == 1

    def delete_for_user(self, user_id: str, *, except_id: str | None = None) -> int:
        """End all sessions of a user, or all but one; returns how many were ended."""
        query: dict[str, Any] = {"userId": object_id(user_id)}
        if except_id is not None:
            query["_id"] = {"$ne": except_id}
        return self._sessions.delete_many(query).deleted_count


def _by_id(id: str) -> Any:
    return cast(Any, {"_id": id})
