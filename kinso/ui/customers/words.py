"""Customers and their fields in words.

Names and lists are for places that read Markdown; values are for plain text, because Markdown would make links of
e-mail addresses.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from kinso.models.customers import Customer
from kinso.models.fields import BY_NAME
from kinso.models.money import check_amount
from kinso.models.shop import ShopSettings
from kinso.ui.wording import counted, day, membership, money, plain

_MOST_NAMED = 10
_START, _END = "\u2068", "\u2069"
_RIGHT_TO_LEFT = frozenset({"R", "AL"})


def named(customer: Customer) -> str:
    """Name and ID."""
    return f"{isolated(customer.customer_name)} ({isolated(customer.customer_id)})"


def isolated(text: str) -> str:
    """Typed text within a sentence."""
    return kept_apart(plain(text))


def kept_apart(text: str) -> str:
    """A right-to-left text isolated, so that it does not reorder the sentence around it; any other as it is.

    Whoever copies it from the page copies the isolation as well, so it is only there where it is needed.
    """
    needs_it = any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in text)
    return f"{_START}{text}{_END}" if needs_it else text


def listed(customers: Sequence[Customer]) -> str:
    """Some customers as a list; of many, the first ones and how many more there are."""
    lines = [f"- {named(customer)}" for customer in customers[:_MOST_NAMED]]
    if len(customers) > _MOST_NAMED:
        lines.append(f"- and {counted(len(customers) - _MOST_NAMED, 'more customer')}")
    return "\n".join(lines)


def value_in_words(name: str, value: Any, shop: ShopSettings) -> str:
    """A stored or typed value of a field, as plain text."""
    field = BY_NAME.get(name)
    match field.type.key if field else "text", value:
        case _, None | "" | () | []:
            return "(empty)"
        case "yes/no", bool():
            return membership(value) if name == "membershipStatus" else "Yes" if value else "No"
        case "amount", _:
            return _amount(value, shop)
        case "date", date():
            return day(value)
        case "tags", list() | tuple():
            return ", ".join(map(str, value))
        case "number", Decimal():
            return f"{value.normalize():,f}"
        case _:
            return str(value)


def _amount(value: Any, shop: ShopSettings) -> str:
    try:
        return money(check_amount(value), shop)
    except ValueError:
        return str(Decimal(repr(value))) if isinstance(value, float) else str(value)
