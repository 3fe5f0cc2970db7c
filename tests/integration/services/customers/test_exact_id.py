import pytest

from kinso.models.customers import CustomerDraft, CustomerQuery
from kinso.models.validation import parse
from kinso.services.customers.editing import create_customer, list_customers
from kinso.services.customers.finding import find_by_customer_id, get_customers


@pytest.fixture
def add(store, staff):
    def add(customer_id):
        data = {"customer_id": customer_id, "customer_name": "Somebody", "contact_info": "+1 555 0100"}
        return create_customer(store, staff, parse(CustomerDraft, data))

    return add


def test_an_id_is_found_in_any_letter_case_and_with_spaces_around(store, analyst, add):
    added = add("Ab-1")
    assert find_by_customer_id(store, analyst, " aB-1 ") == added
    assert find_by_customer_id(store, analyst, "Ab-2") is None


def test_only_those_that_exist_are_got(store, analyst, add):
    added = add("C-1")
    assert get_customers(store, analyst, [added.id, "0" * 24, "malformed"]) == {added.id: added}


def test_a_page_past_the_end_is_empty(store, analyst, add):
    added = add("C-1")
    assert list_customers(store, analyst, CustomerQuery(), page=1, limit=10).items == [added]
    beyond = list_customers(store, analyst, CustomerQuery(), page=2, limit=10)
    assert (beyond.items, beyond.total) == ([], 1)
