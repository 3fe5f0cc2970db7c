"""Pairs of customers of the whole shop who may be the same person, and those who are known not to be."""

import pytest

from kinso.errors import Conflict, NotFound
from kinso.models.customers import CustomerDraft, CustomerPatch
from kinso.models.shop import ShopSettings
from kinso.models.validation import parse
from kinso.repository.duplicates import MOST_ALIKE
from kinso.services.customers.duplicates import (
    find_duplicate_pairs,
    forget_different,
    list_different,
    remember_different,
)
from kinso.services.customers.editing import create_customer, delete_customer, update_customer
from kinso.services.facts import get_facts
from kinso.services.history.trash import erase_person


@pytest.fixture
def add(store, staff):
    store.shop.save(ShopSettings(country="BD"))

    def add(name, contact):
        number = store.customers.count_all() + 1
        values = {"customerId": f"C-{number}", "customerName": name, "contactInfo": contact}
        return create_customer(store, staff, parse(CustomerDraft, values)).id

    return add


def told(store, actor, **options):
    pairs = find_duplicate_pairs(store, actor, **{"limit": 100, **options}).items
    return [(pair.one.customer_id, pair.other.customer_id, pair.alike) for pair in pairs]


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (("Sadia Karim", "01711-234567"), ("Nobody Alike", "+880 1711 234567, Dhaka"), ("phone",)),
        (("Sadia Karim", "s@shop.com"), ("Nobody Alike", "S@SHOP.com / 12 Mill Lane"), ("email",)),
        (("Sadia Karim", "01711-234567 s@shop.com"), ("X Y", "s@shop.com 01711234567"), ("phone", "email")),
        (("Sadia Karim", "12 Mill Lane"), ("Nobody Alike", "12  mill LANE"), ("contact",)),
        (("Sadia Karim", "12 Mill Lane"), ("KARIM sadia", "9 Other Road"), ("name",)),
        (("Sadia Karim", "12 Mill Lane"), ("Sadya Karim", "9 Other Road"), ("similar name",)),
        (("Sadia Karim", "01711-234567"), ("Karim Sadiya", "01711 234567"), ("phone", "similar name")),
        (("Branch No 1", "12 Mill Lane"), ("Branch No 2", "9 Other Road"), None),
        (("Sadia Karim", "12 Mill Lane"), ("Grace Hopper", "9 Other Road"), None),
    ],
)
def test_a_pair_tells_what_they_have_in_common(store, add, staff, one, other, alike):
    add(*one)
    add(*other)
    assert told(store, staff) == ([("C-1", "C-2", alike)] if alike else [])


def test_the_likeliest_come_first_and_pages_follow_each_other(store, add, staff):
    for person in [
        ("Ada Lovelace", "1 First Road"),
        ("Ada Lovelace", "2 Second Road"),
        ("Grace Hopper", "01711-234567"),
        ("Hopper Grace", "01711234567"),
        ("Jean Bartik", "3 Third Road"),
        ("Kay McNulty", "3 Third Road"),
    ]:
        add(*person)
    ordered = ["C-3", "C-1", "C-5"]
    assert [one for one, *_ in told(store, staff)] == ordered
    assert [told(store, staff, limit=1, offset=place)[0][0] for place in range(3)] == ordered
    found = find_duplicate_pairs(store, staff, limit=1)
    assert (found.total, found.is_cut, len(found.items)) == (3, False, 1)
    assert found.items[0].reason == "the same phone number and the same name"


def test_what_very_many_have_makes_no_pairs(store, add, staff):
    ids = [add(f"Person Number{chr(97 + number) * 3}", "Shop, 01711-234567") for number in range(MOST_ALIKE + 1)]
    assert told(store, staff) == []
    assert get_facts(store, staff, ids[:1], ["likelyTwin"])[ids[0]] == {"likelyTwin": False}


def test_nobody_who_was_deleted_or_erased_is_in_a_pair(store, add, staff, manager):
    ids = [add("Sadia Karim", "01711-234567") for _ in range(4)]
    delete_customer(store, manager, ids[0])
    erase_person(store, manager, ids[1])
    erase_person(store, manager, ids[2])
    assert told(store, staff) == []


def test_those_who_are_known_to_be_different_are_no_pair_until_that_is_withdrawn(store, add, staff):
    mother, daughter = add("Sadia Karim", "01711-234567"), add("Sadia Karim", "01711-234567")
    remember_different(store, staff, daughter, mother)
    remember_different(store, staff, mother, daughter)
    assert told(store, staff) == []
    assert get_facts(store, staff, [mother], ["likelyTwin"])[mother] == {"likelyTwin": False}
    [said] = list_different(store, staff, mother)
    assert ({said.one, said.other}, said.by_name) == ({mother, daughter}, staff.name)
    forget_different(store, staff, mother, daughter)
    assert len(told(store, staff)) == 1
    with pytest.raises(NotFound, match="Nobody said"):
        forget_different(store, staff, mother, daughter)


def test_a_third_one_is_still_a_likely_duplicate_of_both(store, add, staff):
    ids = [add("Sadia Karim", "01711-234567") for _ in range(3)]
    remember_different(store, staff, *ids[:2])
    assert [pair[:2] for pair in told(store, staff)] == [("C-1", "C-3"), ("C-2", "C-3")]
    facts = get_facts(store, staff, ids, ["likelyTwin"])
    assert all(facts[id]["likelyTwin"] for id in ids)
    update_customer(store, staff, ids[2], CustomerPatch(contact_info="other@shop.com"))
    facts = get_facts(store, staff, ids, ["likelyTwin"])
    assert not any(facts[id]["likelyTwin"] for id in ids)


def test_only_two_who_are_there_can_be_different(store, add, staff, manager):
    one, other = add("Sadia Karim", "01711-234567"), add("Sadia Karim", "01711-234567")
    with pytest.raises(Conflict, match="themselves"):
        remember_different(store, staff, one, one)
    with pytest.raises(NotFound):
        remember_different(store, staff, one, "nonsense")
    remember_different(store, staff, one, other)
    erase_person(store, manager, one)
    assert list_different(store, staff, other) == []
