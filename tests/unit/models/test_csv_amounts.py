from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinso.models.transfer.amounts import read_amount, read_number


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
        ("1250,5", ",", "1250.50"),
        ("12,50", ",", "12.50"),
        ("1.250,50", ";", "1250.50"),
        ("1250.50", ";", "1250.50"),
        ("1\u202f250,50", ";", "1250.50"),
        ("1'250.50", ",", "1250.50"),
        ("1.234.567", ",", "1234567.00"),
        ("0", ",", "0.00"),
        ("১২৫০.৫", ",", "1250.50"),
        ("١٬٢٥٠٫٥٠", ",", "1250.50"),
    ],
)
def test_an_amount_is_read_as_it_was_meant(text, delimiter, amount):
    assert read_amount(text, delimiter) == Decimal(amount)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("$1,234.50", "1234.50"),
        ("৳1250", "1250"),
        ("৳ ১,২৫০.৫০", "1250.50"),
        ("1.234,50 €", "1234.50"),
        ("€ 12,50", "12.50"),
        ("USD 12.50", "12.50"),
        ("12.50 BDT", "12.50"),
        ("Tk 1250", "1250"),
        ("Tk. 1,250.00/-", "1250"),
        ("Rs.1,250.50", "1250.50"),
        ("₹1,25,000", "125000"),
        ("1250 টাকা", "1250"),
        ("CHF 1'234.50", "1234.50"),
        ("1 250,00 kr.", "1250"),
        ("R$ 1.234,50", "1234.50"),
        ("US$5", "5"),
        ("12,-", "12"),
        ("£0.99", "0.99"),
    ],
)
@pytest.mark.parametrize("delimiter", list(",;\t"))
def test_the_sign_of_a_currency_is_left_out(text, amount, delimiter):
    assert read_amount(text, delimiter) == Decimal(amount)


@pytest.mark.parametrize("text", ["-5", "−5", "-$5", "$-5", "$ -5.00", "($5.00)", "(5)", "5-", "-5 €"])
def test_less_than_nothing_is_written_in_many_ways(text):
    assert read_number(text, ",") == -5


@pytest.mark.parametrize(
    ("text", "delimiter", "reason"),
    [
        ("1.250", ",", "two ways"),
        ("1.250", ";", "two ways"),
        ("1,250", ";", "two ways"),
        ("1,250", "\t", "two ways"),
        ("$1.250", ",", "two ways"),
        ("5 pcs", ",", "not a plain number"),
        ("12 kg", ",", "not a plain number"),
        ("ca 50", ",", "not a plain number"),
        ("$", ",", "not a plain number"),
        (".5", ",", "not a plain number"),
        ("$.50", ",", "not a plain number"),
        ("1e3", ",", "not a plain number"),
        ("nan", ",", "not a plain number"),
        ("12 34", ",", "not a plain number"),
        ("1.2.3", ",", "not a plain number"),
        ("1-2", ",", "not a plain number"),
        ("--5", ",", "not a plain number"),
        ("", ",", "write it like 1250.50"),
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


@given(st.text())
def test_no_text_makes_it_stumble(text):
    try:
        read_number(text, ",")
    except ValueError:
        return
    assert any(character.isdecimal() for character in text)


@given(st.from_regex(r"[0-9]{1,14}(\.[0-9]{1,3})?", fullmatch=True))
def test_spaces_around_a_number_change_nothing(number):
    def read(text):
        try:
            return read_number(text, ",")
        except ValueError as error:
            return str(error).replace(" ", "")

    assert read(number) == read(f" {number} ")
