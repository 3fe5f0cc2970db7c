"""Countries by their ISO 3166 codes, and what tells which one a shop is in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache
from typing import Any

import phonenumbers
from babel import Locale
from babel.core import get_global

from kinso.models.phones import numbers_in
from kinso.models.text import clean_text

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
