"""The shop's own settings."""

from __future__ import annotations

from typing import Any

from pymongo.database import Database

from kinso.models.shop import MembershipRule, ShopSettings
from kinso.repository.documents import to_stored

_KEY = "shop"


class ShopRepository:
    """One document that holds the settings of the shop."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._settings = database["settings"]

    def get(self) -> ShopSettings:
        """The settings, with defaults for what was never set."""
        document = self._settings.find_one({"_id": _KEY}, {"_id": False})
        return ShopSettings.model_validate(document or {})

    def save(self, settings: MembershipRule) -> None:
        """Store what is given in `settings`, and leave everything else as it is: others may be changing that."""
        values = to_stored(settings.model_dump(by_alias=True, exclude_unset=True))
        self._settings.update_one({"_id": _KEY}, {"$set": values}, upsert=True)
