import pytest

from kinso.models.customers import SORT_FIELDS, CustomerQuery
from kinso.models.filters import read_filter
from kinso.models.shop import ShopSettings
from kinso.ui.customers.filters import (
    MEMBERSHIPS,
    SORTS,
    View,
    controls_of,
    download_address,
    filter_in_words,
    query_of,
    range_in_words,
)

SHOP = ShopSettings()
SPENT = read_filter({"fact": "spent", "is": ">=", "value": 500})
EITHER = read_filter(
    {"any": [{"fact": "spent", "is": ">=", "value": 500}, {"fact": "eligible", "is": "=", "value": True}]}
)


def query(**controls):
    start = {"search": "", "membership": "All", "sort": "Registered", "order": "Descending"}
    return query_of(**(start | controls))


def test_every_field_of_a_customer_can_be_sorted_by():
    assert set(SORT_FIELDS) <= set(SORTS.values())


def test_no_two_orders_have_the_same_name():
    assert len(set(SORTS)) == len(set(SORTS.values())) == len(SORT_FIELDS) + 7


def test_unknown_choices_fall_back():
    assert query(membership="?", sort="?", order="?") == CustomerQuery()


def test_texts_are_cut_and_cleaned_to_what_can_be_searched_for():
    assert len(query(search="x" * 5000).search) == 200
    assert query(search="a\x00b\nc\u200e").search == "a b c"


@pytest.mark.parametrize("membership", list(MEMBERSHIPS))
def test_every_choice_of_membership_finds_its_way_back_to_the_controls(membership):
    assert controls_of(View(query(membership=membership), 1, 50))["member"] == membership


def test_controls_and_view_say_the_same():
    wanted = query(search="ada", membership="Members", sort="Contact", order="Ascending")
    controls = controls_of(View(wanted, 3, 25))
    assert controls == {
        "q": "ada",
        "member": "Members",
        "filter": "",
        "sort": "Contact",
        "order": "Ascending",
        "size": 25,
        "page": 3,
    }


@pytest.mark.parametrize(
    ("page", "shown", "total", "words"),
    [
        (1, 50, 2357, "1–50 of 2,357 customers"),
        (48, 7, 2357, "2,351–2,357 of 2,357 customers"),
        (1, 1, 1, "1–1 of 1 customer"),
        (1, 0, 0, "0 customers"),
    ],
)
def test_the_place_in_the_whole(page, shown, total, words):
    assert range_in_words(View(CustomerQuery(), page, 50), shown, total) == words


@pytest.mark.parametrize(
    ("controls", "words"),
    [
        ({}, "all customers"),
        ({"membership": "Members"}, "all members"),
        ({"membership": "Eligible"}, "all eligible customers"),
        ({"filter": SPENT}, "customers with Spent ≥ $500"),
        ({"filter": EITHER, "membership": "Members"}, "members with Spent ≥ $500 or Eligible"),
        (
            {"filter": SPENT, "search": "an"},
            "customers whose ID, name, contact, notes or tags contains “an” with Spent ≥ $500",
        ),
        ({"search": " ada "}, "customers whose ID, name, contact, notes or tags contains “ada”"),
    ],
)
def test_a_filter_in_words(controls, words):
    assert filter_in_words(query(**controls), SHOP) == words


def test_a_filter_of_facts_finds_its_way_back_to_the_controls():
    controls = controls_of(View(query(filter=SPENT), 1, 50))
    assert controls["filter"] == '{"fact":"spent","is":">=","value":500}'


def test_a_download_carries_the_whole_filter():
    address = download_address(query(search="a&b=c", membership="Non-members", sort="Total spent"), "raw")
    assert address == (
        "/download/customers.csv?flavour=raw&search=a%26b%3Dc&membershipStatus=false&sortBy=purchaseAmount"
    )


def test_a_download_carries_the_filter_of_facts():
    address = download_address(query(filter=SPENT, sort="Spent"), "raw")
    assert address == (
        "/download/customers.csv?flavour=raw"
        "&filter=%7B%22fact%22%3A%22spent%22%2C%22is%22%3A%22%3E%3D%22%2C%22value%22%3A500%7D&sortBy=spent"
    )


def test_a_download_of_the_eligible_says_so():
    assert download_address(query(membership="Eligible"), "excel").endswith("?flavour=excel&eligible=true")
