"""The way back from an import of purchases, and the memberships that it begins."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinso.errors import Conflict, DuplicateCustomerId
from kinso.models.customers import CustomerDraft, CustomerPatch, CustomerQuery
from kinso.models.purchases import LedgerQuery, PurchaseDraft, RefundDraft
from kinso.models.shop import ShopSettings
from kinso.models.transfer.plans import ImportChoices
from kinso.services.customers.editing import create_customer, update_customer
from kinso.services.history.runs import BATCH
from kinso.services.history.trash import restore_customers
from kinso.services.history.undo import revert_change, undo_run
from kinso.services.purchases.recording import record_sale, refund_sale
from kinso.services.shop.checks import check_database
from kinso.services.shop.settings import save_shop_settings
from kinso.services.transfer.purchase_imports import import_purchases, preview_purchases
from tests.support.cdnow import EXTRACT, WHOLE, purchases_csv, totals
from tests.support.examples import fewer_examples

HEADER = "saleId,customerId,date,amount\n"
KNOWN, BOTH = (
    "C-KNOWN",
    f"{HEADER}S-1,C-KNOWN,2025-01-31,60\nS-2,C-NEW,2025-02-01,70\nS-3,C-SMALL,2025-02-01,1\n".encode(),
)


@pytest.fixture(autouse=True)
def _everything_still_holds(store, admin):
    yield
    assert check_database(store, admin).findings == []


@pytest.fixture
def ada(store, staff):
    draft = CustomerDraft(customer_id=KNOWN, customer_name="Ada", contact_info="ada@example.com", purchase_amount=5)
    return create_customer(store, staff, draft)


@pytest.fixture
def activating(store, admin):
    save_shop_settings(store, admin, ShopSettings(threshold=Decimal(65), activate_on_purchase=True))


def imported(store, actor, source=BOTH):
    on_top = ImportChoices(opening_balance="keep")
    return import_purchases(store, actor, source, unknown="create", file_name="till.csv", choices=on_top)


def state(store):
    everyone = store.customers.iterate(CustomerQuery())
    return {each.customer_id: (str(each.purchase_amount), each.membership_status) for each in everyone}


def purchases(store):
    return {sale.sale_id for sale in store.ledger.iterate(LedgerQuery(kind="sale"))}


def test_undo_takes_off_exactly_what_was_added(store, manager, ada):
    run = imported(store, manager).run
    record_sale(store, manager, ada.id, PurchaseDraft(sale_id="T-1", amount=7))
    undo = undo_run(store, manager, run.id)
    assert state(store) == {KNOWN: ("12.00", False)}
    assert purchases(store) == {"T-1"}
    assert (undo.matched, undo.changed, undo.exception_count) == (3, 3, 0)


def test_after_the_undo_the_file_can_be_imported_again(store, manager, ada):
    before = imported(store, manager).figures
    after = state(store)
    undo_run(store, manager, store.runs.recent(limit=1)[0].id)
    assert imported(store, manager).figures == before
    assert state(store) == after
    with pytest.raises(DuplicateCustomerId):
        restore_customers(store, manager, [store.trash.latest(limit=1)[0].id])
    assert preview_purchases(store, manager, BOTH).figures.recorded == 3


@pytest.mark.usefixtures("activating")
def test_undoing_the_undo_brings_everything_back(store, manager, ada):
    run = imported(store, manager).run
    after = state(store)
    undo = undo_run(store, manager, run.id)
    assert state(store) == {KNOWN: ("5.00", False)}
    again = undo_run(store, manager, undo.id)
    assert state(store) == after == {KNOWN: ("65.00", True), "C-NEW": ("70.00", True), "C-SMALL": ("1.00", False)}
    assert purchases(store) == {"S-1", "S-2", "S-3"}
    assert (undo.changed, again.changed, again.exception_count) == (3, 3, 0)
    undo_run(store, manager, again.id)
    assert state(store) == {KNOWN: ("5.00", False)}
    assert preview_purchases(store, manager, BOTH, unknown="create").error_count == 0


@pytest.mark.usefixtures("activating")
def test_purchases_that_reach_the_threshold_begin_memberships_with_their_reason(store, manager, ada):
    result = imported(store, manager)
    assert result.activated == 2
    assert (result.run.matched, result.run.changed) == (3, 3)
    [activation, purchase, _created] = store.changes.of_customer(ada.id, limit=5)
    assert (activation.kind, activation.run, purchase.kind) == ("membership", result.run.id, "purchase")
    assert activation.reason == "Purchases from “till.csv” brought the total to 65.00; the threshold was 65.00"
    [interval] = store.connection.database["memberships"].find({"customer": ada.id})
    assert (interval["begun"]["basis"], interval["begun"]["reason"]) == ("rule", activation.reason)


@pytest.mark.usefixtures("activating")
def test_a_person_decided_non_member_stays_one(store, manager, ada):
    for status in (True, False):
        update_customer(store, manager, ada.id, CustomerPatch(membership_status=status))
    imported(store, manager)
    assert state(store)[KNOWN] == ("65.00", False)


def test_only_the_last_twelve_months_count_where_the_shop_says_so(store, manager, admin, ada):
    save_shop_settings(
        store,
        admin,
        ShopSettings(threshold=Decimal(65), activate_on_purchase=True, threshold_basis="last-12-months"),
    )
    imported(store, manager, f"{HEADER}S-1,C-KNOWN,1997-01-01,500\n".encode())
    assert state(store) == {KNOWN: ("505.00", False)}


@pytest.mark.usefixtures("activating")
def test_a_membership_that_somebody_ended_since_is_left_alone(store, manager, ada):
    run = imported(store, manager).run
    update_customer(store, manager, ada.id, CustomerPatch(membership_status=False))
    undo = undo_run(store, manager, run.id)
    assert state(store) == {KNOWN: ("5.00", False)}
    assert [(each.customer_id, each.reason) for each in undo.exceptions] == [(KNOWN, "membership changed again since")]


def kept(run):
    return [(each.customer_id, each.outcome, each.reason) for each in run.exceptions]


def new_customer(store):
    return store.customers.get_by_customer_id("C-NEW")


def test_a_purchase_that_was_recorded_again_since_is_reported_and_the_rest_comes_back(store, manager, ada):
    undo = undo_run(store, manager, imported(store, manager).run.id)
    record_sale(store, manager, ada.id, PurchaseDraft(sale_id="S-1", amount=50))
    again = undo_run(store, manager, undo.id)
    assert kept(again) == [(KNOWN, "failed", "cannot get a purchase back, because another customer has it now")]
    assert state(store) == {KNOWN: ("55.00", False), "C-NEW": ("70.00", False), "C-SMALL": ("1.00", False)}


def test_a_created_customer_who_bought_again_stays_without_the_purchases_of_the_file(store, manager):
    run = imported(store, manager).run
    record_sale(store, manager, new_customer(store).id, PurchaseDraft(sale_id="T-1", amount=1))
    undo = undo_run(store, manager, run.id)
    assert (state(store), purchases(store)) == ({"C-NEW": ("1.00", False)}, {"T-1"})
    assert kept(undo) == [("C-NEW", "kept", "was edited since; the rest was undone")]
    assert store.changes.of_customer(new_customer(store).id, limit=1)[0].kind == "purchase"
    undo_run(store, manager, undo.id)
    assert state(store) == {KNOWN: ("60.00", False), "C-NEW": ("71.00", False), "C-SMALL": ("1.00", False)}


class TestWhatWasRefundedSince:
    FILE = (
        b"saleId,customerId,date,amount,kind,refundOf\n"
        b"S-1,C-KNOWN,2025-01-31,60,sale,\nS-2,C-KNOWN,2025-02-01,70,sale,\nS-3,C-KNOWN,2025-02-02,10,sale,\n"
        b"R-3,C-KNOWN,2025-02-03,-4,refund,S-3\nS-4,C-NEW,2025-02-01,8,sale,\nS-5,C-NEW,2025-02-02,9,sale,\n"
    )

    @pytest.fixture
    def run(self, store, manager, ada):
        return imported(store, manager, self.FILE).run

    def test_stays_as_far_as_the_refund_needs_it_and_the_rest_is_undone(self, store, manager, run):
        refund_sale(store, manager, "S-1", RefundDraft(sale_id="B-1", amount=20))
        undo = undo_run(store, manager, run.id)
        assert (state(store), purchases(store)) == ({KNOWN: ("45.00", False)}, {"S-1"})
        assert kept(undo) == [(KNOWN, "kept", "keeps sale “S-1”, of which money went back since; the rest was undone")]
        assert (undo.changed, undo.exception_count) == (2, 1)

    def test_comes_back_with_everything_when_the_undo_is_undone(self, store, manager, run):
        before = state(store)
        refund_sale(store, manager, "S-1", RefundDraft(sale_id="B-1", amount=20))
        again = undo_run(store, manager, undo_run(store, manager, run.id).id)
        assert (again.changed, again.exception_count) == (2, 0)
        assert state(store) == {**before, KNOWN: ("121.00", False)}
        undo_run(store, manager, again.id)
        assert (state(store), purchases(store)) == ({KNOWN: ("45.00", False)}, {"S-1"})

    def test_goes_too_once_the_refund_was_undone(self, store, manager, run):
        refund = refund_sale(store, manager, "S-1", RefundDraft(sale_id="B-1", amount=20)).entry
        again = undo_run(store, manager, undo_run(store, manager, run.id).id)
        revert_change(store, manager, refund.change)
        assert undo_run(store, manager, again.id).exceptions == []
        assert (state(store), purchases(store)) == ({KNOWN: ("5.00", False)}, set())

    def test_keeps_the_refunds_of_the_file_that_belong_to_it(self, store, manager, run):
        refund_sale(store, manager, "S-3", RefundDraft(amount=1))
        undo_run(store, manager, run.id)
        assert (state(store), purchases(store)) == ({KNOWN: ("10.00", False)}, {"S-3"})

    def test_keeps_no_adjustment_of_the_file(self, store, manager, ada):
        run = imported(store, manager, self.FILE + b"A-1,C-KNOWN,2025-02-01,-10,adjustment,\n").run
        refund_sale(store, manager, "S-1", RefundDraft(amount=20))
        undo_run(store, manager, run.id)
        assert state(store) == {KNOWN: ("45.00", False)}

    def test_keeps_a_customer_whom_the_file_registered_with_only_that(self, store, manager, run):
        refund_sale(store, manager, "S-5", RefundDraft(amount=9))
        undo = undo_run(store, manager, run.id)
        assert (state(store), purchases(store)) == ({KNOWN: ("5.00", False), "C-NEW": ("0.00", False)}, {"S-5"})
        reason = "was edited since and keeps sale “S-5”, of which money went back since; the rest was undone"
        assert kept(undo) == [("C-NEW", "kept", reason)]

    def test_may_be_all_that_there_was(self, store, manager, run):
        for sale_id in ("S-4", "S-5"):
            refund_sale(store, manager, sale_id, RefundDraft(amount=1))
        undo = undo_run(store, manager, run.id)
        assert state(store) == {KNOWN: ("5.00", False), "C-NEW": ("15.00", False)}
        assert kept(undo) == [("C-NEW", "kept", "got money back for this purchase since")]

    @pytest.mark.parametrize(("refunded", "named"), [(3, "“S-1”, “S-2”, “S-3”"), (5, "“S-1”, “S-2”, “S-3” and 2 more")])
    def test_of_many_sales_the_first_are_named(self, store, manager, ada, refunded, named):
        rows = "".join(f"S-{number},C-KNOWN,2025-01-31,2\n" for number in range(1, 8))
        run = imported(store, manager, (HEADER + rows).encode()).run
        for number in range(refunded):
            refund_sale(store, manager, f"S-{number + 1}", RefundDraft(amount=1))
        [(_, _, reason)] = kept(undo_run(store, manager, run.id))
        assert reason.startswith(f"keeps sale {named}, of which money went back since")

    def test_a_single_change_is_undone_as_a_whole_or_not_at_all(self, store, manager, run):
        refund_sale(store, manager, "S-1", RefundDraft(amount=20))
        change = next(each for each in store.changes.of_run(run.id) if each.customer_id == KNOWN)
        with pytest.raises(Conflict, match="got money back for this purchase since"):
            revert_change(store, manager, change.id)
        assert len(purchases(store)) == 5


steps = st.lists(st.tuples(st.sampled_from(["refund", "buy", "rename", "type"]), st.integers(0, 5)), max_size=5)


@pytest.mark.slow
@fewer_examples()
@given(steps)
def test_an_undo_leaves_what_was_there_or_done_since_and_what_that_needs(store, connection, manager, admin, taken):
    for name in ("customers", "trash", "changes", "memberships", "sales", "runs"):
        connection.database[name].delete_many({})
    draft = CustomerDraft(customer_id=KNOWN, customer_name="Ada", contact_info="ada@example.com", purchase_amount=5)
    create_customer(store, manager, draft)
    rows = "".join(f"S-{number},{KNOWN if number < 3 else 'C-NEW'},2025-01-31,{number + 10}\n" for number in range(6))
    run = imported(store, manager, (HEADER + rows).encode()).run
    own = {KNOWN: Decimal(5), "C-NEW": Decimal(0)}
    needed: dict[int, Decimal] = {}
    typed, touched = set(), set()
    for action, number in taken:
        customer = store.customers.get_by_customer_id(KNOWN if number < 3 else "C-NEW")
        name = customer.customer_id
        touched.add(name)
        if action == "refund" and number not in needed and customer.purchase_amount >= 1:
            refund_sale(store, manager, f"S-{number}", RefundDraft(amount=1))
            needed[number] = Decimal(number + 9)
        elif action == "buy":
            record_sale(store, manager, customer.id, PurchaseDraft(amount=3))
            own[name] += 3
        elif action == "rename":
            update_customer(store, manager, customer.id, CustomerPatch(contact_info=f"{len(touched)}{number}@shop.com"))
        elif action == "type":
            update_customer(store, manager, customer.id, CustomerPatch(purchase_amount=customer.purchase_amount + 1))
            typed.add(name)
    before = state(store)
    undo_run(store, manager, run.id)
    after = state(store)
    for name, numbers in ((KNOWN, range(3)), ("C-NEW", range(3, 6))):
        stays = sum((needed[number] for number in numbers if number in needed), Decimal(0))
        if name in typed:
            assert after[name] == before[name]
        elif name in after:
            assert Decimal(after[name][0]) == own[name] + stays
        else:
            assert name == "C-NEW"
            assert stays == 0
    assert check_database(store, admin).findings == []


@pytest.mark.slow
@pytest.mark.usefixtures("activating")
def test_more_customers_than_one_transaction_takes_come_and_go_in_order(store, manager):
    count = 2 * BATCH + 100
    rows = "".join(f"S-{number},C-{number:04},2025-01-31,{number % 130}\n" for number in range(count))
    result = imported(store, manager, (HEADER + rows).encode())
    assert result.run.changed == result.created == count
    assert result.activated == sum(number % 130 >= 65 for number in range(count))
    undo = undo_run(store, manager, result.run.id)
    assert (undo.changed, undo.exception_count, state(store)) == (count, 0, {})


@pytest.mark.slow
def test_a_customer_with_very_many_purchases_is_undone_as_well(store, manager, ada):
    rows = "".join(f"S-{number},{id},2025-01-31,0.01\n" for number, id in enumerate([KNOWN, "C-NEW"] * 1500))
    result = imported(store, manager, (HEADER + rows).encode())
    assert (result.run.matched, result.run.changed) == (2, 2)
    assert state(store) == {KNOWN: ("20.00", False), "C-NEW": ("15.00", False)}
    undo = undo_run(store, manager, result.run.id)
    assert (undo.changed, state(store)) == (2, {KNOWN: ("5.00", False)})


@pytest.mark.parametrize("sample", [EXTRACT, WHOLE], ids=["extract", "whole"])
def test_real_purchases_come_to_the_cent_once_and_go_again(store, manager, sample):
    if not sample.exists():
        pytest.skip(f"the CDNOW sample is not at {sample}")
    result = imported(store, manager, purchases_csv(sample))
    expected = totals(sample)
    found = {each.customer_id: each.purchase_amount for each in store.customers.iterate(CustomerQuery())}
    assert found == expected
    assert result.figures.total == sum(expected.values())
    assert imported(store, manager, purchases_csv(sample)).run is None
    undo_run(store, manager, result.run.id)
    assert state(store) == {}
