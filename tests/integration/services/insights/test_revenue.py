"""What the till took stays in the revenue, whatever becomes of the customer, and counts once."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinso.errors import Conflict
from kinso.models.customers import CustomerDraft, CustomerQuery
from kinso.models.membership import Rule
from kinso.models.purchases import LedgerQuery, PurchaseDraft, RefundDraft
from kinso.models.rule_bases import basis_of
from kinso.repository.documents import now
from kinso.services.customers.editing import create_customer, delete_customer
from kinso.services.history.trash import complete_revenue, empty_trash, erase_person, restore_customers
from kinso.services.history.undo import revert_change, undo_run
from kinso.services.insights import get_sales_months, get_statistics, month_starts
from kinso.services.purchases.recording import record_sale, refund_sale
from kinso.services.shop.checks import check_database
from kinso.services.transfer.exports import export_ledger
from kinso.services.transfer.purchase_imports import import_purchases
from tests.support.examples import fewer_examples


@pytest.fixture(autouse=True)
def _always_in_order(store, admin):
    yield
    assert [finding.sentence for finding in check_database(store, admin).findings] == []


@pytest.fixture
def ann(store, staff):
    return register(store, staff, "C-ann", 300)


def register(store, staff, customer_id, amount=0):
    draft = CustomerDraft(
        customer_id=customer_id, customer_name="Somebody", contact_info="a@shop.com", purchase_amount=amount
    )
    return create_customer(store, staff, draft)


def buy(store, staff, customer, sale_id, amount, **more):
    return record_sale(store, staff, customer.id, PurchaseDraft(sale_id=sale_id, amount=Decimal(amount), **more)).entry


def this_month(store, actor):
    """Revenue, sales, new and returning customers."""
    starts = month_starts(now(), 1)
    [month] = get_sales_months(store, actor, starts)
    assert store.sales_figures.totals_between(starts)[0].revenue == month.revenue
    return float(month.revenue), month.sales, month.new_customers, month.returning_customers


def age_trash(connection):
    connection.database["trash"].update_many({}, {"$set": {"deletedAt": datetime.now(UTC) - timedelta(days=31)}})


class TestADeletedCustomer:
    @pytest.fixture(autouse=True)
    def _bought(self, store, staff, ann):
        buy(store, staff, ann, "S-0", 50, sold_at=now() - timedelta(days=100))
        buy(store, staff, ann, "S-1", 200)
        refund_sale(store, staff, "S-1", RefundDraft(amount=Decimal(20), sale_id="R-1"))
        buy(store, staff, register(store, staff, "C-bob"), "S-2", 7)

    BEFORE = (187.0, 2, 1, 1)

    def test_leaves_the_totals_of_customers_and_stays_in_the_revenue(self, store, manager, ann):
        assert this_month(store, manager) == self.BEFORE
        delete_customer(store, manager, ann.id)
        assert this_month(store, manager) == self.BEFORE
        found = get_statistics(store, manager)
        assert (found.total_customers, found.total_purchase_amount) == (1, 7)

    def test_is_in_no_list_of_customers_or_of_the_ledger(self, store, manager, ann):
        delete_customer(store, manager, ann.id)
        assert [sale.sale_id for sale in store.ledger.iterate(LedgerQuery())] == ["S-2"]
        assert b"S-1" not in b"".join(export_ledger(store, manager))
        rule = Rule(Decimal(1), basis_of("last-12-months"), now() - timedelta(days=1))
        assert [each.amount for each in store.spenders(rule).largest("eligible", limit=9)] == [7]

    def test_counts_once_after_being_restored_as_often_as_that_is_done(self, store, manager, ann):
        for _ in range(2):
            delete_customer(store, manager, ann.id)
            restore_customers(store, manager, [ann.id])
            assert this_month(store, manager) == self.BEFORE
        assert get_statistics(store, manager).total_purchase_amount == 537

    def test_stays_in_the_revenue_when_the_restoration_is_undone(self, store, manager, ann):
        delete_customer(store, manager, ann.id)
        restore_customers(store, manager, [ann.id])
        [restored] = store.changes.of_customer(ann.id, limit=1)
        revert_change(store, manager, restored.id)
        assert this_month(store, manager) == self.BEFORE

    def test_stays_when_the_trash_is_emptied_and_when_the_person_is_erased(self, store, connection, manager, ann):
        delete_customer(store, manager, ann.id)
        age_trash(connection)
        assert empty_trash(store) == 1
        assert this_month(store, manager) == self.BEFORE
        erase_person(store, manager, ann.id)
        assert this_month(store, manager) == self.BEFORE

    def test_that_is_registered_and_recorded_anew_counts_once(self, store, connection, manager, staff, ann):
        delete_customer(store, manager, ann.id)
        age_trash(connection)
        empty_trash(store)
        again = register(store, staff, "C-ann")
        buy(store, staff, again, "S-1", 200)
        refund_sale(store, staff, "S-1", RefundDraft(amount=Decimal(20), sale_id="R-1"))
        assert this_month(store, manager)[:2] == self.BEFORE[:2]

    def test_that_is_registered_anew_and_deleted_again_holds_the_sale_id_once_more(
        self, store, connection, manager, staff, ann
    ):
        delete_customer(store, manager, ann.id)
        age_trash(connection)
        empty_trash(store)
        again = register(store, staff, "C-ann")
        buy(store, staff, again, "S-1", 180)
        delete_customer(store, manager, again.id)
        # The earlier entry comes last in whatever order the database tells them.
        earlier = connection.database["sales"].find_one({"saleId": "S-1", "customer": ann.id})
        connection.database["sales"].delete_one({"_id": earlier["_id"]})
        connection.database["sales"].insert_one(earlier)
        with pytest.raises(Conflict, match="belongs to customer C-ann, who is deleted"):
            buy(store, manager, register(store, staff, "C-cleo"), "S-1", 5)

    def test_does_not_give_way_to_another_sale_under_a_free_id(self, store, connection, manager, staff, ann):
        delete_customer(store, manager, ann.id)
        age_trash(connection)
        empty_trash(store)
        buy(store, staff, register(store, staff, "C-cleo"), "S-1", 5)
        assert this_month(store, manager)[0] == 192


class TestAnUndoneImport:
    FILE = b"saleId,customerId,date,amount,kind,refundOf\nS-1,C-new,%b,70,sale,\nR-1,C-new,%b,-5,refund,S-1\n" % (
        (f"{datetime.now(UTC):%Y-%m-%d}".encode(),) * 2
    )

    def test_takes_the_purchases_of_whom_it_registered_out_of_the_revenue(self, store, manager):
        run = import_purchases(store, manager, self.FILE, unknown="create").run
        assert this_month(store, manager) == (65.0, 1, 1, 0)
        undo = undo_run(store, manager, run.id)
        assert store.customers.count(CustomerQuery()) == 0
        assert this_month(store, manager) == (0, 0, 0, 0)
        again = undo_run(store, manager, undo.id)
        assert this_month(store, manager) == (65.0, 1, 1, 0)
        undo_run(store, manager, again.id)
        assert this_month(store, manager) == (0, 0, 0, 0)

    def test_and_the_file_may_be_imported_again(self, store, manager):
        for _ in range(2):
            run = import_purchases(store, manager, self.FILE, unknown="create").run
            assert this_month(store, manager)[0] == 65
            undo_run(store, manager, run.id)


def test_who_was_deleted_before_counts_again_but_for_whose_registration_was_undone(
    store, connection, staff, manager, ann
):
    buy(store, staff, ann, "S-1", 200)
    cleo = register(store, staff, "C-cleo")
    buy(store, staff, cleo, "S-2", 30)
    run = import_purchases(store, manager, TestAnUndoneImport.FILE.replace(b"S-1", b"S-9"), unknown="create").run
    undo_run(store, manager, run.id)
    for customer in (ann, cleo):
        delete_customer(store, manager, customer.id)
    connection.database["trash"].delete_one({"customer.customerId": "C-cleo"})
    connection.database["sales"].update_many({}, {"$unset": {"revenueOnly": ""}})
    assert this_month(store, manager)[0] == 0
    for _ in range(2):
        complete_revenue(store)
        assert this_month(store, manager)[0] == 230
    restore_customers(store, manager, [ann.id])
    assert this_month(store, manager)[0] == 230


actions = st.lists(
    st.tuples(st.sampled_from(["buy", "refund", "delete", "restore", "empty", "erase"]), st.integers(0, 2)), max_size=12
)


@pytest.mark.slow
@fewer_examples()
@given(actions)
def test_whatever_is_done_to_customers_the_revenue_is_what_the_till_took(store, connection, manager, done):
    for name in ("customers", "trash", "changes", "memberships", "sales"):
        connection.database[name].delete_many({})
    customers = [register(store, manager, f"C-{number}", 10).id for number in range(3)]
    took = Decimal(0)
    for step, (action, number) in enumerate(done):
        id = customers[number]
        is_there, is_deleted = store.customers.get(id) is not None, store.trash.get(id) is not None
        if action == "buy" and is_there:
            record_sale(store, manager, id, PurchaseDraft(sale_id=f"S-{step}", amount=step + 1))
            took += step + 1
        elif action == "refund" and is_there:
            sale = next((each for each in store.ledger.iterate(LedgerQuery(customer=id, kind="sale"))), None)
            if sale and not store.ledger.refunds_of(sale):
                refund_sale(store, manager, sale.sale_id, RefundDraft(amount=Decimal("0.50")))
                took -= Decimal("0.50")
        elif action == "delete" and is_there:
            delete_customer(store, manager, id)
        elif action == "restore" and is_deleted:
            restore_customers(store, manager, [id])
        elif action == "empty":
            age_trash(connection)
            empty_trash(store)
        elif action == "erase" and (is_there or is_deleted):
            erase_person(store, manager, id)
    assert this_month(store, manager)[0] == took
