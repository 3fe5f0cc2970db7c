from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from kinso.models.money import CENT, LARGEST, Money, UnitPrice, check_amount, read_stored_amount, readable_amount

amounts = st.decimals(min_value=0, max_value=LARGEST, places=2, allow_nan=False)


@given(amounts)
def test_an_amount_survives_the_way_to_the_database_and_back(amount):
    assert read_stored_amount(float(amount)) == amount


@given(st.lists(amounts, max_size=50))
def test_adding_stored_amounts_never_drifts_from_the_sum_of_cents(purchases):
    stored = 0.0
    for purchase in purchases:
        stored = float(min(LARGEST, read_stored_amount(stored) + purchase))
    assert read_stored_amount(stored) == min(LARGEST, sum(purchases, Decimal(0)))


@given(amounts, amounts)
def test_comparing_stored_amounts_is_exact(one, other):
    assert (float(one) >= float(other)) == (one >= other)


@pytest.mark.parametrize(
    ("entered", "kept"),
    [
        (0, "0.00"),
        (-0.0, "0.00"),
        (1.005, "1.01"),
        (2.665, "2.67"),
        (0.1 + 0.2, "0.30"),
        (Decimal("2.675"), "2.68"),
        (7, "7.00"),
    ],
)
def test_an_amount_is_rounded_to_cents_as_on_a_receipt(entered, kept):
    assert str(check_amount(entered)) == kept


def test_the_largest_amount_is_accepted_and_a_cent_more_is_not():
    assert (str(LARGEST), str(CENT)) == ("999999999999.99", "0.01")
    assert check_amount(LARGEST) == LARGEST
    with pytest.raises(ValueError, match=r"the most is 999,999,999,999\.99"):
        check_amount(LARGEST + CENT)


@pytest.mark.parametrize("kind", [Money, UnitPrice])
def test_programs_are_told_the_limits(kind):
    assert TypeAdapter(kind).json_schema() == {"type": "number", "minimum": 0, "maximum": 999_999_999_999.99}


@pytest.mark.parametrize(
    "entered", [True, "12", None, {"$gt": 0}, [1], float("nan"), float("inf"), -0.001, 1e13, Decimal("NaN"), 10**400]
)
def test_what_is_no_acceptable_amount_is_refused(entered):
    with pytest.raises(ValueError):
        check_amount(entered)


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        (None, "0.00"),
        ("12.5", "12.50"),
        ("abc", "0.00"),
        (3, "3.00"),
        (float("nan"), "0.00"),
        (True, "0.00"),
        (1e26, "0.00"),
    ],
)
def test_an_amount_that_an_earlier_application_stored_is_read_leniently(stored, read):
    assert str(read_stored_amount(stored)) == read


def test_nothing_stored_is_known_to_be_0_and_what_is_no_number_is_known_to_be_none():
    assert readable_amount(None) == 0
    assert readable_amount("abc") is None
