"""Accounts and their password hashes, sessions, API tokens, and failed attempts to prove something."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, cast

from bson import ObjectId
from pymongo import DESCENDING, ReturnDocument
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from kinso.errors import DuplicateEmail
from kinso.models.accounts import ApiToken, NewUser, Role, Session, User
from kinso.repository.documents import Document, object_id, with_text_id, without_decimals

OURS: dict[str, Any] = {
    **{field: {"$type": "string"} for field in ("email", "name")},
    # Most others hash with bcrypt, Kinso never did.
    "passwordHash": {"$type": "string", "$not": re.compile(r"^\$2")},
    "role": {"$in": [role.value for role in Role]},
    "active": {"$type": "bool"},
    "createdAt": {"$type": "date"},
}
"""Another application may keep accounts of its own in the same collection; they are left alone."""
_ACTIVE_ADMIN = {**OURS, "role": Role.ADMIN.value, "active": True}
_FIRST_ADMIN = cast(Any, {"_id": "first-admin"})
_MOST_CODES = 10
"""Processes that wait for the same first administrator; the oldest code makes room."""


class UserRepository:
    """One document per account; the hash of its password leaves only through `with_password_hash`."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._users = database["users"]
        self._set_up = database["setup"]

    def insert(self, new: NewUser, password_hash: str, at: datetime) -> User:
        """Add an active account; raises `DuplicateEmail`."""
        document = {
            "_id": ObjectId(),
            "email": new.email,
            "name": new.name,
            "role": new.role.value,
            "active": True,
            "passwordHash": password_hash,
            "createdAt": at,
            "lastSignInAt": None,
        }
        try:
            self._users.insert_one(document)
        except DuplicateKeyError as error:
            raise DuplicateEmail(new.email) from error
        return to_user(document)

    def by_id(self, id: str) -> User | None:
        """The account, or None when there is none or `id` is malformed."""
        key = object_id(id)
        document = self._users.find_one({**OURS, "_id": key}) if key else None
        return to_user(document) if document else None

    def by_email(self, email: str) -> User | None:
        """The account with this address in its compared form."""
        document = self._users.find_one({**OURS, "email": email})
        return to_user(document) if document else None

    def with_password_hash(self, *, email: str | None = None, id: str | None = None) -> tuple[User, str] | None:
        """The account with this address or id, and the hash of its password."""
        document = self._users.find_one({**OURS, **({"email": email} if id is None else {"_id": object_id(id)})})
        return (to_user(document), str(document["passwordHash"])) if document else None

    def all(self) -> list[User]:
        """All accounts, by name."""
        return sorted(map(to_user, self._users.find(OURS)), key=lambda user: (user.name.casefold(), user.email))

    def exist(self) -> bool:
        """Whether there is any account."""
        return self._users.find_one(OURS, {"_id": True}) is not None

    def count_foreign(self) -> int:
        """How many accounts of another application are in the same collection."""
        return self._users.count_documents({"$nor": [OURS]})

    def update(self, id: str, **fields: Any) -> User | None:
        """Set fields by their stored names; returns the account, or None when it is gone."""
        document = self._users.find_one_and_update(
            {**OURS, "_id": object_id(id)}, {"$set": without_decimals(fields)}, return_document=ReturnDocument.AFTER
        )
        return to_user(document) if document else None

    def columns_of(self, id: str) -> tuple[str, ...]:
        """The columns that this person added to the list of customers; none of an account that is not there."""
        document = self._users.find_one({**OURS, "_id": object_id(id)}, {"columns": True}) or {}
        return tuple(map(str, document.get("columns", ())))

    def replace_password_hash(self, id: str, before: str, after: str) -> bool:
        """Replace the hash unless someone else did meanwhile."""
        query = {"_id": object_id(id), "passwordHash": before}
        return self._users.update_one(query, {"$set": {"passwordHash": after}}).matched_count == 1

    def record_sign_in(self, id: str, password_hash: str, at: datetime) -> User | None:
        """Note a sign-in with this password; None when it was changed or the account switched off meanwhile."""
        document = self._users.find_one_and_update(
            {"_id": object_id(id), "passwordHash": password_hash, "active": True},
            {"$set": {"lastSignInAt": at}},
            return_document=ReturnDocument.AFTER,
        )
        return to_user(document) if document else None

    def lock_active_admins(self) -> int:
        """Write to every active administrator and count them.

        Within a transaction no other one can do the same before this one ends, so whoever then takes an administrator
        away has counted those that really remain.
        """
        return self._users.update_many(_ACTIVE_ADMIN, {"$inc": {"locks": 1}}).matched_count

    def add_set_up_code(self, code_hash: str) -> None:
        """Let this code set up the first administrator, beside the codes of other processes."""
        push = {"codes": {"$each": [code_hash], "$slice": -_MOST_CODES}}
        for _attempt in range(2):
            try:
                self._set_up.update_one(_FIRST_ADMIN, {"$push": push}, upsert=True)
                return
            except DuplicateKeyError:
                # Another process inserted the document between our look and our insert; now it can be updated.
                continue

    def set_up_codes(self) -> tuple[str, ...]:
        """The hashes of all codes that may set up the first administrator."""
        document = self._set_up.find_one(_FIRST_ADMIN)
        return tuple(document["codes"]) if document else ()

    def take_set_up_code(self, code_hash: str) -> bool:
        """Use the code up, and all others with it; False when it is not valid (any more)."""
        return self._set_up.find_one_and_delete({**_FIRST_ADMIN, "codes": code_hash}) is not None

    def drop_set_up_codes(self) -> None:
        """Make all codes useless."""
        self._set_up.delete_one(_FIRST_ADMIN)


def to_user(document: dict[str, Any]) -> User:
    """The account in a document."""
    return User.model_validate(with_text_id(document))


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
