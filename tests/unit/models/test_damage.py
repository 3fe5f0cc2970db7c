"""What spreadsheets leave of IDs and phone numbers is refused by name."""

import pytest

from kinso.errors import InvalidInput
from kinso.models.customers import CustomerDraft, CustomerPatch
from kinso.models.purchases import PurchaseDraft
from kinso.models.validation import parse

GOOD = {"customerId": "C-1", "customerName": "Ann", "contactInfo": "ann@example.com"}


def refusal(model, data):
    with pytest.raises(InvalidInput) as refused:
        parse(model, data)
    [error] = refused.value.errors
    return error.field, error.message


@pytest.mark.parametrize("value", ["8.80172E+11", "1,23E+10", "8.80172e11", "1E+10", " 8,80172E+011 ", "৮.৮০১৭২E+১১"])
@pytest.mark.parametrize("field", ["customerId", "contactInfo"])
def test_scientific_notation_is_refused_by_name(field, value):
    label = {"customerId": "Customer ID", "contactInfo": "Contact"}[field]
    sentence = f"{label} looks damaged by a spreadsheet (scientific notation); type it in full."
    assert refusal(CustomerDraft, {**GOOD, field: value}) == (field, sentence)
    assert refusal(CustomerPatch, {field: value}) == (field, sentence)


def test_sale_ids_are_refused_alike():
    assert refusal(PurchaseDraft, {"amount": 1, "saleId": "8.80172E+11"})[0] == "saleId"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("Ann, 8.80172E+11", "scientific notation"),
        ("88E10", "scientific notation"),
        ("8801711234567.0", "a number with decimals"),
        ("########", "instead of a value"),
        ("#VALUE!", "instead of a value"),
    ],
)
def test_other_damage_of_a_contact_is_refused_too(value, said):
    field, sentence = refusal(CustomerDraft, {**GOOD, "contactInfo": value})
    assert (field, said in sentence) == ("contactInfo", True)


@pytest.mark.parametrize("value", ["AB12E+5", "12E5", "E+1", "1.5", "8.80172", "2E-", "1E5-7"])
def test_ids_that_only_resemble_it_are_welcome(value):
    assert parse(CustomerPatch, {"customerId": f"{value}"} if len(value) > 2 else GOOD)


@pytest.mark.parametrize("value", ["12 Main Street 5E", "+880 1711-234567", "Flat 3E+F, Road 5", "room 2.5e, x@y.org"])
def test_contacts_that_only_resemble_it_are_welcome(value):
    assert parse(CustomerPatch, {"contactInfo": value})
