"""The ID that is proposed for the next customer."""

import threading

import pytest

from kinso.errors import DuplicateCustomerId
from kinso.models.customers import CustomerDraft
from kinso.models.validation import parse
from kinso.repository.documents import now
from kinso.services.customers.editing import create_customer, delete_customer
from kinso.services.customers.registering import propose_customer_id


def draft(customer_id, name="Somebody"):
    return parse(CustomerDraft, {"customerId": customer_id, "customerName": name, "contactInfo": "s@example.com"})


@pytest.fixture
def add(store, staff):
    return lambda customer_id: create_customer(store, staff, draft(customer_id))


@pytest.mark.parametrize(
    ("existing", "proposed"),
    [
        ([], "C-0001"),
        (["Smith"], "C-0001"),
        (["C-0042"], "C-0043"),
        (["C-0099"], "C-0100"),
        (["C-9998", "C-9999"], "C-10000"),
        (["999"], "1000"),
        (["C-2", "c-3", "C-1"], "C-4"),
        (["C-0001", "C-0002", "VIP-7"], "C-0003"),
        (["C-0001", "C-0002", "C-9999"], "C-0003"),
        (["2026/001/K", "2026/002/K"], "2026/003/K"),
        (["Kunde 08", "Kunde 09"], "Kunde 10"),
        (["+8801711234567", "+8801911999888", "+8801811234567"], "C-0001"),
        (["x" * 63 + "9"], "C-0001"),
    ],
)
def test_the_next_number_of_the_shops_own_pattern_is_proposed(store, staff, add, existing, proposed):
    for customer_id in existing:
        add(customer_id)
    assert propose_customer_id(store, staff) == proposed


def test_what_is_higher_than_the_recent_ones_is_passed_over(store, staff):
    """Whoever was registered first may have the highest number, after an import in another order."""
    store.customers.insert_many([draft(f"C-{number:04}") for number in range(400, 0, -1)], now())
    assert propose_customer_id(store, staff) == "C-0401"


def test_the_id_of_somebody_in_the_trash_is_left_to_them(store, staff, manager, add):
    add("C-1")
    delete_customer(store, manager, add("C-2").id)
    assert propose_customer_id(store, staff) == "C-3"


def test_a_proposal_that_somebody_took_meanwhile_becomes_the_next_free_one(store, staff, add):
    add("C-1")
    assert add("C-2").customer_id == "C-2"
    assert create_customer(store, staff, draft("C-2"), is_proposed=True).customer_id == "C-3"
    with pytest.raises(DuplicateCustomerId):
        create_customer(store, staff, draft("C-2"))


def test_people_who_register_at_once_get_an_id_each(store, staff, add):
    add("C-1")
    proposed = propose_customer_id(store, staff)
    together, got = threading.Barrier(4), []

    def register():
        together.wait()
        got.append(create_customer(store, staff, draft(proposed), is_proposed=True).customer_id)

    threads = [threading.Thread(target=register) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == ["C-2", "C-3", "C-4", "C-5"]
