"""Many customers deleted at once, and brought back; or erased, which nothing brings back."""

from decimal import Decimal

import pytest

from kinso.errors import Conflict, InvalidInput
from kinso.models.bulk import Chosen
from kinso.models.customers import CustomerDraft, CustomerPatch, CustomerQuery
from kinso.models.filters import read_filter
from kinso.services.customers.bulk_removal import delete_customers, erase_customers, plan_deletion, plan_erasure
from kinso.services.customers.editing import create_customer, update_customer
from kinso.services.history import runs
from kinso.services.history.runs import list_runs, recover_interrupted
from kinso.services.history.undo import undo_run
from kinso.services.shop.checks import check_database

POOR = Chosen(CustomerQuery(filter=read_filter({"fact": "purchaseAmount", "is": "<", "value": 300})))


@pytest.fixture
def base(store, manager):
    return [
        create_customer(
            store,
            manager,
            CustomerDraft(
                customer_id=f"C-{number}",
                customer_name=f"Name {number}",
                contact_info=f"{number}@shop.com",
                purchase_amount=number * 100,
                membership_status=number == 1,
            ),
        )
        for number in range(5)
    ]


def everybody(store):
    return {
        customer.customer_id: customer.model_dump(exclude={"version", "updated_at"})
        for customer in store.customers.iterate(CustomerQuery())
    }


def test_exactly_those_of_the_plan_go_to_the_trash_and_an_undo_brings_them_back(store, manager, admin, base):
    before = everybody(store)
    plan = plan_deletion(store, manager, POOR)
    assert (plan.count, plan.total) == (3, Decimal("300.00"))
    assert {each.customer_id for each in plan.first} == {"C-0", "C-1", "C-2"}
    run = delete_customers(store, manager, plan)
    assert (run.kind, run.matched, run.changed) == ("bulk-delete", 3, 3)
    assert everybody(store).keys() == {"C-3", "C-4"}
    assert store.trash.count() == 3
    assert check_database(store, admin).findings == []
    undo_run(store, manager, run.id)
    assert everybody(store) == before
    assert check_database(store, admin).findings == []


def test_whoever_changed_since_the_plan_stays_and_is_named(store, manager, base):
    plan = plan_deletion(store, manager, Chosen(ids=(base[0].id, base[1].id)))
    update_customer(store, manager, base[1].id, CustomerPatch(customer_name="Bea"))
    run = delete_customers(store, manager, plan)
    assert (run.changed, everybody(store).keys()) == (1, {"C-1", "C-2", "C-3", "C-4"})
    assert [(each.customer_id, each.reason) for each in run.exceptions] == [("C-1", "was changed by someone meanwhile")]


def test_an_interrupted_deletion_is_rolled_back(store, manager, admin, base, cut_off, monkeypatch):
    monkeypatch.setattr(runs, "BATCH", 2)
    plan = plan_deletion(store, manager, Chosen())
    cut_off(lambda progress: delete_customers(store, manager, plan, on_progress=progress))
    assert store.trash.count() == 2
    recover_interrupted(store, -runs.SILENCE)
    assert (store.trash.count(), len(everybody(store))) == (0, 5)
    assert check_database(store, admin).findings == []


def test_an_erasure_takes_the_number_of_them_and_cannot_be_undone(store, manager, admin, base):
    plan = plan_erasure(store, manager, POOR)
    with pytest.raises(InvalidInput, match="which is 3"):
        erase_customers(store, manager, plan, confirm=2)
    assert list_runs(store, manager) == []
    run = erase_customers(store, manager, plan, confirm=3)
    assert (run.kind, run.matched, run.changed, run.parameters) == ("bulk-erase", 3, 3, {"selected": 3})
    assert {each["customer_name"] for each in everybody(store).values()} == {"(erased)", "Name 3", "Name 4"}
    assert sum(each["purchase_amount"] for each in everybody(store).values()) == 1000
    assert {change.customer_id for change in store.changes.of_run(run.id)} == {f"erased-{each.id}" for each in base[:3]}
    with pytest.raises(Conflict, match="gone for good"):
        undo_run(store, manager, run.id)
    assert check_database(store, admin).findings == []


def test_an_erasure_that_is_cut_off_ends_with_those_it_came_to(store, manager, admin, base, cut_off):
    plan = plan_erasure(store, manager, POOR)
    cut_off(lambda progress: erase_customers(store, manager, plan, confirm=3, on_progress=progress))
    recover_interrupted(store, -runs.SILENCE)
    [run] = list_runs(store, manager)
    assert (run.status, run.matched, run.changed) == ("done", 3, 1)
    assert [each["customer_name"] for each in everybody(store).values()].count("(erased)") == 1
    assert check_database(store, admin).findings == []
