"""Whatever is undone is undone once: in any order, in a run or alone, by one person or by two at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kinso.database.connection import connect
from kinso.errors import Conflict
from kinso.models.customers import CustomerDraft, CustomerPatch
from kinso.models.money import LARGEST
from kinso.models.purchases import LedgerQuery, PurchaseDraft, RefundDraft
from kinso.models.shop import ShopSettings
from kinso.models.transfer.plans import ImportChoices
from kinso.repository.store import Store
from kinso.services.customers.editing import create_customer, delete_customer, update_customer
from kinso.services.history.records import record_changes, record_of_update
from kinso.services.history.undo import find_reverted, revert_change, undo_run
from kinso.services.purchases.ledger import adjusting_entry
from kinso.services.purchases.recording import get_entry, record_sale, refund_sale
from kinso.services.shop.checks import check_database
from kinso.services.transfer.purchase_imports import import_purchases

ALREADY = "C-ann had this undone already"


@pytest.fixture(autouse=True)
def _always_in_order(store, admin):
    yield
    assert findings(store, admin) == []


@pytest.fixture
def ann(store, staff):
    draft = CustomerDraft(
        customer_id="C-ann", customer_name="Ann", contact_info="ann@shop.com", purchase_amount=Decimal(500)
    )
    return create_customer(store, staff, draft)


@pytest.fixture
def sale(store, staff, ann):
    return record_sale(store, staff, ann.id, PurchaseDraft(sale_id="S-1", amount=Decimal(100))).entry


def findings(store, admin):
    return [finding.sentence for finding in check_database(store, admin).findings]


def state(store, ann):
    """The purchase amount, and the kinds of what it consists of in alphabetical order."""
    kinds = sorted(entry.kind for entry in store.ledger.iterate(LedgerQuery(customer=ann.id)))
    return int(store.customers.get(ann.id).purchase_amount), kinds


BEFORE, SOLD, BROUGHT_BACK = (500, ["opening"]), (600, ["opening", "sale"]), (500, ["opening", "refund", "sale"])


def test_a_purchase_is_undone_once(store, staff, ann, sale):
    revert_change(store, staff, sale.change)
    for _ in range(2):
        with pytest.raises(Conflict, match=ALREADY):
            revert_change(store, staff, sale.change)
    assert state(store, ann) == BEFORE


def test_a_purchase_of_nothing_is_undone_once(store, staff, ann):
    sale = record_sale(store, staff, ann.id, PurchaseDraft(amount=Decimal(0))).entry
    revert_change(store, staff, sale.change)
    with pytest.raises(Conflict, match=ALREADY):
        revert_change(store, staff, sale.change)


def test_a_refund_is_undone_once(store, staff, ann, sale):
    refund = refund_sale(store, staff, "S-1", RefundDraft()).entry
    revert_change(store, staff, refund.change)
    with pytest.raises(Conflict, match=ALREADY):
        revert_change(store, staff, refund.change)
    assert state(store, ann) == SOLD


def test_a_purchase_comes_and_goes_as_often_as_the_last_change_is_undone(store, staff, ann, sale):
    earlier, last = [], sale.change
    for expected in (BEFORE, SOLD) * 3:
        earlier.append(last)
        last = revert_change(store, staff, last).id
        assert state(store, ann) == expected
    for change in earlier[1::2]:
        with pytest.raises(Conflict, match=ALREADY):
            revert_change(store, staff, change)
    assert state(store, ann) == SOLD
    revert_change(store, staff, last)
    for change in earlier[1::2]:
        with pytest.raises(Conflict, match=ALREADY):
            revert_change(store, staff, change)
    assert state(store, ann) == BEFORE


def test_what_counts_again_is_undone_at_either_end_but_not_at_both(store, staff, ann, sale):
    first = revert_change(store, staff, sale.change)
    again = revert_change(store, staff, first.id)
    revert_change(store, staff, sale.change)
    for change in (sale.change, first.id, again.id):
        with pytest.raises(Conflict, match=ALREADY):
            revert_change(store, staff, change)
    assert state(store, ann) == BEFORE


def imported(store, staff, *rows):
    file = "saleId,customerId,date,amount,kind,refundOf\n" + "\n".join(rows)
    on_top = ImportChoices(opening_balance="keep")
    return import_purchases(store, staff, file.encode(), file_name="till.csv", choices=on_top).run


def test_an_undone_run_keeps_what_was_undone_by_hand_and_says_so(store, staff, manager, ann):
    run = imported(store, staff, "S-1,C-ann,2025-01-31,100,sale,")
    (purchase,) = store.changes.of_run(run.id)
    revert_change(store, manager, purchase.id)
    undo = undo_run(store, manager, run.id)
    assert state(store, ann) == BEFORE
    assert [(each.customer_id, each.outcome, each.reason) for each in undo.exceptions] == [
        ("C-ann", "kept", "had this undone already")
    ]
    undo_run(store, manager, undo.id)
    assert state(store, ann) == BEFORE


def test_a_purchase_of_an_undone_run_is_not_undone_once_more_by_hand(store, staff, manager, ann):
    run = imported(store, staff, "S-1,C-ann,2025-01-31,100,sale,")
    (purchase,) = store.changes.of_run(run.id)
    undo_run(store, manager, run.id)
    with pytest.raises(Conflict, match=ALREADY):
        revert_change(store, staff, purchase.id)
    assert state(store, ann) == BEFORE


def test_a_run_is_undone_and_brought_back_without_adjustments_however_often(store, staff, manager, ann):
    run = imported(store, staff, "S-1,C-ann,2025-01-31,100,sale,", "R-1,C-ann,2025-01-31,-100,refund,S-1")
    for expected in (BEFORE, BROUGHT_BACK) * 2:
        run = undo_run(store, manager, run.id)
        assert (state(store, ann), run.exceptions) == (expected, [])


def meanwhile(store: Store, read: str, other: Callable[[], object]) -> None:
    """Have `other` done by somebody else right after the next time that the ledger of `store` reads something."""
    original = getattr(store.ledger, read)

    def interrupted(*arguments):
        found = original(*arguments)
        setattr(store.ledger, read, original)
        with ThreadPoolExecutor() as pool:
            pool.submit(other).result()
        return found

    setattr(store.ledger, read, interrupted)


def test_of_two_people_who_take_the_same_purchase_back_at_once_one_is_refused(
    store, settings, staff, manager, ann, sale
):
    connection = connect(settings)
    other = Store(connection)
    meanwhile(store, "written_by", lambda: revert_change(other, manager, sale.change))
    with pytest.raises(Conflict, match=ALREADY):
        revert_change(store, staff, sale.change)
    connection.close()
    assert state(store, ann) == BEFORE


def test_a_refund_that_counts_again_and_another_one_at_once_do_not_exceed_their_sale(
    store, settings, staff, manager, ann, sale
):
    refund = refund_sale(store, staff, "S-1", RefundDraft()).entry
    record = revert_change(store, staff, refund.change)
    connection = connect(settings)
    other = Store(connection)
    meanwhile(store, "refunded_among", lambda: refund_sale(other, manager, "S-1", RefundDraft()))
    with pytest.raises(Conflict, match="too little of it is left"):
        revert_change(store, staff, record.id)
    connection.close()
    assert state(store, ann) == BROUGHT_BACK


OUT_OF_RANGE = "C-ann would have a purchase amount below 0, or one that is too large"


def typed(store, staff, ann, amount):
    update_customer(store, staff, ann.id, CustomerPatch(purchase_amount=amount))
    return store.changes.of_customer(ann.id, limit=1)[0]


def test_no_amount_falls_below_0(store, staff, ann, sale):
    typed(store, staff, ann, 0)
    change = typed(store, staff, ann, 100)
    refund = refund_sale(store, staff, "S-1", RefundDraft(amount=Decimal("0.01"))).entry
    with pytest.raises(Conflict, match=OUT_OF_RANGE):
        revert_change(store, staff, change.id)
    revert_change(store, staff, refund.change)
    revert_change(store, staff, change.id)
    assert store.customers.get(ann.id).purchase_amount == 0


def test_no_amount_rises_above_the_largest(store, staff, ann):
    change = typed(store, staff, ann, 490)
    cent = record_sale(store, staff, ann.id, PurchaseDraft(amount=Decimal("0.01"))).entry
    record_sale(store, staff, ann.id, PurchaseDraft(amount=LARGEST - 500))
    with pytest.raises(Conflict, match=OUT_OF_RANGE):
        revert_change(store, staff, change.id)
    revert_change(store, staff, cent.change)
    revert_change(store, staff, change.id)
    assert store.customers.get(ann.id).purchase_amount == LARGEST


def test_many_who_take_the_same_purchase_back_move_its_amount_once(store, staff, ann, sale):
    def attempt(_):
        try:
            return bool(revert_change(store, staff, sale.change))
        except Conflict:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(16))) == 1
    assert state(store, ann) == BEFORE


class TestARefundThatWouldCountAgain:
    def test_needs_enough_that_is_left_of_its_sale(self, store, staff, ann, sale):
        refund = refund_sale(store, staff, "S-1", RefundDraft()).entry
        record = revert_change(store, staff, refund.change)
        other = refund_sale(store, staff, "S-1", RefundDraft(amount=Decimal("0.01"))).entry
        with pytest.raises(
            Conflict, match="C-ann got other money back for sale “S-1” since, and too little of it is left"
        ):
            revert_change(store, staff, record.id)
        revert_change(store, staff, other.change)
        revert_change(store, staff, record.id)
        assert state(store, ann) == BROUGHT_BACK

    def test_needs_its_sale(self, store, staff, ann, sale):
        refund = refund_sale(store, staff, "S-1", RefundDraft()).entry
        record = revert_change(store, staff, refund.change)
        gone = revert_change(store, staff, sale.change)
        with pytest.raises(Conflict, match="C-ann has no sale “S-1” any more that this refund could belong to"):
            revert_change(store, staff, record.id)
        assert state(store, ann) == BEFORE
        revert_change(store, staff, gone.id)
        revert_change(store, staff, record.id)
        assert state(store, ann) == BROUGHT_BACK

    def test_is_kept_by_the_undo_of_an_undo_with_the_reason(self, store, staff, manager, ann, sale):
        run = imported(store, staff, f"R-1,C-ann,{datetime.now(UTC).date()},-100,refund,S-1")
        undo = undo_run(store, manager, run.id)
        refund_sale(store, staff, "S-1", RefundDraft())
        again = undo_run(store, manager, undo.id)
        assert [each.reason for each in again.exceptions] == [
            "got other money back for sale “S-1” since, and too little of it is left"
        ]
        assert state(store, ann) == BROUGHT_BACK


def test_a_membership_that_a_purchase_began_stays_one_membership(store, staff, manager, ann):
    store.shop.save(ShopSettings(threshold=Decimal(600), activate_on_purchase=True))
    sale = record_sale(store, staff, ann.id, PurchaseDraft(sale_id="S-1", amount=Decimal(100))).entry
    activation = store.changes.of_customer(ann.id, limit=1)[0]
    again = revert_change(store, staff, revert_change(store, staff, sale.change).id)
    with pytest.raises(Conflict):
        revert_change(store, staff, again.undoes)
    (interval,) = store.memberships.of_customer(ann.id)
    assert (interval.end, interval.begun.decided_by) == (None, "rule")
    revert_change(store, staff, activation.id)
    with pytest.raises(Conflict, match=ALREADY):
        revert_change(store, staff, activation.id)
    assert not store.customers.get(ann.id).membership_status


def test_a_run_whose_purchase_was_undone_by_hand_ends_the_membership_that_it_began(store, staff, manager, ann):
    store.shop.save(ShopSettings(threshold=Decimal(600), activate_on_purchase=True))
    run = imported(store, staff, "S-1,C-ann,2025-01-31,100,sale,")
    _activation, purchase = store.changes.of_run(run.id, newest_first=True)
    revert_change(store, staff, purchase.id)
    assert store.customers.get(ann.id).membership_status
    undo = undo_run(store, manager, run.id)
    assert (undo.changed, len(undo.exceptions)) == (1, 1)
    assert (state(store, ann), store.customers.get(ann.id).membership_status) == (BEFORE, False)
    (interval,) = store.memberships.of_customer(ann.id)
    assert interval.end is not None


def test_a_sale_id_that_a_deleted_customer_has_does_not_count_again_elsewhere(store, staff, manager, ann, sale):
    record = revert_change(store, staff, sale.change)
    draft = CustomerDraft(customer_id="C-bob", customer_name="Bob", contact_info="bob@shop.com")
    bob = create_customer(store, manager, draft)
    record_sale(store, staff, bob.id, PurchaseDraft(sale_id="S-1", amount=Decimal(1)))
    delete_customer(store, manager, bob.id)
    with pytest.raises(Conflict, match="cannot get sale “S-1” back, because a deleted customer has that sale ID now"):
        revert_change(store, staff, record.id)


def test_what_was_undone_twice_is_named_and_can_be_put_right(store, staff, admin, ann, sale):
    first = revert_change(store, staff, sale.change)
    current = store.customers.get(ann.id)

    def revert_again():
        after = store.customers.update(current, {"purchaseAmount": Decimal(400)}, current.updated_at)
        record = record_of_update(staff, current, after, undoes=sale.change, kind="purchase")
        record_changes(store, [record], entries=[adjusting_entry(record, "adjustment", Decimal(-100))])
        return record

    second = store.transact(revert_again)
    assert findings(store, admin) == [
        f"Customer C-ann: version 2 was undone twice, the last time by version {second.version}."
    ]
    revert_change(store, staff, second.id)
    assert state(store, ann) == BEFORE
    revert_change(store, staff, first.id)
    assert state(store, ann) == SOLD
    assert get_entry(store, staff, "S-1").amount == 100


def test_what_was_undone_is_known_until_it_is_brought_back(store, staff, ann, sale):
    changes = store.changes.of_customer(ann.id, limit=9)
    assert find_reverted(store, staff, changes) == set()
    record = revert_change(store, staff, sale.change)
    assert find_reverted(store, staff, [*changes, record]) == {sale.change}
    revert_change(store, staff, record.id)
    assert find_reverted(store, staff, [*changes, record]) == {record.id}
    assert find_reverted(store, staff, []) == set()
