from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from kinso.models.fields import BY_NAME
from kinso.models.transfer.cells import (
    entry_as_exported,
    read_exported_customer,
    read_exported_entry,
)

ID = "65b0a1f2c3d4e5f6a7b8c9d0"
NEW_YORK = ZoneInfo("America/New_York")
CELLS = st.fixed_dictionaries(dict.fromkeys(BY_NAME, st.text(max_size=20)))
MOMENTS = st.datetimes(timezones=st.just(UTC))


def test_both_hours_of_the_night_when_the_clocks_are_put_back_stay_apart():
    first, second = (datetime(2026, 11, 1, hour, 30, tzinfo=UTC) for hour in (5, 6))
    one, other = (read_exported_entry(entry_as_exported(ID, at, NEW_YORK)).at for at in (first, second))
    assert one.shown == other.shown == datetime(2026, 11, 1, 1, 30)  # noqa: DTZ001
    assert (one.utc, other.utc) == (first, second)
    assert one.offset - other.offset == timedelta(hours=1)


@given(st.text() | st.binary(max_size=80).map(lambda raw: f"c3-{raw.hex()}"))
def test_what_is_not_whole_is_nothing(text):
    assert read_exported_customer(text) is None
    assert read_exported_entry(text) is None


def test_a_changed_character_is_noticed():
    text = entry_as_exported(ID, datetime(2026, 1, 1, tzinfo=UTC), NEW_YORK)
    for place in range(3, len(text)):
        other = "a" if text[place] != "a" else "b"
        assert read_exported_entry(text[:place] + other + text[place + 1 :]) is None


def test_an_export_from_before_notes_and_tags_is_understood_and_saw_them_empty():
    written = {
        "customerId": "C-1001",
        "customerName": "Ada Lovelace",
        "contactInfo": "ada@shop.com",
        "purchaseAmount": "1250.50",
        "membershipStatus": "true",
    }
    seen = read_exported_customer("c1-mwykd4wd2ts7nj5yzhikdtrtgsotxmjllqgvy3635v4vlgrcdjrqaam4cnrutqh7xgyetfhtay")
    assert (seen.id, seen.created.utc) == (ID, datetime(2026, 1, 31, 9, 30, tzinfo=UTC))
    assert all(seen.saw(field, text) and not seen.saw(field, f"{text}1") for field, text in written.items())
    assert all(seen.saw(field, "") and not seen.saw(field, "vip") for field in ("notes", "tags"))


def test_an_export_of_the_form_before_is_understood():
    seen = read_exported_customer(
        "c2-mwykd4wd2ts7nj5yzhiapioogm2j2o5rfnoa2xdp3pwxsvm2einggyi74tyuqg2oxeaadhatmne4b75zwdiojij4"
    )
    assert (seen.id, seen.created.utc) == (ID, datetime(2026, 1, 31, 9, 30, tzinfo=UTC))
    assert seen.saw("customerName", "Ada Lovelace")
    assert seen.saw("tags", "vip")
    assert not seen.saw("tags", "")
