"""Two customers who are the same person become one, and two again."""

from contextlib import suppress
from decimal import Decimal

import pytest

from kinso.errors import (
    Conflict,
    DuplicateCustomerId,
    InvalidInput,
    KinsoError,
    NotFound,
    NotPermitted,
    StaleVersion,
)
from kinso.models.accounts import COMMAND_LINE
from kinso.models.customers import CustomerDraft, CustomerPatch, CustomerQuery
from kinso.models.history import HistoryQuery
from kinso.models.purchases import PurchaseDraft, RefundDraft
from kinso.models.validation import parse
from kinso.services.customers.bulk import upsert_customers
from kinso.services.customers.editing import (
    create_customer,
    delete_customer,
    get_customer,
    list_customers,
    update_customer,
)
from kinso.services.customers.finding import find_by_customer_id
from kinso.services.customers.merging import merge_customers, preview_merge
from kinso.services.history.changes import list_history
from kinso.services.history.trash import erase_person, restore_customers
from kinso.services.history.undo import preview_undo_of_merge, revert_change, undo_run
from kinso.services.purchases.recording import record_sale, refund_sale
from kinso.services.shop.checks import check_database
from kinso.services.transfer.customer_imports import import_customers
from kinso.services.transfer.exports import export_customers
from kinso.services.transfer.purchase_imports import import_purchases
from tests.support.mirror import differences


@pytest.fixture
def add(store, staff):
    def add(customer_id, **values):
        told = {"customerName": "Sadia Karim", "contactInfo": "01711-234567", **values}
        return create_customer(store, staff, parse(CustomerDraft, {"customerId": customer_id, **told})).id

    return add


@pytest.fixture
def sell(store, staff):
    def sell(customer, amount, sale_id=None):
        return record_sale(store, staff, customer, PurchaseDraft(amount=Decimal(amount), sale_id=sale_id)).entry.sale_id

    return sell


@pytest.fixture(autouse=True)
def everything_is_right(store):
    yield
    assert [each.sentence for each in check_database(store, COMMAND_LINE).findings] == []
    store.mirror.catch_up()
    assert differences(store) == {}


def amount(store, actor, id):
    return get_customer(store, actor, id).purchase_amount


def test_the_one_who_stays_has_what_both_had(store, staff, add, sell):
    this = add("C-1", purchaseAmount=10.01, tags=["a"], notes="First")
    other = add("C-2", customerName="Sadia K.", purchaseAmount=20.02, tags=["b"], notes="Second", membershipStatus=True)
    sell(this, "0.10")
    sell(other, "0.20")
    run = merge_customers(store, staff, this, other)
    assert (run.kind, run.status, run.changed) == ("merge", "done", 2)
    merged = get_customer(store, staff, this)
    assert (merged.customer_name, merged.customer_id, merged.aliases) == ("Sadia Karim", "C-1", ("C-2",))
    assert (merged.purchase_amount, merged.tags, merged.notes) == (Decimal("30.33"), ("a", "b"), "First\nSecond")
    assert merged.membership_status
    found = list_customers(store, staff, CustomerQuery(search="C-2"), page=1, limit=5)
    assert [each.id for each in found.items] == [this]
    assert find_by_customer_id(store, staff, "c-2").id == get_customer(store, staff, other).id == this


def test_keep_chooses_field_by_field(store, staff, add):
    this = add("C-1", notes="First", membershipStatus=True)
    other = add("C-2", customerName="Sadia K.", notes="Second", tags=["b"])
    keep = {
        "customerName": "other",
        "notes": "this",
        "tags": "this",
        "membershipStatus": "other",
        "customerId": "other",
    }
    preview = preview_merge(store, staff, this, other, keep)
    run = merge_customers(store, staff, this, other, keep)
    merged = get_customer(store, staff, this)
    assert (merged.customer_name, merged.notes, merged.tags) == ("Sadia K.", "First", ())
    assert (merged.customer_id, merged.aliases, merged.membership_status) == ("C-2", ("C-1",), False)
    assert preview.merged["customerName"] == "Sadia K."
    undo_run(store, staff, run.id)
    assert (get_customer(store, staff, this).customer_id, get_customer(store, staff, this).aliases) == ("C-1", ())
    assert get_customer(store, staff, other).customer_id == "C-2"


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        ({"purchaseAmount": "this"}, "what both bought"),
        ({"shoeSize": "this"}, "no field “shoeSize”"),
        ({"customerName": "both"}, "Customer name is kept of this or of other"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_name(store, staff, add, keep, message):
    with pytest.raises(InvalidInput, match=message):
        merge_customers(store, staff, add("C-1"), add("C-2"), keep)


def test_who_cannot_be_merged_is_told_why(store, staff, manager, analyst, add):
    this, deleted, erased, merged = add("C-1"), add("C-2"), add("C-3"), add("C-4")
    delete_customer(store, manager, deleted)
    erase_person(store, manager, erased)
    for other, error, message in [
        (this, Conflict, "themselves"),
        (deleted, NotFound, "C-2 was deleted; have them restored"),
        (erased, Conflict, "was erased"),
        ("nonsense", NotFound, "does not exist"),
    ]:
        with pytest.raises(error, match=message):
            merge_customers(store, staff, this, other)
    with pytest.raises(StaleVersion):
        merge_customers(store, staff, this, merged, with_version=7)
    merge_customers(store, staff, this, merged, version=1, with_version=1)
    with pytest.raises(NotFound, match="C-4 was merged into another"):
        merge_customers(store, staff, this, merged)
    with pytest.raises(NotPermitted):
        merge_customers(store, analyst, this, merged)


def test_nobody_else_gets_an_id_of_the_one_who_stays(store, staff, manager, add):
    this, other, third = add("C-1"), add("C-2"), add("C-3")
    merge_customers(store, staff, this, other)
    with pytest.raises(DuplicateCustomerId):
        add("c-2")
    with pytest.raises(DuplicateCustomerId):
        update_customer(store, staff, third, CustomerPatch(customer_id="C-2"))
    delete_customer(store, manager, this)
    again = add("C-2")
    with pytest.raises(DuplicateCustomerId):
        restore_customers(store, manager, [this])
    update_customer(store, staff, again, CustomerPatch(customer_id="C-9"))
    restore_customers(store, manager, [this])
    assert find_by_customer_id(store, staff, "C-2").id == this


def test_purchases_of_an_old_address_go_to_the_one_who_stays(store, staff, add, sell):
    this, other = add("C-1"), add("C-2")
    sell(other, "5", "S-1")
    merge_customers(store, staff, this, other)
    assert sell(other, "5", "S-1") == "S-1"
    sell(other, "7")
    assert amount(store, staff, this) == 12


def test_an_undo_gives_everybody_what_was_theirs(store, staff, add, sell):
    this, other = add("C-1", purchaseAmount=10), add("C-2", purchaseAmount=20, membershipStatus=True, notes="Hers")
    sell(other, "5", "S-1")
    run = merge_customers(store, staff, this, other)
    sell(this, "100", "S-2")
    sell(this, "1", "S-3")
    refund_sale(store, staff, "S-1", RefundDraft(amount=Decimal(2)))
    refund_sale(store, staff, "S-2", RefundDraft(amount=Decimal(40)))
    update_customer(store, staff, this, CustomerPatch(notes="Typed since"))
    preview = preview_undo_of_merge(store, staff, run.id)
    assert sorted(each.sale_id for each in preview.sales) == ["S-2", "S-3"]
    undo = undo_run(store, staff, run.id, sales={"S-2": "other"})
    assert (amount(store, staff, this), amount(store, staff, other)) == (11, 83)
    assert [each.reason for each in undo.exceptions] == ["keeps notes, changed again since"]
    back, stays = get_customer(store, staff, other), get_customer(store, staff, this)
    assert (back.customer_id, back.notes, back.membership_status) == ("C-2", "Hers", True)
    assert (stays.aliases, stays.notes, stays.membership_status) == ((), "Typed since", False)
    with pytest.raises(Conflict, match="undone already"):
        undo_run(store, staff, run.id)


def test_purchases_since_go_to_whom_the_person_chooses(store, staff, add, sell):
    this, other = add("C-1"), add("C-2")
    sell(this, "1", "S-1")
    run = merge_customers(store, staff, this, other)
    sell(this, "2", "S-2")
    sell(this, "4", "S-3")
    for sales, message in [({"S-1": "other"}, "S-1"), ({"S-2": "nobody"}, "S-2")]:
        with pytest.raises(InvalidInput, match=message):
            undo_run(store, staff, run.id, sales=sales)
    with pytest.raises(InvalidInput, match="this or to other"):
        undo_run(store, staff, run.id, since="nobody")
    undo_run(store, staff, run.id, since="other", sales={"S-3": "this"})
    assert (amount(store, staff, this), amount(store, staff, other)) == (5, 2)


def test_merges_of_merges_are_undone_in_any_order(store, staff, add, sell):
    ids = [add(f"C-{number}", purchaseAmount=10**number) for number in range(1, 4)]
    first = merge_customers(store, staff, ids[0], ids[1])
    sell(ids[0], "1", "S-1")
    second = merge_customers(store, staff, ids[2], ids[0])
    assert get_customer(store, staff, ids[1]).id == ids[2]
    assert set(get_customer(store, staff, ids[2]).aliases) == {"C-1", "C-2"}
    sell(ids[2], "2", "S-2")
    undo_run(store, staff, first.id, sales={"S-1": "other"})
    assert (amount(store, staff, ids[1]), amount(store, staff, ids[2])) == (101, 1012)
    assert get_customer(store, staff, ids[2]).aliases == ("C-1",)
    undo_run(store, staff, second.id)
    assert [amount(store, staff, id) for id in ids] == [10, 101, 1002]


def test_the_history_of_both_is_that_of_the_one_who_stays(store, staff, add):
    this, other = add("C-1"), add("C-2")
    merge_customers(store, staff, this, other)
    for id in (this, other):
        found = list_history(store, staff, HistoryQuery(customer=id), page=1, limit=10)
        assert sorted(change.kind for change in found.items) == ["create", "create", "delete", "merge"]


def test_no_part_of_a_merge_is_undone_alone(store, staff, manager, add):
    this, other = add("C-1"), add("C-2")
    run = merge_customers(store, staff, this, other)
    for change in store.changes.of_run(run.id, newest_first=True):
        with pytest.raises(Conflict, match="undo the merge as a whole"):
            revert_change(store, manager, change.id)
    undo = undo_run(store, staff, run.id)
    with pytest.raises(Conflict, match="merge the two once more"):
        undo_run(store, manager, undo.id)
    again = merge_customers(store, staff, this, other)
    undo_run(store, manager, again.id)


def test_only_who_merged_or_a_manager_undoes_it(store, staff, manager, add):
    run = merge_customers(store, manager, add("C-1"), add("C-2"))
    with pytest.raises(NotPermitted):
        undo_run(store, staff, run.id)
    undo_run(store, manager, run.id)


def test_an_undo_waits_for_the_one_who_stayed(store, staff, manager, add):
    this, other = add("C-1"), add("C-2", purchaseAmount=5)
    run = merge_customers(store, staff, this, other)
    delete_customer(store, manager, this)
    with pytest.raises(Conflict, match="C-1 was deleted since; have them restored first"):
        undo_run(store, staff, run.id)
    restore_customers(store, manager, [this])
    undo_run(store, staff, run.id)
    assert amount(store, staff, other) == 5


def test_nobody_ends_below_nothing(store, staff, add):
    this, other = add("C-1"), add("C-2", purchaseAmount=50)
    run = merge_customers(store, staff, this, other)
    update_customer(store, staff, this, CustomerPatch(purchase_amount=Decimal(20)))
    with pytest.raises(Conflict, match="C-1 would have a purchase amount of -30"):
        undo_run(store, staff, run.id)
    update_customer(store, staff, this, CustomerPatch(purchase_amount=Decimal(50)))
    undo_run(store, staff, run.id)


def test_erasing_the_one_who_stays_erases_both(store, staff, manager, add):
    this, other = add("C-1"), add("C-2", customerName="Sadiya Unique", notes="About her")
    run = merge_customers(store, staff, this, other)
    erase_person(store, manager, other)
    database = store.connection.database
    everything = str([list(database[name].find()) for name in ("customers", "merged", "changes", "runs", "sales")])
    assert "Sadiya Unique" not in everything
    assert "C-2" not in everything
    with pytest.raises(Conflict, match="erased"):
        undo_run(store, manager, run.id)


def test_files_find_the_one_who_stays(store, staff, manager, add, sell):
    this, other = add("C-1"), add("C-2", customerName="Sadia K.")
    exported = b"".join(export_customers(store, staff, CustomerQuery()))
    merge_customers(store, staff, this, other)
    rows = b"customerId,notes\nc-2,From a file\n"
    import_customers(store, manager, rows)
    assert get_customer(store, staff, this).notes == "From a file"
    sales = b"saleId,customerId,soldAt,amount\nS-1,C-2,2026-01-02,5\nS-2,C-1,2026-01-03,6\nS-3,C-2,2026-01-04,7\n"
    import_purchases(store, manager, sales)
    assert amount(store, staff, this) == 18
    import_purchases(store, manager, sales)
    assert amount(store, staff, this) == 18
    outcome = upsert_customers(store, manager, [{"customerId": "C-2", "notes": "Sent"}], all_or_nothing=True)
    assert [row.outcome for row in outcome.rows] == ["updated"]
    assert get_customer(store, staff, this).customer_id == "C-1"
    # Exported before the merge: what it saw of the one who was merged was not typed over.
    with suppress(KinsoError):
        import_customers(store, manager, exported)
    assert get_customer(store, staff, this).customer_name == "Sadia Karim"
    assert store.customers.count_all() == 1
