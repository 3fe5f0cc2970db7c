from datetime import UTC, datetime, timedelta

import pytest

from kinso.errors import InvalidInput, NotPermitted
from kinso.models.customers import CustomerDraft, CustomerPatch, CustomerQuery
from kinso.models.purchases import PURCHASE_KINDS, LedgerQuery
from kinso.repository.documents import now
from kinso.services.customers.editing import create_customer, update_customer
from kinso.services.shop import samples
from kinso.services.shop.checks import check_database
from kinso.services.shop.samples import load_samples

BY_ID = CustomerQuery(sort_by="customerId", sort_order="asc")


def test_samples_are_registered_over_the_last_two_years_and_recorded_as_one_run(store, staff):
    before = now()
    assert load_samples(store, staff, 700) == 700
    customers = list(store.customers.iterate(BY_ID))
    assert [customer.customer_id for customer in customers] == [f"C-{number:06}" for number in range(1, 701)]
    moments = sorted(customer.created_at for customer in customers)
    assert before - timedelta(days=731) < moments[0] < before - timedelta(days=600)
    assert before - timedelta(days=30) < moments[-1] <= now()
    [run] = store.runs.recent(limit=5)
    assert (run.kind, run.status, run.changed, run.parameters) == ("import", "done", 700, {"samples": 700})
    assert len(store.changes.customers_of_run(run.id, limit=1000)) == 700


def test_samples_can_be_loaded_again_and_only_the_missing_ones_are_added(store, staff):
    mine = create_customer(
        store, staff, CustomerDraft(customer_id="c-000003", customer_name="Mine", contact_info="mine@shop.com")
    )
    assert load_samples(store, staff, 5) == 4
    assert load_samples(store, staff, 5) == 0
    assert load_samples(store, staff, 8) == 3
    assert store.customers.get(mine.id) == mine
    assert len(store.runs.recent(limit=5)) == 2


def everything(store):
    people = {customer.id: customer for customer in store.customers.iterate(BY_ID)}
    told = [
        (each.customer_id, each.customer_name, each.contact_info, each.purchase_amount, each.created_at)
        for each in people.values()
    ]
    bought = sorted(
        (each.sale_id, people[each.customer].customer_id, each.amount, each.sold_at, str(each.refund_of))
        for each in store.ledger.iterate(LedgerQuery())
        if each.kind in PURCHASE_KINDS
    )
    return told, bought


def test_the_same_samples_come_all_day(store, staff, monkeypatch):
    seen = []
    for hour in (0, 9, 23):
        for name in ("customers", "sales", "changes", "memberships"):
            store.connection.database[name].delete_many({})
        moment = datetime(2025, 6, 30, hour, 59, 58, tzinfo=UTC)
        monkeypatch.setattr(samples, "now", lambda moment=moment: moment)
        load_samples(store, staff, 50)
        seen.append(everything(store))
    assert seen[0] == seen[1] == seen[2]
    [people, bought] = seen[0]
    assert all(created < moment for *_, created in people)
    assert {sale_id[:9] for sale_id, *_ in bought} > {"S-000001-", "S-000050-"}


def test_a_sample_whose_id_was_changed_does_not_keep_it_from_being_registered_anew(store, staff, admin):
    load_samples(store, staff, 5)
    moved = store.customers.get_by_customer_id("C-000001")
    update_customer(store, staff, moved.id, CustomerPatch(customer_id="MINE-1"))
    assert load_samples(store, staff, 5) == 1
    assert store.customers.get_by_customer_id("C-000001").purchase_amount == moved.purchase_amount
    assert check_database(store, admin).findings == []


def test_samples_bought_what_their_amounts_say_since_they_registered(store, staff, admin):
    load_samples(store, staff, 300)
    registered = {customer.id: customer.created_at for customer in store.customers.iterate(BY_ID)}
    entries = list(store.ledger.iterate(LedgerQuery()))
    assert {entry.kind for entry in entries} == {"sale", "refund", "opening"}
    assert all(registered[entry.customer] <= entry.sold_at <= now() for entry in entries)
    assert [finding for finding in check_database(store, admin).findings if finding.customer] == []


@pytest.mark.slow
def test_samples_that_are_stopped_are_all_undone(store, staff):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_samples(store, staff, 700, stop)
    assert store.customers.count(CustomerQuery()) == 0
    assert store.runs.recent(limit=1)[0].status == "rolled-back"


@pytest.mark.parametrize("count", [0, -1, 10**9])
def test_a_number_that_makes_no_sense_is_refused(store, staff, count):
    with pytest.raises(InvalidInput, match="number of samples"):
        load_samples(store, staff, count)


def test_an_analyst_may_not_load_samples(store, analyst):
    with pytest.raises(NotPermitted):
        load_samples(store, analyst, 5)


def test_samples_can_be_loaded_in_memory(mock_store, staff):
    assert load_samples(mock_store, staff, 20) == 20
    assert mock_store.customers.count(CustomerQuery(search="c-000020")) == 1
