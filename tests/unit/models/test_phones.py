"""Telephone numbers in free text."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat

from kinso.models.phones import emails_in, numbers_in
from tests.support.phones import FORMATS, valid_numbers


def keys(text, country=""):
    return [number.key for number in numbers_in(text, country)]


@given(valid_numbers(), st.sampled_from(FORMATS))
def test_every_notation_of_a_number_has_one_key(valid, notation):
    region, number = valid
    written = phonenumbers.format_number(number, notation)
    assert keys(written, region) == [phonenumbers.format_number(number, PhoneNumberFormat.E164)]


@pytest.mark.parametrize(
    "text",
    [
        "01711-234567",
        "+8801711234567",
        "+880 1711 234567",
        "০১৭১১-২৩৪৫৬৭",
        "٠١٧١١٢٣٤٥٦٧",
        "０１７１１−２３４５６７",
        "00880 1711 234567",
        "880 1711 234567",
        "(01711) 234567",
        "01711.234.567",
        "01711·234·567",
        "01711•234567",
        "[01711] 234567",
        "０１７１１ー２３４ー５６７",
        "tel:+880-1711-234567",
        "\u202a+880 1711‑234567\u202c",
        "Sadia, 01711-234567, House 12, Dhaka 1209",
        "sadia@example.com / 01711 234567",
        "House 12, Dhaka 1209 01711-234567",
    ],
)
def test_a_number_of_the_shops_country_is_understood_however_it_is_written(text):
    assert keys(text, "BD") == ["+8801711234567"]


@pytest.mark.parametrize(
    ("one", "other", "country"),
    [
        ("+44 20 7946 0958", "020 7946 0958", "GB"),
        ("+44 (0)20 7946 0958", "tel:+442079460958", ""),
        ("+46 70 174 06 79", "0701740679", "SE"),
        ("020 7946 0958 ext 12", "+44 20 7946 0958 x12", "GB"),
        ("(+44) 20 7946 0958", "0044 20 7946 0958", "SE"),
    ],
)
def test_two_notations_of_a_number_have_one_key(one, other, country):
    assert keys(one, country) == keys(other, country)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+880 1711 234567", "+44 1711 234567"),
        ("020 7946 0958", "020 7946 0958 ext 12"),
        ("020 7946 0958 ext 1", "020 7946 0958 ext 12"),
        ("01711 234567", "+880 1711 234567"),
    ],
)
def test_other_countries_and_extensions_are_other_numbers(one, other):
    assert set(keys(one, "GB")).isdisjoint(keys(other, "GB"))


def test_several_numbers_are_found_in_one_text():
    text = "01711-234567 / 01811-234567, office +44 20 7946 0958 ext. 3 (House 12)"
    assert keys(text, "BD") == ["+8801711234567", "+8801811234567", "+442079460958;3"]
    assert keys("01711-234567 / 01811-234567") == ["?01711234567", "?01811234567"]


@pytest.mark.parametrize(
    "text",
    ["House 12, Road 5, Dhaka 1209", "Born 1990-05-12", "31/12/1999", "ann01711234567@example.com", "IL 62704", ""],
)
def test_what_is_no_telephone_number_is_none(text):
    assert keys(text, "BD") == []


def test_a_number_without_a_country_may_be_one_of_another_country():
    [foreign], [unknown] = numbers_in("+880 1711 234567", ""), numbers_in("01711-234567", "")
    assert set(foreign.looked_up_keys) & set(unknown.stored_keys(""))
    assert set(unknown.looked_up_keys) & set(foreign.stored_keys(""))


@pytest.mark.parametrize("country", ["US", "GB", "BD", ""])
@pytest.mark.parametrize(
    "typed", ["+44 7700 900123", "0044 (0)7700 900123", "0044 7700 900123", "01144 7700 900123", "07700 900123"]
)
@pytest.mark.parametrize("stored", ["+44 7700 900123", "0044 7700 900123", "01144 7700 900123", "07700 900123"])
def test_a_number_of_abroad_is_found_as_it_is_dialled_from_anywhere(stored, typed, country):
    [kept], [wanted] = numbers_in(stored, country), numbers_in(typed, country)
    assert set(wanted.looked_up_keys) & set(kept.stored_keys(country))


def test_a_zero_before_a_number_of_no_known_country_may_be_left_out():
    [with_it], [without] = numbers_in("07700 900123", ""), numbers_in("7700 900123", "")
    assert set(with_it.looked_up_keys) & set(without.stored_keys(""))
    assert set(without.looked_up_keys) & set(with_it.stored_keys(""))


def test_e_mail_addresses_are_found_in_any_letter_case():
    assert emails_in("Ann@Example.COM, <bob@example.org>; mailto:c@example.net.") == [
        "ann@example.com",
        "bob@example.org",
        "c@example.net",
    ]
