"""Which contacts can be clicked."""

import pytest

from kinso.ui.customers.customer_page import contact_address


@pytest.mark.parametrize(
    ("contact", "address"),
    [
        ("ada@example.com", "mailto:ada@example.com"),
        ("Ada.Byron+shop@mail.example.co.uk", "mailto:Ada.Byron+shop@mail.example.co.uk"),
        ("+880 1711-000111", "tel:+8801711000111"),
        ("(030) 901820", "tel:030901820"),
        ("0301 (90) 18.20", "tel:0301901820"),
    ],
)
def test_a_mail_address_and_a_phone_number_can_be_clicked(contact, address):
    assert contact_address(contact) == address


@pytest.mark.parametrize(
    "contact",
    [
        "",
        "javascript:alert(1)",
        "ada@example.com?subject=x&body=y",
        "ada@example.com, bob@example.com",
        "ada@example.com\n",
        "ada@localhost",
        '"><script>@example.com',
        "ада@пример.рф",
        "1234",
        "12345678901234567890",
        "٠١٢٣٤٥٦٧",
        "12345;ext=9",
        "House 12, Road 5, Dhaka",
    ],
)
def test_what_is_not_plainly_a_contact_leads_nowhere(contact):
    assert contact_address(contact) is None
