from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from kinso.models.money import LARGEST
from kinso.services.insights import bin_edges, month_starts


@given(st.decimals(min_value=0, max_value=10**9, places=2))
def test_bins_have_one_round_width_and_hold_every_amount(usual_maximum):
    edges = bin_edges(usual_maximum)
    widths = {upper - lower for lower, upper in pairwise(edges[:-1])}
    assert edges[0] == 0
    assert len(widths) == 1
    assert edges[-2] > usual_maximum
    assert edges[-1] > LARGEST
    assert 2 <= len(edges) <= 30


def test_months_start_at_midnight_in_the_shops_zone_across_years_and_clock_changes():
    starts = month_starts(datetime(2026, 2, 10, 23, 0, tzinfo=ZoneInfo("Europe/Berlin")), 12)
    assert [start.isoformat() for start in (starts[0], starts[1], starts[-2], starts[-1])] == [
        "2025-03-01T00:00:00+01:00",
        "2025-04-01T00:00:00+02:00",
        "2026-02-01T00:00:00+01:00",
        "2026-03-01T00:00:00+01:00",
    ]
    assert len(starts) == 13


def test_a_round_bin_width_is_chosen_for_usual_amounts():
    assert bin_edges(Decimal("980"))[:3] == [0, 50, 100]
