"""Whose pages each person opened last."""

import pytest

from kinso.models.customers import CustomerDraft
from kinso.repository.recent_customers import KEPT
from kinso.services.customers.editing import create_customer, delete_customer
from kinso.services.customers.recent import list_recent_customers, note_opened
from kinso.services.history.trash import erase_person, restore_customers


@pytest.fixture
def add(store, staff):
    def add(customer_id):
        draft = CustomerDraft(customer_id=customer_id, customer_name=f"Name {customer_id}", contact_info="a@b.com")
        return create_customer(store, staff, draft)

    return add


@pytest.fixture
def recent(store):
    return lambda person, **how: [each.customer_id for each in list_recent_customers(store, person, **how)]


def test_the_latest_comes_first_once_and_for_its_person_alone(store, staff, analyst, add, recent):
    ann, bob, cid = map(add, ("A-1", "B-1", "C-1"))
    for customer in (ann, bob, cid, ann):
        note_opened(store, staff, customer)
    assert recent(staff) == ["A-1", "C-1", "B-1"]
    assert recent(staff, but=ann.id) == ["C-1", "B-1"]
    assert recent(analyst) == []


def test_only_some_are_kept_and_fewer_shown(store, staff, add, recent):
    for number in range(KEPT + 3):
        note_opened(store, staff, add(f"A-{number:02}"))
    assert recent(staff) == [f"A-{number:02}" for number in range(KEPT + 2, KEPT - 4, -1)]
    [kept] = store.connection.database["recent_customers"].find()
    assert len(kept["customers"]) == KEPT


def test_who_is_deleted_is_away_until_restored(store, staff, manager, add, recent):
    ann = add("A-1")
    note_opened(store, staff, ann)
    delete_customer(store, manager, ann.id)
    assert recent(staff) == []
    restore_customers(store, manager, [ann.id])
    assert recent(staff) == ["A-1"]


def test_nobody_remembers_who_was_erased(store, staff, manager, add, recent):
    ann = add("A-1")
    note_opened(store, staff, ann)
    erase_person(store, manager, ann.id)
    assert recent(staff) == []
    note_opened(store, staff, store.customers.get(ann.id))
    assert ann.id not in str(list(store.connection.database["recent_customers"].find()))


def test_it_works_in_memory(mock_store, staff, recent):
    draft = CustomerDraft(customer_id="A-1", customer_name="Ann", contact_info="a@b.com")
    note_opened(mock_store, staff, create_customer(mock_store, staff, draft))
    assert [each.customer_id for each in list_recent_customers(mock_store, staff)] == ["A-1"]
