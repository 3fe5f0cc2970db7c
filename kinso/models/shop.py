"""Settings of the shop, the countries it may be in, and what an examination of its data found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

import phonenumbers
from babel import Locale
from babel.core import get_global
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, ValidationInfo
from pydantic.alias_generators import to_camel

from kinso.models.money import Money
from kinso.models.phones import numbers_in
from kinso.models.rule_bases import LIFETIME, RuleBasis, basis_of, check_basis
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


def _check_basis(key: str, info: ValidationInfo) -> str:
    # What is stored can be read whatever it says, so that somebody can change it.
    return key if info.context is STORED else check_basis(key)


STORED = object()
"""The context in which settings are read that were stored before."""


class MembershipRule(BaseModel):
    """From what threshold on a customer may be a member without a person deciding on it.

    `threshold_basis` is the key of what is compared with it, one of `RULE_BASES`. With `activate_on_purchase`, a
    purchase that reaches the threshold makes a member at once.
    """

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)

    threshold: Money = Field(default=Decimal("1000.00"))
    threshold_basis: Annotated[str, AfterValidator(_check_basis)] = LIFETIME.key
    activate_on_purchase: StrictBool = False

    @property
    def basis(self) -> RuleBasis:
        """What is compared with the threshold; raises `Conflict` when something unknown is stored."""
        return basis_of(self.threshold_basis)


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


_ENOUGH = 0.5
"""The part of the numbers with a country that have to be of one of them."""


def check_country(value: Any) -> str:
    """A code in capitals, or nothing; raises ValueError with a sentence part."""
    if value == "":
        return ""
    code = clean_text(value, shortest=2, longest=2).upper()
    if code not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError("must be a two-letter code such as BD or GB")
    return code


@cache
def country_names() -> dict[str, str]:
    """The English names of all countries that have telephone numbers, by code and in alphabetical order."""
    names = Locale("en").territories
    found = {code: names[code] for code in phonenumbers.SUPPORTED_REGIONS if code in names}
    return dict(sorted(found.items(), key=lambda item: item[1]))


def country_of_numbers(contacts: Iterable[str]) -> str:
    """The country that most of the telephone numbers name; nothing when there is none."""
    counts = Counter(filter(None, (_named_country(each) for each in contacts)))
    [(country, count)] = counts.most_common(1) or [("", 0)]
    return country if count > _ENOUGH * counts.total() else ""


def country_of_zone(time_zone: str) -> str:
    """The country that a time zone such as Asia/Dhaka belongs to; nothing when it belongs to none."""
    return _known(get_global("zone_territories").get(time_zone, ""))


def country_of_currency(currency: str) -> str:
    """The only country that a currency belongs to; nothing for one that several share."""
    users = {
        territory
        for territory, currencies in get_global("territory_currencies").items()
        if any(code == currency and until is None and tender for code, _since, until, tender in currencies)
    }
    return _known(next(iter(users))) if len(users) == 1 else ""


def country_of_languages(accepted: str) -> str:
    """The first country that a browser's `Accept-Language` names, such as GB in `en-GB,en;q=0.9`; nothing if none."""
    for language in accepted.split(","):
        for part in language.partition(";")[0].strip().split("-")[1:]:
            if country := _known(part.upper()):
                return country
    return ""


def _named_country(contact: str) -> str:
    number = next((found for found in numbers_in(contact, "") if found.country_code), None)
    if number is None:
        return ""
    parsed = phonenumbers.parse(f"+{number.international}")
    main = phonenumbers.region_code_for_country_code(int(number.country_code))
    return _known(phonenumbers.region_code_for_number(parsed) or main)


def _known(code: str) -> str:
    return code if code in phonenumbers.SUPPORTED_REGIONS else ""


MOST_FINDINGS = 1000
"""Kept by name in a report; beyond that they are only counted."""


@dataclass(frozen=True)
class Finding:
    """One thing that must not be; `customer` is the `_id` of the customer it is about, if it is about one."""

    sentence: str
    customer: str | None = None


@dataclass
class CheckReport:
    """What was looked at and what is wrong with it.

    `duplicates` are sentences about IDs of customers or sales that look the same: they were stored before that was
    refused, and nothing else is wrong with them. Amounts that could not be taken over are told there, too.
    """

    customers: int = 0
    trashed: int = 0
    changes: int = 0
    findings: list[Finding] = field(default_factory=list)
    finding_count: int = 0
    duplicates: list[str] = field(default_factory=list)
    duplicate_count: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong."""
        return not self.finding_count

    def add(self, finding: Finding) -> None:
        """Count a finding, and keep it while there is room."""
        self.finding_count += 1
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(finding)

    def add_duplicate(self, sentence: str) -> None:
        """Count a likely duplicate, and keep it while there is room."""
        self.duplicate_count += 1
        if len(self.duplicates) < MOST_FINDINGS:
            self.duplicates.append(sentence)
