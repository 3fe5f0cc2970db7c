"""Dates and times in the cells of files, as people and spreadsheets write them.

What cannot be understood raises ValueError with a sentence part that follows the field's name.
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from kinso.models.times import parse_written, past_moment_of
from kinso.models.transfer.cells import ascii_digits, shortened

DateOrder = Literal["dmy", "mdy"]
"""Whether the day or the month comes first in 03.04.2024."""
DATE_ORDERS: tuple[DateOrder, ...] = get_args(DateOrder)

_MONTHS = 12
_TIME = (
    r"(?:,?[\sT]+(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:\.\d+)?)?"
    r"\s*(?P<half>[ap]\.?m\.?)?)?"
)
_TWO_ORDERS = re.compile(
    r"(?P<one>\d{1,2})\s?(?P<mark>[./-])\s?(?P<two>\d{1,2})\s?(?P=mark)\s?(?P<year>\d{4}|\d{2})" + _TIME, re.IGNORECASE
)
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAME = rf"(?P<name>{'|'.join(_MONTH_NAMES)})[a-z]*\.?"
_ONE_ORDER = tuple(
    re.compile(pattern + _TIME, re.IGNORECASE)
    for pattern in (
        r"(?P<year>\d{4})(?P<mark>[./-])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})",
        r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?[\s/-]*" + _NAME + r"[\s,/-]*(?P<year>\d{4}|\d{2})",
        _NAME + r"[\s/-]*(?P<day>\d{1,2})(?:st|nd|rd|th)?[\s,/-]+(?P<year>\d{4}|\d{2})",
    )
)
_TWO_READINGS = "“{}” can be read in two ways; write it like 2025-01-31, or say whether day or month comes first"
_NO_DATE = "“{}” is not a date; write it like 2025-01-31 or 2025-01-31T09:30Z"


def read_moment(text: str, zone: ZoneInfo, latest: datetime, order: DateOrder | None = None) -> datetime:
    """A past moment; a date alone is its midnight, and what names no zone is meant in `zone`.

    Where the day or the month may come first and the numbers do not tell, `order` has to.
    """
    written = _parsed(text, order, latest)
    try:
        return past_moment_of(written, zone, latest=latest)
    except ValueError as error:
        raise ValueError(f"“{shortened(text)}” {error}; correct the date") from error


def possible_orders(text: str) -> frozenset[DateOrder]:
    """In which orders of day and month this is a date; none when the order makes no difference, or it is no date."""
    found = _TWO_ORDERS.fullmatch(_plain(text))
    if not found or int(found["one"]) == int(found["two"]):
        return frozenset()
    months: dict[DateOrder, int] = {"dmy": int(found["two"]), "mdy": int(found["one"])}
    return frozenset(order for order, month in months.items() if 1 <= month <= _MONTHS)


def order_that_shows(text: str, shown: datetime) -> DateOrder | Literal["any"] | None:
    """In which order of day and month the cell tells the date and time `shown` (of no zone); None when it does not.

    A spreadsheet may have left out the seconds, or the whole time.
    """
    less = {shown, shown.replace(second=0), datetime.combine(shown.date(), time())}
    for order in (None, *DATE_ORDERS):
        try:
            moment = _parsed(text, order, shown + timedelta(days=1))
        except (ValueError, OverflowError):
            continue
        if moment.tzinfo is None and moment in less:
            return order or "any"
    return None


def _plain(text: str) -> str:
    return " ".join(ascii_digits(unicodedata.normalize("NFKC", text)).split())


def _parsed(text: str, order: DateOrder | None, latest: datetime) -> datetime:
    plain = _plain(text)
    with suppress(ValueError):
        return parse_written(plain)
    try:
        for pattern in _ONE_ORDER:
            if found := pattern.fullmatch(plain):
                parts = found.groupdict()
                month = _month_named(parts["name"]) if parts.get("name") else int(parts["month"])
                return _combined(found, _year(parts["year"], latest), month, int(parts["day"]))
        if found := _TWO_ORDERS.fullmatch(plain):
            day, month = _day_and_month(text, found, order)
            return _combined(found, _year(found["year"], latest), month, day)
    except _Ambiguous:
        raise
    except ValueError as error:
        raise ValueError(_NO_DATE.format(shortened(text))) from error
    raise ValueError(_NO_DATE.format(shortened(text)))


class _Ambiguous(ValueError):
    pass


def _day_and_month(text: str, found: re.Match[str], order: DateOrder | None) -> tuple[int, int]:
    one, two = int(found["one"]), int(found["two"])
    if order is None:
        orders = possible_orders(text)
        if len(orders) > 1:
            raise _Ambiguous(_TWO_READINGS.format(shortened(text)))
        order = next(iter(orders), "dmy")
    return (one, two) if order == "dmy" else (two, one)


def _month_named(name: str) -> int:
    return _MONTH_NAMES.index(name.lower()) + 1


def _year(digits: str, latest: datetime) -> int:
    """The year; of two digits, that of the hundred years up to now."""
    year = int(digits)
    century = latest.year // 100 * 100
    if len(digits) > 2:
        return year
    return century + year if year <= latest.year % 100 else century - 100 + year


def _combined(found: re.Match[str], year: int, month: int, day: int) -> datetime:
    return datetime.combine(date(year, month, day), _time(found))


def _time(found: re.Match[str]) -> time:
    if not found["hour"]:
        return time()
    hour, half = int(found["hour"]), (found["half"] or "").lower()[:1]
    if half:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + (12 if half == "p" else 0)
    return time(hour, int(found["minute"]), int(found["second"] or 0))
