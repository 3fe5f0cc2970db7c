"""What people have typed and not saved yet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from pymongo import DESCENDING
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from kinso.models.customers import Draft

Document = dict[str, Any]


class DraftRepository:
    """One document per form or grid, which gave it its `_id`; without content it is over and stays so.

    The content is stored as text, because what was typed may be a name that MongoDB has a meaning for. A TTL index on
    `updatedAt` removes what nobody came back to.
    """

    def __init__(self, database: Database[Document]) -> None:
        self._drafts = database["drafts"]

    def keep(self, draft: Draft, user_id: str, customers: Sequence[str]) -> bool:
        """Store the present state of a draft that tells about `customers` (`_id`s); False when it is over."""
        values = {
            "place": draft.place,
            "content": json.dumps(draft.content),
            "customers": list(customers),
            "updatedAt": draft.updated_at,
        }
        try:
            self._drafts.update_one(
                {"_id": draft.id, "userId": user_id, "over": False},
                {"$set": values},
                upsert=True,
            )
        except DuplicateKeyError:
            return False
        return True

    def end(self, id: str, user_id: str, at: datetime) -> None:
        """Forget the content of a draft for good; what still arrives for it is not kept."""
        over = {"over": True, "content": "{}", "customers": [], "updatedAt": at}
        with suppress(DuplicateKeyError):
            self._drafts.update_one({"_id": id, "userId": user_id}, {"$set": over}, upsert=True)

    def find(self, user_id: str, places: Sequence[str]) -> list[Draft]:
        """A person's drafts at these places, the latest first."""
        match = {"userId": user_id, "place": {"$in": list(places)}, "over": False}
        found = self._drafts.find(match).sort("updatedAt", DESCENDING)
        return [_to_draft(document) for document in found]

    def erase(self, customer: str) -> None:
        """Remove all drafts that tell about this customer."""
        self._drafts.delete_many({"customers": customer})


def _to_draft(document: Document) -> Draft:
    return Draft(
        id=document["_id"],
        place=document["place"],
        content=json.loads(document["content"]),
        updated_at=document["updatedAt"],
    )
