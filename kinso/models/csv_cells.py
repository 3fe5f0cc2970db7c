"""How a customer's values are written in the cells of a CSV file, and how typed cells are understood.

What cannot be understood raises ValueError with a sentence part that follows the field's name.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from kinso.models.customer import Customer
from kinso.models.moments import parse_written, past_moment_of
from kinso.models.money import check_amount

COLUMNS = (
    "customerId",
    "customerName",
    "contactInfo",
    "purchaseAmount",
    "membershipStatus",
    "createdAt",
    "updatedAt",
)
"""Of an export, in its order."""
TEXT_COLUMNS = frozenset({"customerId", "customerName", "contactInfo"})

_FORMULA = re.compile(r"'*\s*[=+\-@\t\r\n＝＋－＠]")
"""What a spreadsheet might run as a formula, and what looks like its escaped form."""
_ESCAPED_FORMULA = re.compile(r"'+\s*[=+\-@\t\r\n＝＋－＠]")

_SPACES_IN_NUMBER = re.compile(r"(?<=\d)[ \u00a0\u202f](?=\d{3}(?!\d))")
_POINT_AMOUNT = re.compile(r"-?(\d+|[1-9]\d{0,2}(,\d{3})+|[1-9]\d?(,\d{2})*,\d{3})(\.\d+)?")
"""1250.5, 1,250.50 and, as in South Asia, 1,25,000.50."""
_COMMA_AMOUNT = re.compile(r"-?(\d+|[1-9]\d{0,2}(\.\d{3})+)(,\d+)?")
_THOUSANDS_OR_THREE_DECIMALS = re.compile(r"-?[1-9]\d{0,2}[.,]\d{3}")
_NOT_AN_AMOUNT = "“{}” is not a plain number; write it like 1250.50, without a currency sign"
_TWO_READINGS = "“{}” can be read in two ways; write it like 1250.50"

_DAY_OR_MONTH_FIRST = re.compile(r"(?P<first>\d{1,2})([./-])(?P<second>\d{1,2})\2\d{2,4}(\s.*)?")
_MONTHS = 12

_FLAGS = {
    **dict.fromkeys(("true", "yes", "1", "member"), True),
    **dict.fromkeys(("false", "no", "0", "nonmember"), False),
}


def escape_formula(text: str) -> str:
    """The text as a spreadsheet shows it instead of running it; every text has an escaped form of its own."""
    return f"'{text}" if _FORMULA.match(text) else text


def unescape_formula(text: str) -> str:
    """The text that `escape_formula` was given."""
    return text[1:] if _ESCAPED_FORMULA.match(text) else text


def written_cells(customer: Customer) -> dict[str, str]:
    """The cells of one customer by column, unescaped: amounts with two decimals, dates in ISO 8601 and UTC."""
    return {
        "customerId": customer.customer_id,
        "customerName": customer.customer_name,
        "contactInfo": customer.contact_info,
        "purchaseAmount": f"{customer.purchase_amount:.2f}",
        "membershipStatus": "true" if customer.membership_status else "false",
        "createdAt": written_moment(customer.created_at),
        "updatedAt": written_moment(customer.updated_at),
    }


def on_one_line(text: str) -> str:
    """The lines of a typed address, joined by commas."""
    lines = [line.strip() for line in text.splitlines()]
    *others, last = [line for line in lines if line] or [""]
    return ", ".join([*(line.rstrip(", ") for line in others), last])


def read_amount(text: str, delimiter: str) -> Decimal:
    """An amount as people write it.

    A decimal comma is understood only in a file whose columns are separated by semicolons, because only there it can
    be meant. What could be thousands as well as three decimals is refused, but for 1,250 between quotes in a file
    separated by commas.
    """
    return check_amount(read_number(text, delimiter))


def read_number(text: str, delimiter: str) -> Decimal:
    """A number as `read_amount` reads it, which may be negative."""
    number = _SPACES_IN_NUMBER.sub("", text.strip())
    if _THOUSANDS_OR_THREE_DECIMALS.fullmatch(number) and not ("," in number and delimiter == ","):
        raise ValueError(_TWO_READINGS.format(shortened(text)))
    if _POINT_AMOUNT.fullmatch(number):
        plain = number.replace(",", "")
    elif delimiter == ";" and _COMMA_AMOUNT.fullmatch(number):
        plain = number.replace(".", "").replace(",", ".")
    else:
        raise ValueError(_NOT_AN_AMOUNT.format(shortened(text)))
    return Decimal(plain)


def read_flag(text: str) -> bool:
    """Membership as people write it, in any letter case."""
    word = "".join(character for character in text.casefold() if character.isalnum())
    if word not in _FLAGS:
        raise ValueError(f"“{shortened(text)}” is not understood; write true or false, yes or no, 1 or 0")
    return _FLAGS[word]


def read_moment(text: str, zone: ZoneInfo, latest: datetime) -> datetime:
    """A past moment in ISO 8601; a date alone is its beginning, and what names no zone is meant in `zone`."""
    written = _DAY_OR_MONTH_FIRST.fullmatch(text.strip())
    if written and max(int(written["first"]), int(written["second"])) <= _MONTHS:
        raise ValueError(f"“{shortened(text)}” can be read in two ways; write it like 2025-01-31")
    try:
        moment = parse_written(text.strip())
    except ValueError as error:
        raise ValueError(f"“{shortened(text)}” is not a date; write it like 2025-01-31 or 2025-01-31T09:30Z") from error
    try:
        return past_moment_of(moment, zone, latest=latest)
    except ValueError as error:
        raise ValueError(f"“{shortened(text)}” {error}; correct the date") from error


def written_moment(moment: datetime) -> str:
    """In ISO 8601 and UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def shortened(text: str) -> str:
    """Short enough for a sentence, and on one line."""
    words = " ".join(text.split())
    return words if len(words) <= 40 else f"{words[:39]}…"
