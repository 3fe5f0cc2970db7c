from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kinso.models.csv_cells import (
    escape_formula,
    on_one_line,
    read_amount,
    read_flag,
    read_moment,
    unescape_formula,
)

NASTY = st.text(alphabet=st.sampled_from("'=+-@\t\r\n ＝＋－＠a1;,\"\u00a0é")) | st.text()
LATEST = datetime(2026, 1, 1, tzinfo=UTC)


@given(NASTY)
@example("'=1+1")
@example("''' \t@x")
def test_an_escaped_text_comes_back_as_it_was(text):
    assert unescape_formula(escape_formula(text)) == text


@given(NASTY)
def test_no_escaped_text_starts_like_a_formula(text):
    assert not escape_formula(text).lstrip().startswith(tuple("=+-@＝＋－＠"))


@pytest.mark.parametrize("text", ["Ada", "1+1", "", "'Ada'", "a@shop.com", "O’Connor", "12 Road"])
def test_harmless_text_is_not_escaped(text):
    assert escape_formula(text) == text


@pytest.mark.parametrize("text", ["+880 171 000", "=HYPERLINK()", "  -1", "\t=1", "＝1", "'@x"])
def test_what_could_run_gets_an_apostrophe(text):
    assert escape_formula(text) == f"'{text}"


@pytest.mark.parametrize(
    ("text", "delimiter", "amount"),
    [
        ("1250.5", ",", "1250.50"),
        (" 1,250.50 ", ",", "1250.50"),
        ("1,250", ",", "1250.00"),
        ("1,25,000.50", ",", "125000.50"),
        ("1 250.50", "\t", "1250.50"),
        ("0.125", ",", "0.13"),
        ("19.999999", ",", "20.00"),
        ("1250,5", ";", "1250.50"),
        ("1.250,50", ";", "1250.50"),
        ("1250.50", ";", "1250.50"),
        ("1\u202f250,50", ";", "1250.50"),
        ("0", ",", "0.00"),
        ("১২৫০.৫", ",", "1250.50"),
    ],
)
def test_an_amount_is_read_as_it_was_meant(text, delimiter, amount):
    assert read_amount(text, delimiter) == Decimal(amount)


@pytest.mark.parametrize(
    ("text", "delimiter", "reason"),
    [
        ("1250,5", ",", "write it like 1250.50"),
        ("1.250", ",", "two ways"),
        ("1.250", ";", "two ways"),
        ("1,250", ";", "two ways"),
        ("1,250", "\t", "two ways"),
        ("$5", ",", "without a currency sign"),
        ("1e3", ",", "not a plain number"),
        ("nan", ",", "not a plain number"),
        ("1,25", ",", "not a plain number"),
        ("12 34", ",", "not a plain number"),
        ("", ",", "not a plain number"),
        ("-5", ",", "cannot be negative"),
        ("9999999999999", ",", "too large"),
        ("9" * 400, ",", "too large"),
    ],
)
def test_an_amount_that_is_not_clear_is_refused_with_the_form_that_is(text, delimiter, reason):
    with pytest.raises(ValueError, match=reason):
        read_amount(text, delimiter)


@given(st.decimals(min_value=0, max_value=10**11, places=2), st.sampled_from(",;\t"))
def test_every_amount_as_we_write_it_is_read_back(amount, delimiter):
    assert read_amount(f"{amount:.2f}", delimiter) == amount


@pytest.mark.parametrize("text", ["true", "YES", " 1 ", "Member"])
def test_membership_words_mean_a_member(text):
    assert read_flag(text) is True


@pytest.mark.parametrize("text", ["False", "no", "0", "non-member", "Non member"])
def test_other_membership_words_mean_no_member(text):
    assert read_flag(text) is False


@pytest.mark.parametrize("text", ["maybe", "2", "", "-"])
def test_a_word_that_is_no_membership_is_refused(text):
    with pytest.raises(ValueError, match="true or false"):
        read_flag(text)


def test_the_lines_of_an_address_are_joined_by_commas():
    assert on_one_line(" 12 Lake Road,\r\n\r\n Dhanmondi \nDhaka, ") == "12 Lake Road, Dhanmondi, Dhaka,"
    assert on_one_line("one line, as it is") == "one line, as it is"
    assert on_one_line("\n") == ""


def test_a_date_without_a_zone_is_meant_in_the_shop():
    zone = ZoneInfo("Asia/Dhaka")
    assert read_moment("2025-01-31", zone, LATEST) == datetime(2025, 1, 30, 18, tzinfo=UTC)
    assert read_moment("2025-01-31T09:30Z", zone, LATEST) == datetime(2025, 1, 31, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["31.01.2025", "2025-13-01", "1899-01-01", "2026-01-02", "0001-01-01", "soon"])
def test_an_unclear_or_impossible_date_is_refused(text):
    with pytest.raises(ValueError, match=r"is not|can be read in two ways"):
        read_moment(text, ZoneInfo("Asia/Dhaka"), LATEST)
