"""What an import finds stored is not undone with another import afterwards."""

import io
from concurrent.futures import ThreadPoolExecutor

import pytest

from kinso.errors import Conflict, DatabaseUnavailable, ImportUnderWay, InvalidInput, NotPermitted, StillUnderWay
from kinso.models.accounts import PERMISSIONS, Permission, Role
from kinso.models.customers import CustomerDraft, CustomerQuery
from kinso.models.purchases import LedgerQuery, PurchaseDraft, RefundDraft
from kinso.services.customers.bulk import upsert_customers
from kinso.services.customers.editing import create_customer
from kinso.services.history.runs import recover_interrupted
from kinso.services.history.undo import revert_change
from kinso.services.purchases.recording import record_sale, refund_sale
from kinso.services.shop.checks import check_database
from kinso.services.shop.samples import load_samples
from kinso.services.transfer.customer_imports import import_customers
from kinso.services.transfer.purchase_imports import import_purchases
from tests.support.power_cut import PowerCut

COUNT = 700
PEOPLE = b"customerId,customerName,contactInfo\n" + b"".join(
    b"C-%04d,Ann,ann@shop.com\n" % number for number in range(COUNT)
)
PURCHASES = b"saleId,customerId,date,amount\n" + b"".join(
    b"S-%d,C-%04d,2025-01-31,10\n" % (number, number) for number in range(COUNT)
)
HEADER = b"saleId,customerId,date,amount,kind,refundOf\n"


class Meanwhile(io.BytesIO):
    """A file during whose reading somebody else does something."""

    def __init__(self, content, act):
        super().__init__(content)
        self.act = act

    def read(self, *arguments):
        act, self.act = self.act, lambda: None
        act()
        return super().read(*arguments)


def purchases(store, actor, *rest, **options):
    return import_purchases(store, actor, PURCHASES, *rest, unknown="create", **options)


def person(store, actor, customer_id="P-1", amount=0):
    draft = CustomerDraft(
        customer_id=customer_id, customer_name="Ann", contact_info="ann@shop.com", purchase_amount=amount
    )
    return create_customer(store, actor, draft)


@pytest.mark.parametrize(
    "begin",
    [
        purchases,
        lambda store, actor: import_customers(store, actor, PEOPLE),
        lambda store, actor: load_samples(store, actor, 5),
    ],
    ids=["purchases", "customers", "samples"],
)
def test_while_an_import_is_under_way_no_other_one_begins(store, staff, manager, begin):
    refused = []

    def try_to(done, total):
        if not refused:
            with pytest.raises(ImportUnderWay) as error:
                begin(store, manager)
            refused.append(error.value.message)

    purchases(store, staff, try_to, file_name="till.csv")
    assert refused[0].startswith("An import of “till.csv” by Staff Person is under way, and only one can be at a time;")
    assert store.ledger.count(LedgerQuery(kind="sale")) == COUNT
    assert len(store.runs.recent(limit=5)) == 1


@pytest.mark.parametrize("is_stopped", [False, True])
def test_an_import_that_another_one_came_before_while_it_looked_at_its_file_does_not_begin(store, staff, is_stopped):
    def stop(done, total):
        if is_stopped:
            raise PowerCut

    def other():
        try:
            purchases(store, staff, stop)
        except PowerCut:
            assert is_stopped

    with pytest.raises(ImportUnderWay, match="Another import began meanwhile"):
        import_purchases(store, staff, Meanwhile(HEADER + b"X-1,C-0001,2025-01-31,1,,\n", other), unknown="create")
    assert store.ledger.count(LedgerQuery(kind="sale")) == (0 if is_stopped else COUNT)
    assert store.ledger.get("X-1") is None


@pytest.mark.slow
def test_what_a_crash_left_of_an_import_is_undone_before_the_file_is_imported_again(store, staff, admin, cut_off):
    cut_off(lambda progress: purchases(store, staff, progress))
    assert 0 < store.ledger.count(LedgerQuery(kind="sale")) < COUNT
    assert purchases(store, staff).figures.new == COUNT
    cut_off(lambda progress: import_customers(store, staff, PEOPLE.replace(b"C-", b"N-"), progress))
    assert import_customers(store, staff, PEOPLE.replace(b"C-", b"N-")).created == COUNT
    assert recover_interrupted(store) == 0
    assert (store.customers.count(CustomerQuery()), store.ledger.count(LedgerQuery(kind="sale"))) == (2 * COUNT, COUNT)
    assert check_database(store, admin).findings == []


def test_a_till_that_repeats_a_purchase_of_an_import_under_way_is_told_to_wait(store, staff):
    bought = PurchaseDraft(sale_id="S-0", amount=10)
    refused = []

    def repeat(done, total):
        with pytest.raises(StillUnderWay) as error:
            record_sale(store, staff, store.customers.get_by_customer_id("C-0000").id, bought)
        refused.append(error.value.retry_after)

    purchases(store, staff, repeat)
    assert refused
    assert record_sale(store, staff, store.customers.get_by_customer_id("C-0000").id, bought).repeated


def test_a_list_about_customers_of_an_import_under_way_is_told_to_wait(store, staff):
    row = {"customerId": "C-0000", "customerName": "Ann", "contactInfo": "ann@shop.com"}
    refused = []

    def repeat(done, total):
        with pytest.raises(StillUnderWay):
            upsert_customers(store, staff, [row], all_or_nothing=True)
        refused.append(row)
        upsert_customers(store, staff, [{**row, "customerId": f"Mine-{done}"}], all_or_nothing=True)

    import_customers(store, staff, PEOPLE, repeat)
    assert refused
    assert upsert_customers(store, staff, [row], all_or_nothing=True).rows[0].outcome == "unchanged"


def lose_the_last_answer(store, monkeypatch):
    transact = store.transact

    def without_answer(work):
        result = transact(work)
        if getattr(work, "__name__", "") == "end":
            raise DatabaseUnavailable
        return result

    monkeypatch.setattr(store, "transact", without_answer)


def test_an_import_of_which_only_the_last_answer_was_lost_is_done(store, staff, monkeypatch):
    lose_the_last_answer(store, monkeypatch)
    assert import_customers(store, staff, PEOPLE).run.status == "done"
    assert purchases(store, staff).run.status == "done"


@pytest.fixture
def sold(store, staff):
    ann = person(store, staff, amount=500)
    return record_sale(store, staff, ann.id, PurchaseDraft(sale_id="S-1", amount=100, sold_at="2025-01-30")).entry


REFUND = HEADER + b"F-1,P-1,2025-01-31,-60,refund,S-1\n"


@pytest.mark.parametrize("act", ["refund", "revert"])
def test_a_sale_that_is_refunded_or_undone_meanwhile_is_not_refunded_by_the_file(
    store, staff, admin, sold, monkeypatch, act
):
    take = store.import_locks.take

    def meanwhile(number):
        monkeypatch.undo()
        with ThreadPoolExecutor(1) as till:
            if act == "refund":
                till.submit(refund_sale, store, staff, "S-1", RefundDraft(sale_id="T-1", amount=60)).result()
            else:
                till.submit(revert_change, store, staff, sold.change).result()
        return take(number)

    monkeypatch.setattr(store.import_locks, "take", meanwhile)
    with pytest.raises(Conflict, match=r"S-1 was refunded or undone by someone else .* Nothing was imported"):
        import_purchases(store, staff, REFUND)
    assert store.ledger.get("F-1") is None
    assert store.customers.get(sold.customer).purchase_amount == (540 if act == "refund" else 500)
    assert check_database(store, admin).findings == []


def test_a_file_and_a_till_that_refund_the_same_sale_at_once_do_not_give_too_much_back(store, staff, admin, sold):
    def attempt(number):
        """How many refunds it recorded: a file that comes after the same file is taken, and records nothing."""
        try:
            if number % 2 == 0:
                return import_purchases(store, staff, REFUND).figures.new
            refund_sale(store, staff, "S-1", RefundDraft(sale_id=f"T-{number}", amount=60))
        except (Conflict, InvalidInput):
            return 0
        return 1

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, range(4))) == 1
    assert store.ledger.count(LedgerQuery(kind="refund")) == 1
    assert store.customers.get(sold.customer).purchase_amount == 540
    assert check_database(store, admin).findings == []


def test_a_file_may_refund_what_it_sells(store, staff, admin):
    file = HEADER + b"F-1,P-1,2025-02-01,-40,refund,S-1\nF-2,P-1,2025-02-02,-60,refund,S-1\nS-1,P-1,2025-01-31,100,,\n"
    assert import_purchases(store, staff, file, unknown="create").figures.new == 3
    assert check_database(store, admin).findings == []


NEW = b"customerId,customerName,contactInfo\nN-1,New,new@shop.com\n"
MEMBER = b"customerId,customerName,contactInfo,membershipStatus\nN-1,New,new@shop.com,yes\n"
OTHER_NAME = b"customerId,customerName\nP-1,Other\n"
BOUGHT = HEADER + b"S-1,P-1,2025-01-31,1,,\n"
UNKNOWN = HEADER + b"S-1,N-1,2025-01-31,1,,\n"


def customers_of(file):
    return lambda store, actor: import_customers(store, actor, file)


def list_of(**row):
    return lambda store, actor: upsert_customers(store, actor, [row], all_or_nothing=False)


@pytest.mark.parametrize(
    ("lacking", "work"),
    [
        (Permission.CREATE, customers_of(NEW)),
        (Permission.MEMBERSHIP, customers_of(MEMBER)),
        (Permission.EDIT, customers_of(OTHER_NAME)),
        (Permission.CREATE, list_of(customerId="N-1", customerName="New", contactInfo="new@shop.com")),
        (Permission.EDIT, list_of(customerId="P-1", customerName="Other")),
        (Permission.MEMBERSHIP, list_of(customerId="P-1", membershipStatus=True)),
        (Permission.PURCHASES, lambda store, actor: import_purchases(store, actor, BOUGHT)),
        (Permission.CREATE, lambda store, actor: import_purchases(store, actor, UNKNOWN, unknown="create")),
    ],
)
def test_an_import_does_nothing_that_the_person_may_not_do_without_it(store, staff, monkeypatch, lacking, work):
    ann = person(store, staff)
    monkeypatch.setitem(PERMISSIONS, Role.STAFF, PERMISSIONS[Role.STAFF] - {lacking})
    with pytest.raises(NotPermitted):
        work(store, staff)
    assert list(store.customers.iterate(CustomerQuery())) == [ann]
    assert store.runs.recent(limit=5) == []
