import threading
from decimal import Decimal

import pytest

from kinso.errors import DuplicateCustomerId, NotFound, StaleVersion
from kinso.models.customers import CustomerDraft, CustomerPatch, CustomerQuery
from kinso.services.customers.editing import (
    create_customer,
    delete_customer,
    find_changed_since,
    get_customer,
    list_customers,
    set_membership,
    update_customer,
)


def draft(number, **values):
    values = {"customer_name": f"Customer {number}", "contact_info": f"c{number}@shop.com", **values}
    return CustomerDraft(customer_id=f"C-{number:03}", **values)


def changes_of(store, customer):
    return [(change.kind, change.before, change.after) for change in store.changes.of_customer(customer.id, limit=10)]


def test_a_new_customer_is_stored_with_a_record_of_who_made_it(store, staff):
    created = create_customer(store, staff, draft(1, purchase_amount=12.345))
    assert get_customer(store, staff, created.id) == created
    assert (created.purchase_amount, created.version) == (Decimal("12.35"), 1)
    [change] = store.changes.of_customer(created.id, limit=10)
    assert (change.kind, change.by_name, change.before) == ("create", staff.name, None)
    assert change.after["purchaseAmount"] == Decimal("12.35")


def test_an_id_that_differs_only_in_case_is_taken_and_nothing_is_written(store, staff):
    create_customer(store, staff, draft(1))
    with pytest.raises(DuplicateCustomerId, match="c-001"):
        create_customer(
            store, staff, CustomerDraft(customer_id="c-001", customer_name="Bea", contact_info="b@shop.com")
        )
    assert list_customers(store, staff, CustomerQuery(), page=1, limit=10).total == 1


def test_an_update_keeps_what_was_not_given_and_records_only_what_differs(store, staff):
    created = create_customer(store, staff, draft(1, purchase_amount=100))
    updated = update_customer(store, staff, created.id, CustomerPatch(customer_name="Ada", contact_info="c1@shop.com"))
    assert (updated.customer_name, updated.purchase_amount, updated.version) == ("Ada", Decimal("100.00"), 2)
    assert changes_of(store, created)[0] == ("edit", {"customerName": "Customer 1"}, {"customerName": "Ada"})
    assert get_customer(store, staff, created.id) == updated


def test_an_update_that_changes_nothing_writes_nothing(store, staff):
    created = create_customer(store, staff, draft(1))
    assert update_customer(store, staff, created.id, CustomerPatch(customer_name="Customer 1")) == created
    assert len(changes_of(store, created)) == 1


def test_an_update_of_an_older_version_is_refused_with_what_is_stored_now(store, staff):
    created = create_customer(store, staff, draft(1))
    current = update_customer(store, staff, created.id, CustomerPatch(customer_name="Ada"))
    with pytest.raises(StaleVersion) as refused:
        update_customer(store, staff, created.id, CustomerPatch(customer_name="Bea"), version=created.version)
    assert refused.value.current == current


def test_a_renamed_customer_is_found_by_the_new_name_and_can_change_the_case_of_the_id(store, staff):
    created = create_customer(store, staff, draft(1))
    update_customer(store, staff, created.id, CustomerPatch(customer_name="Łucja", customer_id="c-001"))
    [found] = list_customers(store, staff, CustomerQuery(search="lucja"), page=1, limit=10).items
    assert found.customer_id == "c-001"
    with pytest.raises(DuplicateCustomerId):
        create_customer(store, staff, draft(1))


def test_updates_by_many_at_once_are_all_recorded_and_none_is_lost(store, staff):
    created = create_customer(store, staff, draft(1))

    def rename(number):
        update_customer(store, staff, created.id, CustomerPatch(customer_name=f"Name {number}"))

    threads = [threading.Thread(target=rename, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert get_customer(store, staff, created.id).version == 9
    assert [change.version for change in store.changes.of_customer(created.id, limit=20)] == list(range(9, 0, -1))


def test_a_deleted_customer_is_gone_but_the_record_holds_everything(store, manager):
    created = create_customer(store, manager, draft(1))
    delete_customer(store, manager, created.id, version=created.version)
    with pytest.raises(NotFound):
        get_customer(store, manager, created.id)
    kind, before, after = changes_of(store, created)[0]
    assert (kind, after, before["customerName"], before["createdAt"]) == (
        "delete",
        None,
        "Customer 1",
        created.created_at,
    )


def test_a_customer_changed_meanwhile_is_not_deleted(store, manager):
    created = create_customer(store, manager, draft(1))
    set_membership(store, manager, created.id, membership_status=True)
    with pytest.raises(StaleVersion):
        delete_customer(store, manager, created.id, version=created.version)
    assert get_customer(store, manager, created.id).membership_status


@pytest.mark.parametrize("id", ["", "nonsense", "0" * 24, "\x00", "{'$ne': 1}"])
def test_an_unknown_or_malformed_id_is_not_found(store, staff, id):
    with pytest.raises(NotFound):
        get_customer(store, staff, id)


@pytest.fixture
def some(store, staff):
    rows = [("Ann", 30, True), ("bob", 10, False), ("Łia", 20, True), ("cara", 40, False), ("José .*", 50, False)]
    return [
        create_customer(
            store, staff, draft(number, customer_name=name, purchase_amount=amount, membership_status=member)
        )
        for number, (name, amount, member) in enumerate(rows)
    ]


@pytest.mark.parametrize(
    ("sort_by", "names"),
    [
        ("customerId", ["Ann", "bob", "Łia", "cara", "José .*"]),
        ("customerName", ["Ann", "bob", "cara", "José .*", "Łia"]),
        ("purchaseAmount", ["bob", "Łia", "Ann", "cara", "José .*"]),
        ("membershipStatus", ["bob", "cara", "José .*", "Ann", "Łia"]),
        ("createdAt", ["Ann", "bob", "Łia", "cara", "José .*"]),
    ],
)
def test_customers_are_sorted_by_every_column_in_any_case_and_direction(store, staff, some, sort_by, names):
    def listed(order):
        query = CustomerQuery(sort_by=sort_by, sort_order=order)
        return [customer.customer_name for customer in list_customers(store, staff, query, page=1, limit=10).items]

    assert listed("asc") == names
    if sort_by != "membershipStatus":
        assert listed("desc") == names[::-1]


def test_a_query_filters_by_text_name_and_membership_and_pages_through_the_result(store, staff, some):
    def names(page=1, limit=10, **query):
        found = list_customers(
            store, staff, CustomerQuery(sort_by="customerName", sort_order="asc", **query), page=page, limit=limit
        )
        return [customer.customer_name for customer in found.items], found.total

    assert names(search=".*") == (["José .*"], 1)
    assert names(search="C2@SHOP") == (["Łia"], 1)
    assert names(customer_name="a", membership_status=True) == (["Ann", "Łia"], 2)
    assert names(page=2, limit=2) == (["cara", "José .*"], 5)
    assert names(page=9, limit=2) == ([], 5)


def test_changed_and_deleted_rows_are_noticed(store, manager, some):
    shown = {customer.id: customer.version for customer in some}
    set_membership(store, manager, some[0].id, membership_status=False)
    delete_customer(store, manager, some[1].id)
    assert set(find_changed_since(store, manager, shown)) == {some[0].id, some[1].id}
