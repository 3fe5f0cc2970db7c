"""A price stays as it was given, and each line of a receipt is rounded once, halves up."""

import json
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from kinso.models.money import check_unit_price, written_price
from kinso.models.purchases import (
    ItemName,
    LedgerEntry,
    Note,
    PurchaseItem,
    Quantity,
    RefundAmount,
    SaleId,
    items_in_words,
)

prices = st.decimals(0, 99_999, places=6, allow_nan=False) | st.decimals(0, 9, places=10, allow_nan=False)
quantities = st.decimals(Decimal("0.001"), 1_000_000, places=3, allow_nan=False)


@given(quantities, prices)
def test_a_line_is_the_exact_product_rounded_once_with_halves_up(quantity, price):
    exact_cents = Fraction(quantity) * Fraction(price) * 100
    rounded = (exact_cents + Fraction(1, 2)).__floor__()
    assert PurchaseItem(name="Tea", quantity=quantity, unit_price=price).total == Decimal(rounded) / 100


@given(prices)
def test_a_price_survives_json_and_the_database(price):
    item = PurchaseItem(name="Tea", unit_price=price)
    assert Decimal(repr(json.loads(json.dumps(float(price))))) == price
    assert PurchaseItem.model_validate(json.loads(item.model_dump_json())) == item
    assert check_unit_price(float(price)) == price
    assert Decimal(written_price(price).replace(",", "")) == price


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (0.1 + 0.2, "0.3"),
        (0.7 + 0.1, "0.8"),
        (1.459, "1.459"),
        (1e-7, "1E-7"),
        (123456789012.1234, "123456789012.1234"),
        (123456.1234567891, "123456.1234567891"),
        (7, "7"),
    ],
)
def test_only_the_noise_of_computing_is_dropped(given, kept):
    assert check_unit_price(given) == Decimal(kept)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (10 / 3, "has more than 10 decimals"),
        (Decimal("123456789012.123456"), "has more digits than a number can carry"),
        (-0.01, "cannot be negative"),
        (1e13, "is too large"),
        (float("nan"), "must be a number"),
        (True, "must be a number"),
        ("1.5", "must be a number"),
    ],
)
def test_what_cannot_be_kept_is_refused(given, said):
    with pytest.raises(ValueError, match=said):
        check_unit_price(given)


@pytest.mark.parametrize(
    ("price", "written"), [(4, "4.00"), (1.5, "1.50"), (1.459, "1.459"), (0.0000001, "0.0000001"), (1234.5, "1,234.50")]
)
def test_a_price_is_written_with_all_its_decimals(price, written):
    item = PurchaseItem(name="Tea", quantity=0.5, unit_price=price)
    assert items_in_words(LedgerEntry.model_construct(items=[item])) == f"0.5 × Tea at {written}"


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (Quantity, {"type": "number", "minimum": 0.001, "maximum": 1_000_000}),
        (RefundAmount, {"type": "number", "minimum": 0.01, "maximum": 999_999_999_999.99}),
    ],
)
def test_programs_are_told_the_limits(kind, told):
    assert TypeAdapter(kind).json_schema() == told


@pytest.mark.parametrize(("kind", "most"), [(SaleId, 64), (ItemName, 200), (Note, 500)])
def test_texts_are_as_long_as_programs_are_told(kind, most):
    accepted = TypeAdapter(kind)
    assert accepted.json_schema() == {"type": "string", "minLength": 1, "maxLength": most}
    for text in ("x", "x" * most):
        assert accepted.validate_python(text) == text
    for text in ("", "x" * (most + 1)):
        with pytest.raises(ValueError):
            accepted.validate_python(text)


def test_a_line_without_a_quantity_is_one_thing_and_says_so_to_programs():
    told = PurchaseItem.model_json_schema()["properties"]["quantity"]["default"]
    assert told == PurchaseItem(name="Tea", unit_price=1).quantity == 1
