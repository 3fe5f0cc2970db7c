from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinso.models.transfer.cells import local_moment, written_moment
from kinso.models.transfer.dates import order_that_shows, possible_orders, read_moment

LATEST = datetime(2026, 1, 1, tzinfo=UTC)
DHAKA = ZoneInfo("Asia/Dhaka")
MOMENTS = st.datetimes(datetime(1900, 1, 2), datetime(2025, 12, 30))  # noqa: DTZ001


def test_a_date_without_a_zone_is_meant_in_the_shop():
    assert read_moment("2025-01-31", DHAKA, LATEST) == datetime(2025, 1, 30, 18, tzinfo=UTC)
    assert read_moment("2025-01-31T09:30Z", DHAKA, LATEST) == datetime(2025, 1, 31, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-31",
        "20240131",
        "2024/1/31",
        "2024.01.31",
        "31.01.2024",
        "31/1/24",
        "31-01-2024",
        "01/31/2024",
        "1/31/24",
        "31-Jan-24",
        "31 January 2024",
        "Jan 31, 2024",
        "৩১.০১.২০২৪",
        "31.01.2024 00:00:00",
        "1/31/2024 12:00 AM",
    ],
)
def test_a_day_is_understood_however_it_is_written(text):
    assert read_moment(text, ZoneInfo("UTC"), LATEST) == datetime(2024, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize("text", ["31.01.2024 21:30", "1/31/2024 9:30 PM", "31.1.2024, 21.30", "2024-01-31 21:30:00"])
def test_a_time_may_follow(text):
    assert read_moment(text, ZoneInfo("UTC"), LATEST) == datetime(2024, 1, 31, 21, 30, tzinfo=UTC)


def test_two_digits_are_a_year_of_the_last_hundred():
    assert read_moment("31.12.99", ZoneInfo("UTC"), LATEST).year == 1999


@pytest.mark.parametrize("text", ["03.04.2024", "3/4/24 10:00"])
def test_what_can_be_read_in_two_ways_needs_the_order(text):
    with pytest.raises(ValueError, match="can be read in two ways"):
        read_moment(text, DHAKA, LATEST)
    days = [read_moment(text, ZoneInfo("UTC"), LATEST, order).strftime("%d.%m.") for order in ("dmy", "mdy")]
    assert days == ["03.04.", "04.03."]


def test_the_order_that_was_told_holds_for_every_date():
    with pytest.raises(ValueError, match="is not a date"):
        read_moment("31.01.2024", DHAKA, LATEST, "mdy")


@pytest.mark.parametrize(
    ("text", "orders"),
    [
        ("03.04.2024", {"dmy", "mdy"}),
        ("31.04.2024", {"dmy"}),
        ("4/31/2024", {"mdy"}),
        ("05/05/2024", set()),
        ("2024-04-03", set()),
        ("31/31/2024", set()),
    ],
)
def test_which_orders_a_date_allows(text, orders):
    assert possible_orders(text) == orders


@pytest.mark.parametrize(
    "text", ["32.01.2025", "31.02.2025", "2025-13-01", "1899-01-01", "2026-01-02", "0001-01-01", "soon", "9:30"]
)
def test_an_impossible_date_is_refused(text):
    with pytest.raises(ValueError, match="is not"):
        read_moment(text, DHAKA, LATEST)


@given(MOMENTS, st.sampled_from(["Asia/Dhaka", "America/New_York", "UTC", "Asia/Kathmandu", "Australia/Lord_Howe"]))
def test_what_a_spreadsheet_shows_of_an_exported_moment_is_recognised(moment, zone):
    moment = moment.replace(tzinfo=UTC)
    shown = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None, microsecond=0)
    assert order_that_shows(local_moment(moment, ZoneInfo(zone)), shown) == "any"
    for form, order in (("%d.%m.%Y %H:%M", "dmy"), ("%m/%d/%Y %H:%M", "mdy"), ("%m/%d/%y", "mdy")):
        assert order_that_shows(shown.strftime(form), shown) in (order, "any", None if form.endswith("%y") else order)


@given(MOMENTS)
def test_the_raw_form_is_exact(moment):
    moment = moment.replace(tzinfo=UTC, microsecond=moment.microsecond // 1000 * 1000)
    assert read_moment(written_moment(moment), DHAKA, LATEST) == moment
