"""Settings of the shop: an administrator edits them in the app, a manager those of membership."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool
from pydantic.alias_generators import to_camel

from kinso.models.countries import check_country
from kinso.models.money import Money
from kinso.models.text import clean_text


def _check_time_zone(value: Any) -> str:
    if value not in available_timezones():
        raise ValueError("is not a known time zone; choose one such as Asia/Dhaka or Europe/Berlin")
    return str(value)


def _check_currency(value: Any) -> str:
    code = clean_text(value, shortest=3, longest=3).upper()
    if not (code.isascii() and code.isalpha()):
        raise ValueError("must be a three-letter code such as USD or BDT")
    return code


ThresholdBasis = Literal["lifetime", "last-12-months"]
"""What is compared with the membership threshold: the purchase amount, or what was bought in the last twelve months."""


class MembershipRule(BaseModel):
    """From what threshold on a customer may be a member without a person deciding on it.

    With `activate_on_purchase`, a purchase that reaches the threshold makes a member at once.
    """

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)

    threshold: Money = Field(default=Decimal("1000.00"))
    threshold_basis: ThresholdBasis = "lifetime"
    activate_on_purchase: StrictBool = False


class ShopSettings(MembershipRule):
    """`time_zone` decides what “today” and “this month” mean; amounts have no currency of their own.

    `country` decides what phone numbers without the code of a country are; it is empty until somebody sets it.
    `trash_days` is for how long deleted customers can be restored. With `daily_backups` there is a backup every day at
    `backup_hour`, and it is kept for `backup_days`.
    """

    shop_name: Annotated[str, BeforeValidator(lambda v: clean_text(v, shortest=1, longest=80))] = "Kinso"
    country: Annotated[str, BeforeValidator(check_country)] = ""
    currency: Annotated[str, BeforeValidator(_check_currency)] = "USD"
    time_zone: Annotated[str, BeforeValidator(_check_time_zone)] = "UTC"
    trash_days: int = Field(default=30, ge=1, le=3650, strict=True)
    daily_backups: StrictBool = True
    backup_hour: int = Field(default=3, ge=0, le=23, strict=True)
    backup_days: int = Field(default=14, ge=1, le=3650, strict=True)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone as an object."""
        return ZoneInfo(self.time_zone)


@dataclass(frozen=True)
class SettingsChange:
    """Who decided what about the shop; `before` and `after` hold the settings that differ, by stored names."""

    at: datetime
    by_name: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
