"""Customers who may be the same person as one who is about to be registered."""

import pytest

from kinso.models.customers import CustomerDraft
from kinso.models.shop import ShopSettings
from kinso.models.validation import parse
from kinso.repository.documents import now
from kinso.services.customers.registering import find_duplicates_of, find_likely_duplicates, find_without_leading_zeros


def draft(customer_id="NEW-1", name="Somebody Else", contact="somebody@example.com"):
    return parse(CustomerDraft, {"customerId": customer_id, "customerName": name, "contactInfo": contact})


@pytest.fixture
def shop(store):
    store.shop.save(ShopSettings(country="BD"))
    people = [
        ("C-1", "Sadia Karim", "01711-234567, House 12, Dhaka 1209"),
        ("C-2", "José Núñez", "Jose@Example.com"),
        ("C-3", "O’Brien Jean‑Luc", "+44 20 7946 0958 ext 12"),
        ("C-4", "রহিম উদ্দিন", "12 Station Road, Sylhet"),
        ("C-5", "Branch No 1", "branch1@example.com"),
        ("00042", "Grace Hopper", "grace@example.com"),
    ]
    store.customers.insert_many([draft(*each) for each in people], now())
    return store


def told(duplicates):
    return [(duplicate.customer.customer_id, duplicate.alike) for duplicate in duplicates]


@pytest.mark.parametrize("typed", ["0044 7700 900123", "07700 900123", "01144 7700 900123", "+44 (0)7700 900123"])
def test_a_number_of_abroad_is_known_in_any_notation(store, staff, typed):
    store.shop.save(ShopSettings(country="US"))
    store.customers.insert_many([draft("C-1", "Ann", "+44 7700 900123")], now())
    [found] = find_likely_duplicates(store, staff, [draft(name="Unlike", contact=typed)])
    assert told(found) == [("C-1", "phone")]


@pytest.mark.parametrize(
    ("name", "contact", "duplicates"),
    [
        ("Unlike", "+880 1711 234567", [("C-1", "phone")]),
        ("Unlike", "০১৭১১২৩৪৫৬৭", [("C-1", "phone")]),
        ("Unlike", "jose@EXAMPLE.com / 01900-000000", [("C-2", "email")]),
        ("Unlike", "12  station road, SYLHET", [("C-4", "contact")]),
        ("Unlike", "020 7946 0958 x12", []),
        ("Unlike", "+442079460958;ext=12", [("C-3", "phone")]),
        ("Unlike", "+442079460958", []),
        ("Unlike", "+44 1711 234567", []),
        ("Karim Sadia", "other@example.com", [("C-1", "name")]),
        ("SADIA  karim", "other@example.com", [("C-1", "name")]),
        ("Jean-Luc O'Brien", "other@example.com", [("C-3", "name")]),
        ("Sadya Karim", "other@example.com", [("C-1", "similar name")]),
        ("Karim Saadia", "other@example.com", [("C-1", "similar name")]),
        ("Sadia Karin", "other@example.com", [("C-1", "similar name")]),
        ("Jose Nunes", "other@example.com", [("C-2", "similar name")]),
        ("উদ্দিন রহিম", "other@example.com", [("C-4", "name")]),
        ("Sadia Rahman", "other@example.com", []),
        ("Branch No 2", "other@example.com", []),
    ],
)
def test_whoever_may_be_the_same_person_is_found(shop, staff, name, contact, duplicates):
    [found] = find_likely_duplicates(shop, staff, [draft(name=name, contact=contact)])
    assert told(found) == duplicates


def test_the_strongest_evidence_comes_first_and_tells_why(shop, staff):
    [found] = find_likely_duplicates(shop, staff, [draft(name="Sadia Karim", contact="jose@example.com")])
    assert [duplicate.message for duplicate in found] == [
        "José Núñez (C-2) has the same e-mail address.",
        "Sadia Karim (C-1) has the same name.",
    ]


def test_a_number_whose_country_nobody_told_is_compared_as_well(store, staff):
    store.customers.insert_many([draft("C-1", "Ann", "01711-234567"), draft("C-2", "Bob", "+44 20 7946 0958")], now())
    asked = [draft(contact="+8801711234567"), draft(contact="020 7946 0958"), draft(contact="01711234568")]
    assert [told(found) for found in find_likely_duplicates(store, staff, asked)] == [
        [("C-1", "phone")],
        [("C-2", "phone")],
        [],
    ]


def test_many_are_asked_about_at_once_in_their_order(shop, staff):
    strangers = [draft(name=f"Stranger {number}", contact=f"s{number}@example.org") for number in range(1200)]
    known = draft(name="Karim Sadia", contact="nobody@example.com")
    found = find_likely_duplicates(shop, staff, [*strangers, known, *strangers[:3]])
    assert [place for place, duplicates in enumerate(found) if duplicates] == [1200]


@pytest.mark.parametrize("typed", ["42", "0042", "000042"])
def test_an_id_that_exists_but_for_its_leading_zeros_is_named(shop, staff, typed):
    assert [each.customer_id for each in find_without_leading_zeros(shop, staff, [typed, "43"])[typed]] == ["00042"]


@pytest.mark.parametrize("typed", ["00042", "420", "C-42", "abc"])
def test_other_ids_are_no_matter_of_leading_zeros(shop, staff, typed):
    assert find_without_leading_zeros(shop, staff, [typed]) == {}


def test_whoever_registers_is_told_of_leading_zeros_too(shop, staff):
    assert told(find_duplicates_of(shop, staff, draft("042", "Grace Hopper"))) == [("00042", "id")]
