"""How values are written in the cells of a CSV file."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from kinso.models.customer import Customer

COLUMNS = (
    "customerId",
    "customerName",
    "contactInfo",
    "purchaseAmount",
    "membershipStatus",
    "createdAt",
    "updatedAt",
    "version",
    "asExported",
)
"""Of an export, in its order."""
TEXT_COLUMNS = frozenset({"customerId", "customerName", "contactInfo"})

_FORMULA = re.compile(r"'*\s*[=+\-@\t\r\n＝＋－＠]")
"""What a spreadsheet might run as a formula, and what looks like its escaped form."""
_ESCAPED_FORMULA = re.compile(r"'+\s*[=+\-@\t\r\n＝＋－＠]")


def escape_formula(text: str) -> str:
    """The text as a spreadsheet shows it instead of running it; every text has an escaped form of its own."""
    return f"'{text}" if _FORMULA.match(text) else text


def unescape_formula(text: str) -> str:
    """The text that `escape_formula` was given."""
    return text[1:] if _ESCAPED_FORMULA.match(text) else text


def written_cells(customer: Customer) -> dict[str, str]:
    """What people enter about one customer, by column, unescaped: amounts with two decimals."""
    return {
        "customerId": customer.customer_id,
        "customerName": customer.customer_name,
        "contactInfo": customer.contact_info,
        "purchaseAmount": written_value(customer.purchase_amount),
        "membershipStatus": written_value(customer.membership_status),
    }


def written_value(value: Any) -> str:
    """A value of a customer as its cell: an amount with two decimals, a truth value as a word."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.2f}" if isinstance(value, Decimal) else str(value)


def on_one_line(text: str) -> str:
    """The lines of a typed address, joined by commas."""
    lines = [line.strip() for line in text.splitlines()]
    *others, last = [line for line in lines if line] or [""]
    return ", ".join([*(line.rstrip(", ") for line in others), last])


def written_moment(moment: datetime) -> str:
    """In ISO 8601 and UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def local_moment(moment: datetime, zone: ZoneInfo) -> str:
    """As spreadsheets take it for a date: `2026-11-01 00:30:00`, by the clock in `zone`."""
    try:
        shown = moment.astimezone(zone)
    except OverflowError:
        # Another application may have stored the first or the last day there is.
        shown = moment
    return shown.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")


def ascii_digits(text: str) -> str:
    """The text with the digits 0 to 9 for those of other scripts."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(each)) if each.isdecimal() else each for each in text)


def shortened(text: str) -> str:
    """Short enough for a sentence, and on one line."""
    words = " ".join(text.split())
    return words if len(words) <= 40 else f"{words[:39]}…"
