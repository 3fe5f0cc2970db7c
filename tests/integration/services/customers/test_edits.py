from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinso.errors import NotPermitted
from kinso.models.accounts import PERMISSIONS, Permission, Role
from kinso.models.customers import CustomerDraft, CustomerEdit, CustomerPatch, CustomerQuery
from kinso.models.fields import entered
from kinso.services.customers.editing import create_customer, delete_customer, get_customer, update_customer
from kinso.services.customers.saving import save_edits
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


def registered(store, actor, *customer_ids):
    return [
        create_customer(store, actor, CustomerDraft(customer_id=each, customer_name="Ada", contact_info="ada@shop.com"))
        for each in customer_ids
    ]


def test_two_rows_that_want_the_same_id_do_not_keep_the_others_from_being_saved(store, staff):
    first, second, third = registered(store, staff, "A", "B", "C")
    outcomes = save_edits(
        store,
        staff,
        [
            CustomerEdit(first, {"customerId": "N-1", "customerName": "First"}),
            CustomerEdit(second, {"customerId": "n-1", "customerName": "Second"}),
            CustomerEdit(third, {"customerName": "Third"}),
        ],
    )
    assert [[error.field for error in outcome.errors] for outcome in outcomes] == [[], ["customerId"], []]
    stored = [get_customer(store, staff, each.id) for each in (first, second, third)]
    assert [(each.customer_id, each.customer_name) for each in stored] == [
        ("N-1", "First"),
        ("B", "Second"),
        ("C", "Third"),
    ]
    assert [outcome.current for outcome in outcomes] == stored


def test_an_id_that_somebody_takes_while_it_is_saved_is_named_and_the_rest_is_saved(
    store, staff, ada, bea, monkeypatch
):
    write = store.customers.update_many

    def write_after_somebody_else(*updates):
        monkeypatch.undo()
        with ThreadPoolExecutor() as somebody_else:
            somebody_else.submit(registered, store, staff, "n-1").result()
        return write(*updates)

    monkeypatch.setattr(store.customers, "update_many", write_after_somebody_else)
    typed = [
        CustomerEdit(ada, {"customerId": "N-1", "customerName": "New"}),
        CustomerEdit(bea, {"customerName": "New"}),
    ]
    first, second = save_edits(store, staff, typed)
    assert ([error.field for error in first.errors], first.saved) == (["customerId"], {"customerName": "New"})
    assert second.is_complete


def test_rows_of_one_transaction_have_a_record_each(store, staff):
    some = registered(store, staff, "A", "B", "C")
    save_edits(store, staff, [CustomerEdit(each, {"membershipStatus": True, "purchaseAmount": 5}) for each in some])
    for before in some:
        latest = store.changes.of_customer(before.id, limit=1)[0]
        assert (latest.version, latest.after["membershipStatus"], latest.balance) == (2, True, Decimal("5.00"))
        assert [each.end for each in store.memberships.of_customer(before.id)] == [None]
        assert store.ledger.typed_of([before.id])[before.id][0].amount == Decimal("5.00")


def test_edits_of_the_same_customer_build_on_each_other(store, staff, ada):
    typed = [CustomerEdit(ada, {"customerName": "Ada Byron"}), CustomerEdit(ada, {"contactInfo": "new@shop.com"})]
    assert all(outcome.is_complete for outcome in save_edits(store, staff, typed))
    stored = get_customer(store, staff, ada.id)
    assert (stored.customer_name, stored.contact_info, stored.version) == ("Ada Byron", "new@shop.com", 3)


IDS = ["A", "B", "C", "D"]
rows = st.lists(
    st.tuples(
        st.sampled_from(range(len(IDS))),
        st.fixed_dictionaries(
            {}, optional={**fields, "customerId": st.sampled_from([*IDS, *map(str.lower, IDS), "E"])}
        ),
    ),
    max_size=6,
)


@fewer_examples()
@given(theirs=rows, mine=rows)
def test_rows_saved_together_become_what_they_become_one_after_the_other(store, mock_store, admin, theirs, mine):
    def one_by_one(typed):
        return [outcome for each in typed for outcome in save_edits(mock_store, admin, [each])]

    def together(typed):
        return save_edits(store, admin, typed)

    found = [told(one, save, admin, theirs, mine) for one, save in ((mock_store, one_by_one), (store, together))]
    assert found[0] == found[1]


def told(store, save, actor, theirs, mine):
    """What became of each edit, and of each customer."""
    for customer in store.customers.iterate(CustomerQuery()):
        delete_customer(store, actor, customer.id)
    before = registered(store, actor, *IDS)
    save([CustomerEdit(before[number], values) for number, values in theirs])
    outcomes = save([CustomerEdit(before[number], values) for number, values in mine])
    after = [get_customer(store, actor, customer.id) for customer in before]
    changes = [store.changes.of_customer(customer.id, limit=100) for customer in before]
    return (
        [(each.saved, each.errors, each.conflicts, entered(each.current), each.current.version) for each in outcomes],
        [(entered(each), each.version, each.excluded) for each in after],
        [[(each.version, each.kind, each.before, each.after) for each in of_one] for of_one in changes],
    )
