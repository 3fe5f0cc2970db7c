from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinso.errors import NotPermitted
from kinso.models.accounts import PERMISSIONS, Permission, Role
from kinso.models.customers import CustomerDraft, CustomerEdit, CustomerPatch
from kinso.models.fields import entered
from kinso.services.customers.editing import create_customer, delete_customer, get_customer, save_edits, update_customer
from tests.support.examples import fewer_examples


@pytest.fixture
def ada(store, staff):
    return create_customer(
        store, staff, CustomerDraft(customer_id="A-1", customer_name="Ada", contact_info="ada@shop.com")
    )


@pytest.fixture
def bea(store, staff):
    return create_customer(
        store, staff, CustomerDraft(customer_id="B-1", customer_name="Bea", contact_info="bea@shop.com")
    )


def save(store, actor, before, **values):
    [outcome] = save_edits(store, actor, [CustomerEdit(before, values)])
    return outcome


def test_good_cells_are_saved_and_bad_ones_are_named(store, staff, ada):
    outcome = save(store, staff, ada, customerName="Ada Byron", contactInfo="x", purchaseAmount=-5)
    assert outcome.saved == {"customerName": "Ada Byron"}
    assert [error.field for error in outcome.errors] == ["contactInfo", "purchaseAmount"]
    stored = get_customer(store, staff, ada.id)
    assert (stored.customer_name, stored.contact_info) == ("Ada Byron", "ada@shop.com")
    assert outcome.current == stored


def test_a_taken_id_is_named_and_the_rest_of_the_row_is_saved(store, staff, ada, bea):
    outcome = save(store, staff, ada, customerId="b-1", customerName="Ada Byron")
    assert [error.field for error in outcome.errors] == ["customerId"]
    stored = get_customer(store, staff, ada.id)
    assert (stored.customer_id, stored.customer_name) == ("A-1", "Ada Byron")


def test_edits_of_different_fields_merge(store, staff, ada):
    update_customer(store, staff, ada.id, CustomerPatch(contact_info="new@shop.com"))
    outcome = save(store, staff, ada, customerName="Ada Byron")
    assert outcome.is_complete
    stored = get_customer(store, staff, ada.id)
    assert (stored.customer_name, stored.contact_info, stored.version) == ("Ada Byron", "new@shop.com", 3)


def test_edits_of_the_same_field_show_before_theirs_and_mine_and_overwrite_nothing(store, staff, ada):
    update_customer(store, staff, ada.id, CustomerPatch(customer_name="Theirs"))
    outcome = save(store, staff, ada, customerName="Mine", purchaseAmount=7)
    [conflict] = outcome.conflicts
    assert (conflict.field, conflict.before, conflict.theirs, conflict.mine) == (
        "customerName",
        "Ada",
        "Theirs",
        "Mine",
    )
    stored = get_customer(store, staff, ada.id)
    assert (stored.customer_name, stored.purchase_amount) == ("Theirs", Decimal("7.00"))


def test_the_same_edit_by_two_people_is_no_conflict(store, staff, ada):
    update_customer(store, staff, ada.id, CustomerPatch(customer_name="Same"))
    assert save(store, staff, ada, customerName="Same").is_complete


def test_an_edit_of_a_deleted_customer_says_so_and_others_are_saved(store, manager, ada, bea):
    delete_customer(store, manager, ada.id)
    gone, saved = save_edits(
        store, manager, [CustomerEdit(ada, {"customerName": "New"}), CustomerEdit(bea, {"customerName": "New"})]
    )
    assert gone.current is None
    assert "deleted" in gone.errors[0].message
    assert saved.is_complete


def test_nothing_is_saved_when_one_of_the_edits_is_not_permitted(store, staff, ada, bea, monkeypatch):
    monkeypatch.setitem(PERMISSIONS, Role.STAFF, PERMISSIONS[Role.STAFF] - {Permission.MEMBERSHIP})
    with pytest.raises(NotPermitted):
        save_edits(
            store, staff, [CustomerEdit(ada, {"customerName": "New"}), CustomerEdit(bea, {"membershipStatus": True})]
        )
    assert get_customer(store, staff, ada.id) == ada


def test_what_an_earlier_application_stored_does_not_keep_the_rest_from_being_saved(store, staff, ada):
    store.connection.database["customers"].update_one({"customerId": "A-1"}, {"$set": {"customerName": "A\u200bda"}})
    before = get_customer(store, staff, ada.id)
    outcome = save(store, staff, before, customerName=before.customer_name, contactInfo="new@shop.com")
    assert (outcome.errors, outcome.saved) == ((), {"contactInfo": "new@shop.com"})


fields = {
    "customerName": st.sampled_from(["Ada", "Bea", "Cara", ""]),
    "contactInfo": st.sampled_from(["ada@shop.com", "bea@shop.com", "no"]),
    "purchaseAmount": st.sampled_from([0, 10, 20.5, -1]),
    "membershipStatus": st.booleans(),
}
typed = st.fixed_dictionaries({}, optional=fields)


@fewer_examples()
@given(theirs=typed, mine=typed)
def test_nothing_anyone_saved_is_overwritten_and_nothing_typed_is_dropped_silently(store, admin, theirs, mine):
    for found in store.customers.get_by_customer_ids(["A-1"]):
        delete_customer(store, admin, found.id)
    before = create_customer(
        store, admin, CustomerDraft(customer_id="A-1", customer_name="Ada", contact_info="ada@shop.com")
    )
    save(store, admin, before, **theirs)
    after_theirs = entered(get_customer(store, admin, before.id))
    outcome = save(store, admin, before, **mine)
    final = entered(get_customer(store, admin, before.id))
    reported = {error.field for error in outcome.errors} | {conflict.field for conflict in outcome.conflicts}
    for name, value in final.items():
        was_theirs = after_theirs[name] != entered(before)[name]
        assert not was_theirs or value == after_theirs[name]
        if name in mine and name not in reported and mine[name] != entered(before)[name]:
            assert value == mine[name]
