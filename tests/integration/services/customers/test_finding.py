"""Finding a customer while somebody types."""

import pytest

from kinso.models.customers import CustomerDraft
from kinso.services.customers import finding
from kinso.services.customers.editing import create_customer
from kinso.services.customers.finding import find_customers


@pytest.fixture
def add(store, staff):
    def add(customer_id, name, contact="someone@shop.com"):
        draft = CustomerDraft(customer_id=customer_id, customer_name=name, contact_info=contact)
        return create_customer(store, staff, draft)

    return add


@pytest.fixture
def found(store, analyst):
    return lambda text: [customer.customer_id for customer in find_customers(store, analyst, text).customers]


def test_ids_come_before_names_before_contacts_before_parts_of_them(add, found):
    add("X-1", "Someone Ada")
    add("X-2", "Somebody", "ada@shop.com")
    add("X-3", "Ada Lovelace")
    add("ADA-9", "Zoe")
    assert found("ada") == ["ADA-9", "X-3", "X-2", "X-1"]


@pytest.mark.parametrize("text", ["cape", "ČAPEK", "  capek ", "c-42", "C-4", "+420 777", "420777", "123 456", "čap"])
def test_case_accents_and_the_spaces_of_phones_do_not_matter(add, found, text):
    add("C-42", "Karel Čapek", "+420 777 123 456")
    add("X-1", "Somebody Else")
    assert found(text) == ["C-42"]


@pytest.mark.parametrize(
    "text", ["", "   ", ".*", "$gt", "(", "[a-z]", "\\", "\0", "^A", "A|B", "x" * 5000, "\U0010ffff"]
)
def test_what_is_no_part_of_anything_finds_nobody(add, found, text):
    add("A-1", "Ada Lovelace")
    assert found(text) == []


@pytest.mark.parametrize(
    "text", ["Čapek Karel", "capek kar", "420 777 123 456", "00420777123456", "karel +420777123456"]
)
def test_words_may_come_in_any_order_and_numbers_in_any_notation(add, found, text):
    add("C-42", "Karel Čapek", "+420 777 123 456")
    add("X-1", "Karel Gott", "+420 777 123 457")
    assert found(text) == ["C-42"]


def test_a_whole_id_is_enough(add, found):
    add("A-1", "Ada Lovelace")
    add("B-1", "Bob", "mail-a-1@shop.com")
    assert found("a-1") == ["A-1"]
    assert found("A-") == ["A-1", "B-1"]


def test_a_handful_is_enough(add, store, analyst):
    for number in range(9):
        add(f"A-{number}", "Ada Lovelace")
    for text in ("ada", "lovel"):
        found = find_customers(store, analyst, text)
        assert (len(found.customers), found.total, found.are_similar) == (finding.SHOWN, 9, False)


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("Sadya Karm", ["Sadia Karim"]),
        ("karim sadja", ["Sadia Karim"]),
        ("zadia", ["Sadia Karim"]),
        ("Jonh Smtih", ["John Smith"]),
        ("Josef Nunes", ["Joseph Núñez"]),
        ("Sadia Karim", ["Sadia Karim"]),
        ("Karl Marx", []),
        ("01799 99999", []),
        ("sadia@karim", []),
        ("x", []),
        ("'; --", []),
    ],
)
def test_a_name_that_nobody_has_as_it_is_typed_finds_those_spelled_nearly_like_it(add, store, analyst, typed, names):
    for number, name in enumerate(["Sadia Karim", "John Smith", "Joseph Núñez", "Ada Lovelace"]):
        add(f"A-{number}", name, f"p{number}@shop.com")
    found = find_customers(store, analyst, typed)
    assert [customer.customer_name for customer in found.customers] == names
    assert found.are_similar == (typed != "Sadia Karim")


def test_the_likeliest_of_similar_names_comes_first(add, store, analyst):
    for number, name in enumerate(["Sadia Karimova", "Saida Karim", "Sadia Karim"]):
        add(f"A-{number}", name)
    assert [each.customer_name for each in find_customers(store, analyst, "sadya karim").customers] == [
        "Sadia Karim",
        "Saida Karim",
        "Sadia Karimova",
    ]
