"""What was typed to find somebody, as a name and a contact."""

import pytest

from kinso.models.typed_person import name_and_contact


@pytest.mark.parametrize(
    ("typed", "name", "contact"),
    [
        ("Ada Lovelace", "Ada Lovelace", ""),
        ("01711-234567", "", "01711-234567"),
        ("+880 (0)1711 234567", "", "+880 (0)1711 234567"),
        ("০১৭১১২৩৪৫৬৭", "", "০১৭১১২৩৪৫৬৭"),
        ("ada@shop.com", "", "ada@shop.com"),
        ("Ada Lovelace, 01711 234567", "Ada Lovelace", "01711 234567"),
        ("ada@shop.com Ada", "Ada", "ada@shop.com"),
        ("Branch 12", "Branch 12", ""),
        ("C-1001", "C-1001", ""),
        ("", "", ""),
    ],
)
def test_numbers_and_addresses_are_the_contact(typed, name, contact):
    assert name_and_contact(typed) == (name, contact)
