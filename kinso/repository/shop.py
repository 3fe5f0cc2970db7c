"""The shop's own settings, and who changed them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pymongo import DESCENDING
from pymongo.database import Database

from kinso.database.checksums import OF_SETTINGS_CHANGE, with_checksum
from kinso.models.shop import MembershipRule, SettingsChange, ShopSettings
from kinso.repository.documents import to_stored

_KEY = "shop"


class ShopRepository:
    """One document that holds the settings of the shop, and one for each time that somebody changed them."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._settings = database["settings"]
        self._changes = database["settings_changes"]

    def get(self) -> ShopSettings:
        """The settings, with defaults for what was never set."""
        document = self._settings.find_one({"_id": _KEY}, {"_id": False})
        return ShopSettings.model_validate(document or {})

    def save(self, settings: MembershipRule) -> None:
        """Store what is given in `settings`, and leave everything else as it is: others may be changing that."""
        values = to_stored(settings.model_dump(by_alias=True, exclude_unset=True))
        self._settings.update_one({"_id": _KEY}, {"$set": values}, upsert=True)

    def record(self, change: SettingsChange) -> None:
        """Append who changed what."""
        sides = {"before": to_stored(change.before), "after": to_stored(change.after)}
        self._changes.insert_one(
            with_checksum({"at": change.at, "byName": change.by_name, **sides}, OF_SETTINGS_CHANGE)
        )

    def changes(self, fields: Iterable[str], *, limit: int) -> list[SettingsChange]:
        """The latest changes of any of these settings, newest first; `fields` are stored names."""
        match = {"$or": [{f"after.{field}": {"$exists": True}} for field in fields]}
        found = self._changes.find(match).sort([("at", DESCENDING), ("_id", DESCENDING)]).limit(limit)
        return [SettingsChange(one["at"], one["byName"], one["before"], one["after"]) for one in found]
