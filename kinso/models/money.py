"""Amounts of money and prices: `Decimal` in the code, an amount with two places; a number in MongoDB and JSON."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

CENT = Decimal("0.01")
MOST_DECIMALS = 10
"""Of a unit price; what is paid has two."""
LARGEST = Decimal("999999999999.99")
"""Well below 2**53 cents, so that every amount and every realistic sum of amounts is exact as a double of cents."""


_WITHOUT_NOISE = Context(prec=15, rounding=ROUND_HALF_UP)
"""So many digits every double carries exactly."""


def round_to_cents(amount: Decimal) -> Decimal:
    """Two decimals, halves away from zero, as on a receipt; never a negative zero."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP) or Decimal("0.00")


def check_amount(value: Any) -> Decimal:
    """Accept a real number from JSON or Python (not text or a truth value); raises ValueError with a sentence part."""
    return round_to_cents(_check_range(_number(value)))


def check_unit_price(value: Any) -> Decimal:
    """Accept a price as exactly as it is given, with its decimals; raises ValueError with a sentence part."""
    return exactly(_check_range(_number(value)), MOST_DECIMALS)


def exactly(number: Decimal, decimals: int) -> Decimal:
    """The number as it is; raises ValueError with a sentence part when a double, or that many decimals, do not hold it.

    What computing leaves behind in the last digits of a double, as in 0.1 + 0.2, is nothing that anybody meant.
    """
    exact = number if _decimals(number) <= decimals else _WITHOUT_NOISE.plus(number)
    if _decimals(exact) > decimals:
        raise ValueError(f"has more than {decimals} decimals; round it to as many")
    if Decimal(repr(float(exact))) != exact:
        raise ValueError("has more digits than a number can carry; round it")
    return exact


def _decimals(number: Decimal) -> int:
    return -int(number.normalize().as_tuple().exponent)


def written_price(price: Decimal) -> str:
    """With all of its decimals and two at least: `1.459`, `13.9563`, `4.00`."""
    return f"{price:,.2f}" if price == round_to_cents(price) else f"{price.normalize():,f}"


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError("must be a number, such as 1250.50")
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite():
        raise ValueError("must be a number, such as 1250.50")
    return number


def _check_range(amount: Decimal) -> Decimal:
    if amount < 0:
        raise ValueError("cannot be negative; enter 0 or more")
    if amount > LARGEST:
        raise ValueError(f"is too large; the most is {LARGEST:,}")
    return amount


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

UnitPrice = Annotated[
    Decimal,
    BeforeValidator(check_unit_price),
    PlainSerializer(float, return_type=float, when_used="json"),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": float(LARGEST)}),
]

Figure = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")]
"""An amount that was computed: it has no limits, unlike `Money`, which is entered."""
