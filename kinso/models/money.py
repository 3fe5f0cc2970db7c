"""Amounts of money: `Decimal` with two places in the code, a number in MongoDB and JSON."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

CENT = Decimal("0.01")
LARGEST = Decimal("999999999999.99")
"""Well below 2**53 cents, so that every amount and every realistic sum of amounts is exact as a double of cents."""


def round_to_cents(amount: Decimal) -> Decimal:
    """Two decimals, halves away from zero, as on a receipt; never a negative zero."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP) or Decimal("0.00")


def check_amount(value: Any) -> Decimal:
    """Accept a real number from JSON or Python (not text or a truth value); raises ValueError with a sentence part."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError("must be a number, such as 1250.50")
    amount = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not amount.is_finite():
        raise ValueError("must be a number, such as 1250.50")
    if amount < 0:
        raise ValueError("cannot be negative; enter 0 or more")
    if amount > LARGEST:
        raise ValueError(f"is too large; the most is {LARGEST:,}")
    return round_to_cents(amount)


def read_stored_amount(value: Any) -> Decimal:
    """The amount in a document, however an earlier application stored it; what is not a number reads as 0."""
    amount = readable_amount(value)
    return Decimal("0.00") if amount is None else amount


def readable_amount(value: Any) -> Decimal | None:
    """The same, but None for what is no number or far too large for one; nothing at all is 0."""
    if value is None:
        return Decimal("0.00")
    if isinstance(value, bool):
        return None
    try:
        amount = Decimal(str(value))
        return round_to_cents(amount) if amount.is_finite() else None
    except InvalidOperation:
        return None


Money = Annotated[
    Decimal,
    BeforeValidator(check_amount),
    PlainSerializer(float, return_type=float, when_used="json"),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": float(LARGEST)}),
]

Figure = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")]
"""An amount that was computed: it has no limits, unlike `Money`, which is entered."""
