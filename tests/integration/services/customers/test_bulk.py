import threading

import pytest

from kinso.errors import InvalidInput
from kinso.models.customers import CustomerQuery
from kinso.services.customers.bulk import MOST_ROWS, BulkRefused, upsert_customers

EVERYONE = CustomerQuery(sort_by="customerId", sort_order="asc")


def row(number, **more):
    return {"customerId": f"C-{number:03}", "customerName": f"Person {number}", "contactInfo": "a@shop.com", **more}


def everyone(store):
    return store.customers.find(EVERYONE, page=1, limit=1000)


def test_lists_that_meet_are_written_one_after_the_other(store, staff):
    barrier = threading.Barrier(4)
    done, failed = [], []

    def send(amount):
        barrier.wait()
        rows = [row(number, purchaseAmount=amount) for number in range(30)]
        try:
            done.append(upsert_customers(store, staff, rows, all_or_nothing=True))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=send, args=(amount,)) for amount in (1, 2, 3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert len({customer.purchase_amount for customer in everyone(store)}) == 1
    assert {customer.version for customer in everyone(store)} == {4}
    assert sorted({result.outcome for outcome in done for result in outcome.rows}) == ["created", "updated"]
    assert len(store.runs.recent(limit=9)) == 4


class Crash(BaseException):
    """The process ends here."""


def test_a_crash_in_the_middle_leaves_nothing(store, staff):
    def work():
        upsert_customers(store, staff, [row(1), row(2)], all_or_nothing=False)
        raise Crash

    with pytest.raises(Crash):
        store.transact(work)
    assert (everyone(store), store.runs.recent(limit=5)) == ([], [])
    assert list(store.connection.database["changes"].find()) == []


def test_an_id_of_an_earlier_application_can_be_named_whatever_it_looks_like(store, staff):
    short = row(1)
    upsert_customers(store, staff, [short], all_or_nothing=True)
    odd = {"$set": {"customerId": "C\n", "search.id": "c"}}
    store.connection.database["customers"].update_one({}, odd)
    done = upsert_customers(store, staff, [{"customerId": "C", "customerName": "Ada"}], all_or_nothing=True)
    assert [result.outcome for result in done.rows] == ["updated"]
    assert [(one.customer_id, one.customer_name) for one in everyone(store)] == [("C\n", "Ada")]


def test_the_memberships_of_a_list_are_in_force_from_then_on(store, staff):
    done = upsert_customers(store, staff, [row(1, membershipStatus=True)], all_or_nothing=True)
    [member] = everyone(store)
    [interval] = store.memberships.of_customer(member.id)
    assert (interval.begun.decided_by, interval.begun.run, interval.end) == ("person", done.run.id, None)


def test_a_refused_list_names_its_rows_and_the_number_of_them(store, staff):
    with pytest.raises(BulkRefused, match=r"2 of 3 customers") as refused:
        upsert_customers(store, staff, [row(1), {}, row(2, purchaseAmount=-1)], all_or_nothing=True)
    fields = [error.field for error in refused.value.errors]
    assert "customers.1.customerId" in fields
    assert fields[-1] == "customers.2.purchaseAmount"
    assert everyone(store) == []


def test_a_list_that_is_too_long_is_refused_before_anything_is_read(store, staff):
    store.connection.close()
    with pytest.raises(InvalidInput) as refused:
        upsert_customers(store, staff, [row(1)] * (MOST_ROWS + 1), all_or_nothing=False)
    assert [error.field for error in refused.value.errors] == ["customers"]


def test_whoever_may_be_the_same_person_as_a_new_one_is_named(store, staff):
    known = row(1, customerName="Sadia Karim", contactInfo="sadia@shop.com")
    upsert_customers(store, staff, [known], all_or_nothing=True)
    rows = [known, row(2, customerName="Karim Sadia", contactInfo="other@shop.com"), row(3)]
    outcome = upsert_customers(store, staff, rows, all_or_nothing=True)
    told = [[duplicate.message for duplicate in each.duplicates] for each in outcome.rows]
    assert told == [[], ["Sadia Karim (C-001) has the same name."], []]
