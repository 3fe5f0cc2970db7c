"""Nobody can build on an import that has not ended, so that all of one that is killed can be undone."""

import subprocess
import sys
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from kinso.errors import BeingImported, Conflict
from kinso.models.customers import CustomerDraft, CustomerEdit, CustomerPatch, CustomerQuery
from kinso.models.purchases import PurchaseDraft, RefundDraft
from kinso.services.application import ApplicationContext
from kinso.services.customers.bulk import upsert_customers
from kinso.services.customers.editing import create_customer, delete_customer, set_membership, update_customer
from kinso.services.customers.saving import save_edits
from kinso.services.history.runs import recover_interrupted
from kinso.services.history.trash import erase_person
from kinso.services.history.undo import revert_change, undo_run
from kinso.services.membership.activation import (
    activate_at_threshold,
    demote_below_threshold,
    plan_demotion,
    set_membership_of_selected,
)
from kinso.services.purchases.recording import record_sale, refund_sale
from kinso.services.shop.checks import check_database
from kinso.services.transfer.customer_imports import import_customers
from kinso.services.transfer.purchase_imports import import_purchases
from tests.support.processes import until

HEADER = "customerId,customerName,contactInfo,purchaseAmount\n"
FILE = f"{HEADER}OLD-1,After,,500\nOLD-2,After,,\nNEW-1,New,new@shop.com,900\n".encode()


@pytest.fixture
def old(store, manager):
    """Customers from before the import: one with a purchase, both members by the rule, one made so by hand later."""
    drafts = [
        CustomerDraft(customer_id=f"OLD-{number}", customer_name="Before", contact_info="old@shop.com")
        for number in (1, 2)
    ]
    found = {draft.customer_id: create_customer(store, manager, draft) for draft in drafts}
    record_sale(store, manager, found["OLD-1"].id, PurchaseDraft(sale_id="S-1", amount=100))
    return found


@pytest.fixture
def unfinished(store, staff, old, cut_off):
    """An import that wrote to all of them and was killed."""
    cut_off(lambda progress: import_customers(store, staff, FILE, progress))
    return {customer.customer_id: customer for customer in store.customers.iterate(CustomerQuery())}


def assert_all_is_reverted(store, admin, before):
    assert recover_interrupted(store) == 1
    now = {customer.customer_id: customer for customer in store.customers.iterate(CustomerQuery())}
    assert now.keys() == before.keys()
    assert {customer.customer_name for customer in now.values()} == {"Before"}
    assert {id: customer.purchase_amount for id, customer in now.items()} == {"OLD-1": 100, "OLD-2": 0}
    assert not any(customer.membership_status for customer in now.values())
    assert check_database(store, admin).findings == []


def latest_change(store, customer):
    return store.changes.of_customer(customer.id, limit=1)[0].id


WRITERS = {
    "edit": lambda store, actor, who: update_customer(store, actor, who.id, CustomerPatch(contact_info="a@b.com")),
    "membership": lambda store, actor, who: set_membership(store, actor, who.id, membership_status=True),
    "sale": lambda store, actor, who: record_sale(store, actor, who.id, PurchaseDraft(amount=5)),
    "deletion": lambda store, actor, who: delete_customer(store, actor, who.id),
    "erasure": lambda store, actor, who: erase_person(store, actor, who.id),
    "list": lambda store, actor, who: upsert_customers(
        store, actor, [{"customerId": who.customer_id, "contactInfo": "a@b.com"}], all_or_nothing=False
    ),
}


@pytest.mark.parametrize("customer_id", ["NEW-1", "OLD-2"])
@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_who_writes_to_a_customer_of_an_unfinished_import_is_told_to_wait(
    store, admin, old, unfinished, customer_id, write
):
    with pytest.raises(BeingImported, match=f"Customer {customer_id} is in an import") as told:
        write(store, admin, unfinished[customer_id])
    assert told.value.retry_after > 0
    assert store.customers.get(unfinished[customer_id].id) == unfinished[customer_id]
    assert_all_is_reverted(store, admin, old)


def test_a_refund_waits_for_an_unfinished_import(store, admin, old, unfinished):
    with pytest.raises(BeingImported):
        refund_sale(store, admin, "S-1", RefundDraft(amount=5))
    assert_all_is_reverted(store, admin, old)


def test_a_change_of_an_unfinished_import_cannot_be_undone_alone(store, admin, old, unfinished):
    with pytest.raises(Conflict, match="NEW-1 is in an import"):
        revert_change(store, admin, latest_change(store, unfinished["NEW-1"]))
    assert_all_is_reverted(store, admin, old)


def test_what_was_typed_into_the_grid_stays_with_the_reason(store, admin, old, unfinished):
    typed = [CustomerEdit(unfinished["NEW-1"], {"contactInfo": "a@b.com"})]
    [outcome] = save_edits(store, admin, typed)
    assert [error.field for error in outcome.errors] == ["contactInfo"]
    assert "wait until it has" in outcome.errors[0].message
    assert outcome.current == unfinished["NEW-1"]
    assert_all_is_reverted(store, admin, old)


BULK = {
    "activation": lambda store, actor, ids: activate_at_threshold(store, actor, 100),
    "by hand": lambda store, actor, ids: set_membership_of_selected(store, actor, ids, membership_status=True),
}


@pytest.mark.parametrize("change", BULK.values(), ids=BULK)
def test_a_bulk_change_leaves_customers_of_an_unfinished_import_alone_and_names_them(
    store, admin, old, unfinished, change
):
    run = change(store, admin, [customer.id for customer in unfinished.values()])
    assert run.changed == 0
    assert {exception.customer_id for exception in run.exceptions} >= {"NEW-1", "OLD-1"}
    assert {exception.reason for exception in run.exceptions} == {"is in an import that has not ended yet"}
    assert_all_is_reverted(store, admin, old)


def test_a_bulk_change_still_reaches_everybody_else(store, admin, old, unfinished):
    other = create_customer(
        store, admin, CustomerDraft(customer_id="C-3", customer_name="Before", contact_info="c@d.com")
    )
    run = set_membership_of_selected(store, admin, [other.id, unfinished["NEW-1"].id], membership_status=True)
    assert (run.changed, run.exception_count) == (1, 1)
    assert store.customers.get(other.id).membership_status


def test_a_demotion_leaves_members_of_an_unfinished_import_alone(store, admin, cut_off, old):
    activate_at_threshold(store, admin, 100)
    plan = plan_demotion(store, admin)
    cut_off(lambda progress: import_customers(store, admin, f"{HEADER}OLD-1,After,,\n".encode(), progress))
    run = demote_below_threshold(store, admin, plan)
    assert (run.changed, run.exception_count) == (0, 1)
    assert recover_interrupted(store) == 1
    assert store.customers.get(old["OLD-1"].id).membership_status
    assert check_database(store, admin).findings == []


def test_an_earlier_run_cannot_be_undone_beneath_an_unfinished_import(store, admin, old, cut_off):
    run = activate_at_threshold(store, admin, 100)
    cut_off(lambda progress: import_customers(store, admin, FILE, progress))
    undone = undo_run(store, admin, run.id)
    assert (undone.changed, [each.customer_id for each in undone.exceptions]) == (0, ["OLD-1"])
    recover_interrupted(store)
    undo_run(store, admin, undone.id)
    assert undo_run(store, admin, run.id).changed == 1
    assert_clean_and_as_before(store, admin, old)


def assert_clean_and_as_before(store, admin, old):
    assert {customer.customer_id for customer in store.customers.iterate(CustomerQuery())} == old.keys()
    assert not store.customers.count(CustomerQuery(membership_status=True))
    assert check_database(store, admin).findings == []


def test_customers_of_purchases_whose_import_has_not_ended_wait_as_well(store, admin, old, cut_off):
    file = b"saleId,customerId,date,amount\nS-2,OLD-1,2025-01-31,400\nS-3,NEW-1,2025-01-31,900\n"
    cut_off(lambda progress: import_purchases(store, admin, file, progress, unknown="create"))
    people = {customer.customer_id: customer for customer in store.customers.iterate(CustomerQuery())}
    for customer_id in ("OLD-1", "NEW-1"):
        with pytest.raises(BeingImported):
            record_sale(store, admin, people[customer_id].id, PurchaseDraft(amount=500))
    assert activate_at_threshold(store, admin, 500).changed == 0
    assert_all_is_reverted(store, admin, old)


def test_an_undo_of_an_import_that_has_not_ended_cannot_be_built_upon_either(store, admin, old, cut_off):
    run = import_customers(store, admin, FILE).run
    cut_off(lambda progress: undo_run(store, admin, run.id, on_progress=progress))
    with pytest.raises(BeingImported):
        update_customer(store, admin, old["OLD-2"].id, CustomerPatch(customer_name="Mine"))
    assert recover_interrupted(store) == 1
    assert store.customers.get(old["OLD-2"].id).customer_name == "After"
    assert undo_run(store, admin, run.id).changed == 3
    assert check_database(store, admin).findings == []


def test_a_cut_off_bulk_change_beneath_an_import_waits_for_its_end(store, admin, old, cut_off):
    """Undone first, its membership would come back with the import's."""
    cut_off(lambda progress: activate_at_threshold(store, admin, 100, on_progress=progress))
    out = f"{HEADER.strip()},membershipStatus\nOLD-1,After,,,no\n".encode()
    cut_off(lambda progress: import_customers_beside(store, admin, out, progress))
    assert recover_interrupted(store) == 2
    assert_clean_and_as_before(store, admin, old)


def import_customers_beside(store, actor, file, progress):
    """An import that does not wait for what another process left."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kinso.services.transfer.customer_imports.recover_interrupted", lambda store: 0)
        import_customers(store, actor, file, progress)


def test_the_import_itself_goes_on_to_its_end(store, staff, admin):
    rows = "".join(f"C-{number:04},Ann,ann@shop.com,1\n" for number in range(1100))
    result = import_customers(store, staff, f"{HEADER}{rows}".encode())
    assert (result.created, result.run.status) == (1100, "done")
    update_customer(
        store, staff, store.customers.get_by_customer_id("C-0001").id, CustomerPatch(contact_info="new@b.com")
    )
    assert check_database(store, admin).findings == []


@contextmanager
def importing_process(settings, count):
    """A process that imports, and stands still after its first batch."""
    command = [sys.executable, "-m", "tests.support.importer", settings.mongodb_uri, settings.database, str(count)]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[4], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "halfway\n"
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def looked_after(store, settings):
    """What a running app does for its database."""
    application = ApplicationContext(settings, store)
    application.prepare()
    application.maintain()
    try:
        yield
    finally:
        application._closing.set()
        application._maintenance.join()


@pytest.mark.slow
def test_of_an_import_that_is_killed_while_others_work_nothing_stays(store, settings, manager, admin):
    """People work on with its customers, the process is killed, and within seconds Kinso undoes all of it."""
    with importing_process(settings, 900) as importing, looked_after(store, settings):
        store.mirror.catch_up()
        half = store.customers.count(CustomerQuery())
        assert 0 < half < 900
        some = list(store.customers.iterate(CustomerQuery()))[:60]
        for customer in some[:20]:
            with pytest.raises(BeingImported):
                update_customer(store, manager, customer.id, CustomerPatch(customer_name="Edited"))
            with pytest.raises(BeingImported):
                record_sale(store, manager, customer.id, PurchaseDraft(amount=10))
            with pytest.raises(BeingImported):
                delete_customer(store, manager, customer.id)
        assert activate_at_threshold(store, manager, Decimal(50)).changed == 0
        importing.kill()
        # Until it is waited for it counts as one that runs, and its silence would have to be waited for.
        importing.wait()
        until(lambda: store.customers.count(CustomerQuery()) == 0, "the import is undone")
    assert store.trash.count() == 0
    assert check_database(store, admin).findings == []
