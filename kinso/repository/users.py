"""Accounts, their password hashes, and the codes that set up the first administrator."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, cast

from bson import ObjectId
from pymongo import ReturnDocument
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from kinso.errors import DuplicateEmail
from kinso.models.accounts import NewUser, Role, User
from kinso.repository.documents import object_id, to_stored, with_text_id

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
            {**OURS, "_id": object_id(id)}, {"$set": to_stored(fields)}, return_document=ReturnDocument.AFTER
        )
        return to_user(document) if document else None

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
