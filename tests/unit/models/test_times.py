"""A date or time without a zone is the shop's, also where the clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinso.models.times import moment_of, offsets_between, past_moment_of, read_written
from kinso.models.transfer.dates import read_moment

NEW_YORK = ZoneInfo("America/New_York")
LATEST = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2025-11-01", "2025-11-01T04:00:00Z"),
        ("20251101", "2025-11-01T04:00:00Z"),
        ("2025-11-01T10:30", "2025-11-01T14:30:00Z"),
        ("2025-11-01 10:30:15.123999", "2025-11-01T14:30:15.123Z"),
        ("2025-11-01T10:30Z", "2025-11-01T10:30:00Z"),
        ("2025-11-01T10:30+06:00", "2025-11-01T04:30:00Z"),
        ("2025-03-09T02:30", "2025-03-09T07:30:00Z"),
        ("2025-11-02T01:30", "2025-11-02T05:30:00Z"),
        ("2025-11-02T01:30-05:00", "2025-11-02T06:30:00Z"),
    ],
)
def test_what_is_written_means_one_moment_whoever_reads_it(written, meant):
    moment = datetime.fromisoformat(meant)
    assert moment_of(read_written(written), NEW_YORK) == moment
    assert read_moment(written, NEW_YORK, LATEST) == moment


@given(
    st.dates(date(1990, 1, 1), date(2025, 12, 1)),
    st.sampled_from(sorted(available_timezones() - {"Factory"})).map(ZoneInfo),
)
def test_a_date_alone_is_the_first_moment_of_that_day(day, zone):
    moment = moment_of(read_written(day.isoformat()), zone)
    skipped = moment.astimezone(zone).date() != day
    assert skipped or (moment - timedelta(milliseconds=1)).astimezone(zone).date() != day


@pytest.mark.parametrize("written", ["soon", "31/01/2025", "10:30", "", "2025-13-01"])
def test_what_is_no_date_is_refused(written):
    with pytest.raises(ValueError, match="is not a date"):
        read_written(written)


@pytest.mark.parametrize("value", [5, True, {}])
def test_what_is_no_text_is_refused(value):
    with pytest.raises(ValueError, match="must be a date in ISO 8601"):
        read_written(value)


@pytest.mark.parametrize("written", ["1899-12-31", "2999-01-01", "0001-01-01T00:00", "9999-12-31T23:59-12:00"])
def test_what_has_not_happened_or_very_long_ago_is_refused(written):
    with pytest.raises(ValueError, match="is not between the year 1900 and now"):
        past_moment_of(read_written(written), NEW_YORK)


def test_a_till_may_be_a_day_ahead():
    past_moment_of(datetime.now(UTC) + timedelta(hours=23), NEW_YORK)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Dhaka"])
def test_the_clocks_show_what_is_told_of_every_moment_of_two_years(zone):
    start = datetime(2025, 3, 1, tzinfo=ZoneInfo(zone))
    end = start.replace(year=2027)
    told = offsets_between(start, end)
    assert (told[0][0], len(told)) == (start.astimezone(UTC), 1 if zone == "Asia/Dhaka" else 5)
    moment = start.astimezone(UTC)
    while moment < end:
        offset = next(offset for begin, offset in reversed(told) if moment >= begin)
        assert moment.astimezone(start.tzinfo).utcoffset() == timedelta(seconds=offset)
        moment += timedelta(minutes=30)
