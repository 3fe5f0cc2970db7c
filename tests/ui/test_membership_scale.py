"""The slider's range and steps."""

from decimal import Decimal

import pytest

from kinso.ui.membership.activation import scale_up_to


@pytest.mark.parametrize(
    ("top", "scale"),
    [
        ("1000", (1000.0, 5.0)),
        ("3000", (3000.0, 10.0)),
        ("999.99", (1000.0, 1.0)),
        ("600", (600.0, 1.0)),
        ("90000", (90000.0, 100.0)),
        ("1", (1.0, 0.01)),
        ("0.01", (0.01, 0.01)),
        ("0", (0.01, 0.01)),
        ("999999999999.99", (1e12, 1e9)),
    ],
)
def test_steps_are_round_and_reach_the_top(top, scale):
    found = scale_up_to(Decimal(top))

    assert (float(found.top), float(found.step)) == scale


@pytest.mark.parametrize("top", ["0.5", "7", "123.45", "98765.43"])
def test_there_are_enough_steps_to_choose_from_and_not_too_many(top):
    found = scale_up_to(Decimal(top))

    assert found.top >= float(top)
    assert 1 <= found.top / found.step <= 1000


@pytest.mark.parametrize(("top", "scale"), [("1", (1, 1)), ("10", (10, 1)), ("350", (350, 1)), ("3000", (3000, 10))])
def test_steps_of_what_is_counted_are_whole(top, scale):
    found = scale_up_to(Decimal(top), Decimal(1))

    assert (found.top, found.step) == scale
