"""In which country the shop is: it decides what a phone number without the code of a country is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pymongo.database import Database

from kinso.database.checksums import OF_SETTINGS_CHANGE, with_checksum
from kinso.models.shop import country_of_currency, country_of_numbers, country_of_zone

_MOST_LOOKED_AT = 2000
_WITH_A_COUNTRY = {"contactInfo": {"$type": "string", "$regex": r"\+ ?\d"}}


def country_of(database: Database[dict[str, Any]]) -> str:
    """The setting (ISO 3166 alpha-2), or nothing as long as it was never set; within a transaction as of its moment."""
    shop = database["settings"].find_one({"_id": "shop"}, {"country": True})
    return str((shop or {}).get("country") or "")


def guess_country(database: Database[dict[str, Any]]) -> str:
    """What the stored phone numbers say, else the time zone or the currency that somebody set; nothing if none does."""
    found = database["customers"].find(_WITH_A_COUNTRY, {"contactInfo": True}).limit(_MOST_LOOKED_AT)
    shop = database["settings"].find_one({"_id": "shop"}) or {}
    return (
        country_of_numbers(document["contactInfo"] for document in found)
        or country_of_zone(str(shop.get("timeZone")))
        or country_of_currency(str(shop.get("currency")))
    )


def set_guessed_country(database: Database[dict[str, Any]]) -> None:
    """Set the country of a shop that was never asked for it, as far as it can be guessed."""
    settings = database["settings"]
    if "country" in (settings.find_one({"_id": "shop"}, {"country": True}) or {}):
        return
    if country := guess_country(database):
        unset = {"_id": "shop", "country": {"$exists": False}}
        # Another process that starts at the same time may have set it.
        if settings.update_one(unset, {"$set": {"country": country}}).matched_count == 0:
            settings.update_one({"_id": "shop"}, {"$setOnInsert": {"country": country}}, upsert=True)
        sides = {"before": {"country": ""}, "after": {"country": country}}
        change = {"at": datetime.now(UTC), "byName": "Kinso", **sides}
        database["settings_changes"].insert_one(with_checksum(change, OF_SETTINGS_CHANGE))
