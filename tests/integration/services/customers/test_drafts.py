"""What was typed and not saved is kept for its person alone, until it is saved or given up."""

import pytest

from kinso.errors import InvalidInput
from kinso.models.customers import LARGEST_DRAFT, CustomerDraft
from kinso.services.customers.editing import create_customer, end_draft, find_drafts, keep_draft
from kinso.services.history.trash import erase_person


@pytest.fixture
def add_customer(store, admin):
    return lambda id: create_customer(
        store, admin, CustomerDraft(customer_id=id, customer_name=f"Name of {id}", contact_info=f"{id}@example.com")
    )


def places(store, person, *wanted):
    return [draft.place for draft in find_drafts(store, person, *wanted)]


def test_the_latest_state_is_kept_with_names_that_mean_something_to_the_database(store, staff):
    assert keep_draft(store, staff, "d1", "register", {"values": {"customerName": "G"}})
    assert keep_draft(store, staff, "d1", "register", {"values": {"$set": "a.b", "customerName": "Grace"}})
    (draft,) = find_drafts(store, staff, "register")
    assert draft.content == {"values": {"$set": "a.b", "customerName": "Grace"}}


def test_nobody_else_sees_changes_or_ends_it(store, staff, admin):
    keep_draft(store, staff, "d1", "register", {"values": {"customerName": "Grace"}})
    assert find_drafts(store, admin, "register") == []
    assert not keep_draft(store, admin, "d1", "register", {"values": {}})
    end_draft(store, admin, "d1")
    assert places(store, staff, "register") == ["register"]


def test_what_arrives_after_it_was_saved_does_not_bring_it_back(store, staff):
    keep_draft(store, staff, "d1", "register", {"values": {"customerName": "Grace"}})
    end_draft(store, staff, "d1")
    assert not keep_draft(store, staff, "d1", "register", {"values": {"customerName": "Grace Hopper"}})
    assert find_drafts(store, staff, "register") == []
    end_draft(store, staff, "never sent")
    assert not keep_draft(store, staff, "never sent", "register", {"values": {}})


def test_who_is_erased_is_in_no_draft_any_more(store, staff, manager, add_customer):
    ada, bob = add_customer("C-1"), add_customer("C-2")
    keep_draft(store, staff, "d1", "customers", {"rows": [{"seen": "Ada"}]}, customers=[ada.id, bob.id])
    keep_draft(store, staff, "d2", f"customer/{bob.id}/edit", {"values": {}}, customers=[bob.id])
    erase_person(store, manager, ada.id)
    assert places(store, staff, "customers", f"customer/{bob.id}/edit") == [f"customer/{bob.id}/edit"]
    assert "Ada" not in str(list(store.connection.database["drafts"].find()))


def test_more_than_a_form_holds_is_refused(store, staff):
    with pytest.raises(InvalidInput):
        keep_draft(store, staff, "d1", "register", {"values": {"customerName": "x" * LARGEST_DRAFT}})
