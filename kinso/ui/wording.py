"""Numbers, moments and words as the shop reads them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from functools import cache

from babel.core import UnknownLocaleError, get_global
from babel.dates import format_date, format_datetime
from babel.languages import get_official_languages
from babel.numbers import format_decimal, format_percent, get_currency_symbol

from kinso.models.rule_bases import Unit
from kinso.models.shop import ShopSettings

LOCALE = "en"
_SHARED_SIGNS = frozenset("$£")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~:$&])")
_MADE_OF_TEXT = re.compile(
    r"(?<=http)(?=s?://)|(?<=www)(?=\.)|(?<=:)(?=[\w+/-]+:)|(?<=(?<!\S)[<>~-])(?=[-=>]+(?!\S))", re.IGNORECASE
)
"""Within what becomes a link, an icon or a sign although its characters are escaped: `www.x.y`, `:smile:`, `->`."""
_INVISIBLE = "\u2060"


def money(amount: Decimal, shop: ShopSettings) -> str:
    """With the currency's sign and two decimals: `$1,250.50`, `CHF 1,250.50`."""
    return f"{_sign_before(shop)}{format_decimal(amount, '#,##0.00', locale=LOCALE)}"


def money_format(shop: ShopSettings) -> str:
    """What makes a column of numbers look like `money`."""
    return f"{_sign_before(shop)}%,.2f"


def currency_symbol(shop: ShopSettings) -> str:
    """The sign of the shop's currency, its code where it has none."""
    return currency_sign(shop.currency)


@cache
def currency_sign(code: str) -> str:
    """The sign that a currency has everywhere, or one of its own that its country uses, or else the code itself."""
    known = str(get_currency_symbol(code, locale=LOCALE))
    if known != code:
        return known
    return next((sign for sign in _signs_at_home(code) if sign not in _SHARED_SIGNS and _is_sign(sign)), code)


def number(value: int) -> str:
    """With thousands separators."""
    return str(format_decimal(value, locale=LOCALE))


def listed(labels: Sequence[str], word: str = "and") -> str:
    """`Customer ID, notes and tags`: labels as the beginning of a sentence."""
    first, *others = labels
    *between, last = [first, *(label.lower() for label in others)]
    return f"{', '.join(between)} {word} {last}" if between else last


def counted(value: int, noun: str) -> str:
    """`1 customer`, `2,357 customers`."""
    return f"{number(value)} {noun}{'' if value == 1 else 's'}"


def amount_of(unit: Unit, amount: Decimal, shop: ShopSettings) -> str:
    """`$1,250.50`, `5 purchases`."""
    return counted(int(amount), unit.noun) if unit.noun else money(amount, shop)


def bare_amount_of(unit: Unit, amount: Decimal, shop: ShopSettings) -> str:
    """Where the unit is said beside it: `$1,250.50`, `5`."""
    return number(int(amount)) if unit.noun else money(amount, shop)


def sign_of(unit: Unit, shop: ShopSettings) -> str:
    """For a label: the currency's sign, or what is counted."""
    return f"{unit.noun}s" if unit.noun else currency_symbol(shop)


def format_of(unit: Unit, shop: ShopSettings) -> str:
    """What makes a column of numbers look like amounts of this unit."""
    return "%,d" if unit.noun else money_format(shop)


def figure_of(unit: Unit, amount: Decimal) -> float | int:
    """For what takes no decimals of Python's: a number that is whole where only whole ones exist."""
    return int(amount) if unit.noun else float(amount)


def percent(share: float) -> str:
    """A share of 0 to 1 with one decimal: `12.5%`."""
    return str(format_percent(share, "#,##0.0%", locale=LOCALE))


def moment(value: datetime, shop: ShopSettings) -> str:
    """Date and time in the shop's zone: `22 Nov 2026, 16:43`."""
    return str(format_datetime(value, "d MMM yyyy, HH:mm", tzinfo=shop.zone, locale=LOCALE))


def clock(value: datetime, shop: ShopSettings) -> str:
    """Time in the shop's zone: `16:43`."""
    return str(format_datetime(value, "HH:mm", tzinfo=shop.zone, locale=LOCALE))


def day(value: date) -> str:
    """`3 Nov 2026`."""
    return str(format_date(value, "d MMM yyyy", locale=LOCALE))


def month(value: date) -> str:
    """`Nov 2026`."""
    return str(format_date(value, "MMM yyyy", locale=LOCALE))


def membership(is_member: bool) -> str:
    """The word for a membership status."""
    return "Member" if is_member else "Non-member"


def _sign_before(shop: ShopSettings) -> str:
    sign = currency_symbol(shop)
    return f"{sign}\u00a0" if sign[-1].isalpha() else sign


def _signs_at_home(code: str) -> Iterator[str]:
    for territory, currencies in get_global("territory_currencies").items():
        languages = get_official_languages(territory)[:1] if any(code == used for used, *_ in currencies) else ()
        for language in languages:
            with suppress(UnknownLocaleError):
                yield get_currency_symbol(code, locale=f"{language}_{territory}")


def _is_sign(text: str) -> bool:
    return len(text) == 1 and unicodedata.category(text) == "Sc" and unicodedata.bidirectional(text) == "ET"


def plain(text: str) -> str:
    """Typed text for a place that reads Markdown, so that it shows as it was typed."""
    return _MARKDOWN.sub(r"\\\1", _MADE_OF_TEXT.sub(_INVISIBLE, text))
