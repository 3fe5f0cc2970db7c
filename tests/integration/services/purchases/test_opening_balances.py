"""Opening balance and ledger never explain the same money twice, whichever file comes first."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinso.database.preparation import prepare
from kinso.errors import Conflict
from kinso.models.customers import CustomerDraft, CustomerPatch, CustomerQuery
from kinso.models.purchases import PurchaseDraft, RefundDraft
from kinso.models.shop import ShopSettings
from kinso.models.transfer.plans import ImportChoices, Overlap
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.customers.editing import create_customer, update_customer
from kinso.services.history.undo import undo_run
from kinso.services.purchases.recording import record_sale, refund_sale
from kinso.services.shop.checks import check_database
from kinso.services.transfer.customer_imports import import_customers, preview_import
from kinso.services.transfer.exports import export_customers, export_ledger
from kinso.services.transfer.purchase_imports import PurchasesUndecided, import_purchases, preview_purchases
from tests.support.examples import fewer_examples

GIVE_WAY, KEEP = ImportChoices(opening_balance="give-way"), ImportChoices(opening_balance="keep")
CUSTOMERS = b"customerId,customerName,contactInfo,purchaseAmount\nC-1,Ada,ada@b.com,500\nC-2,Bea,bea@b.com,80.10\n"
PURCHASES = (
    b"saleId,customerId,date,amount\nS-1,C-1,2025-01-31,300\nS-2,C-1,2025-02-28,120.50\nS-3,C-2,2025-03-31,80.10\n"
)
IN_ALL = {"C-1": Decimal("500.00"), "C-2": Decimal("80.10")}


@pytest.fixture(autouse=True)
def _everything_still_holds(store, admin):
    yield
    assert check_database(store, admin).findings == []


def amounts(store):
    return {each.customer_id: each.purchase_amount for each in store.customers.iterate(CustomerQuery())}


def ledger(store, customer_id):
    customer = store.customers.get_by_customer_id(customer_id)
    return [(entry.kind, entry.amount) for entry in store.customer_ledger.oldest_first(customer.id)]


def test_whoever_is_registered_with_nothing_has_an_empty_ledger(store, staff):
    create_customer(store, staff, CustomerDraft(customer_id="C-1", customer_name="Ada", contact_info="ada@b.com"))
    assert ledger(store, "C-1") == []


def test_the_plan_tells_what_would_be_explained_twice_and_nothing_happens_before_it_is_decided(store, staff):
    import_customers(store, staff, CUSTOMERS)
    plan = preview_purchases(store, staff, PURCHASES)
    assert (plan.overlap, plan.is_overlap_undecided) == (Overlap(2, Decimal("500.60")), True)
    with pytest.raises(PurchasesUndecided, match=r"2 customers came with a balance .* 500\.60 in all: decide"):
        import_purchases(store, staff, PURCHASES)
    assert amounts(store) == IN_ALL


def test_the_opening_balance_gives_way_by_what_the_purchases_explain(store, staff):
    import_customers(store, staff, CUSTOMERS)
    result = import_purchases(store, staff, PURCHASES, choices=GIVE_WAY)
    assert (amounts(store), result.gives_way) == (IN_ALL, Overlap(2, Decimal("500.60")))
    assert sorted(ledger(store, "C-1")) == [
        ("adjustment", Decimal("-420.50")),
        ("opening", Decimal("500.00")),
        ("sale", Decimal("120.50")),
        ("sale", Decimal("300.00")),
    ]


def test_or_the_purchases_come_on_top(store, staff):
    import_customers(store, staff, CUSTOMERS)
    import_purchases(store, staff, PURCHASES, choices=KEEP)
    assert amounts(store) == {"C-1": Decimal("920.50"), "C-2": Decimal("160.20")}


def test_undoing_the_run_brings_the_opening_balance_back_exactly(store, manager):
    import_customers(store, manager, CUSTOMERS)
    before = ledger(store, "C-1"), ledger(store, "C-2")
    run = import_purchases(store, manager, PURCHASES, choices=GIVE_WAY).run
    undo = undo_run(store, manager, run.id)
    assert (undo.exception_count, amounts(store)) == (0, IN_ALL)
    assert (ledger(store, "C-1"), ledger(store, "C-2")) == before
    undo_run(store, manager, undo.id)
    assert (amounts(store), len(ledger(store, "C-1"))) == (IN_ALL, 4)


def test_purchases_first_and_then_the_amounts_that_contain_them(store, staff):
    import_purchases(store, staff, PURCHASES, unknown="create")
    import_customers(store, staff, CUSTOMERS)
    assert amounts(store) == IN_ALL
    assert sorted(ledger(store, "C-1"))[0] == ("adjustment", Decimal("79.50"))
    more = PURCHASES + b"S-4,C-1,2025-04-30,100\n"
    plan = preview_purchases(store, staff, more)
    assert (plan.figures.recorded, plan.overlap) == (3, Overlap(1, Decimal("79.50")))
    import_purchases(store, staff, more, choices=GIVE_WAY)
    assert amounts(store)["C-1"] == Decimal("520.50")


def test_the_rest_of_the_file_later_gives_way_only_to_what_is_left(store, staff):
    import_customers(store, staff, CUSTOMERS)
    first, second = PURCHASES.splitlines(keepends=True)[:2], PURCHASES
    import_purchases(store, staff, b"".join(first), choices=GIVE_WAY)
    assert preview_purchases(store, staff, second).overlap == Overlap(2, Decimal("200.60"))
    import_purchases(store, staff, second, choices=GIVE_WAY)
    assert amounts(store) == IN_ALL


def test_purchases_after_the_balance_was_recorded_explain_nothing_of_it(store, staff):
    import_customers(store, staff, CUSTOMERS)
    file = f"saleId,customerId,date,amount\nS-1,C-1,{now().isoformat()},300\n".encode()
    assert preview_purchases(store, staff, file).overlap == Overlap()
    import_purchases(store, staff, file)
    assert amounts(store)["C-1"] == 800


def test_earlier_purchases_explain_nothing_of_later_ones(store, staff):
    draft = CustomerDraft(customer_id="C-1", customer_name="Ann", contact_info="ann@b.com")
    record_sale(store, staff, create_customer(store, staff, draft).id, PurchaseDraft(amount=70))
    assert preview_purchases(store, staff, PURCHASES.replace(b"C-2", b"C-1")).overlap == Overlap()


def test_a_typed_amount_counts_as_a_balance_too(store, staff):
    ann = create_customer(store, staff, CustomerDraft(customer_id="C-1", customer_name="Ann", contact_info="ann@b.com"))
    update_customer(store, staff, ann.id, CustomerPatch(purchase_amount=250))
    file = PURCHASES.replace(b"C-2", b"C-1")
    assert preview_purchases(store, staff, file).overlap == Overlap(1, Decimal("250.00"))
    import_purchases(store, staff, file, choices=GIVE_WAY)
    assert amounts(store) == {"C-1": Decimal("500.60")}


def test_what_the_file_gives_back_explains_nothing(store, staff):
    import_customers(store, staff, CUSTOMERS)
    file = (
        b"saleId,customerId,date,amount,kind,refundOf\nS-1,C-1,2025-01-31,300,,\nR-1,C-1,2025-02-01,-100,refund,S-1\n"
    )
    assert preview_purchases(store, staff, file).overlap == Overlap(1, Decimal("200.00"))
    import_purchases(store, staff, file, choices=GIVE_WAY)
    assert amounts(store)["C-1"] == Decimal("500.00")
    refund_sale(store, staff, "S-1", RefundDraft(amount=50))
    assert amounts(store)["C-1"] == Decimal("450.00")


def test_a_balance_that_somebody_lowered_meanwhile_stops_the_import(store, staff, monkeypatch):
    import_customers(store, staff, CUSTOMERS)
    take = store.import_locks.take

    def meanwhile(number):
        monkeypatch.undo()
        ada = store.customers.get_by_customer_id("C-1")
        update_customer(store, staff, ada.id, CustomerPatch(purchase_amount=400))
        return take(number)

    monkeypatch.setattr(store.import_locks, "take", meanwhile)
    with pytest.raises(Conflict, match=r"opening balance .* was changed by someone else"):
        import_purchases(store, staff, PURCHASES, choices=GIVE_WAY)
    assert amounts(store) == {"C-1": Decimal(400), "C-2": Decimal("80.10")}


def test_moving_a_shop_by_its_two_files_counts_everything_once(store, staff, new_database):

    import_customers(store, staff, CUSTOMERS)
    record_sale(store, staff, store.customers.get_by_customer_id("C-1").id, PurchaseDraft(amount=20))
    people, entries = b"".join(export_customers(store, staff, CustomerQuery())), b"".join(export_ledger(store, staff))
    connection = new_database()
    prepare(connection)
    other = Store(connection)
    import_customers(other, staff, people)
    assert preview_purchases(other, staff, entries).overlap == Overlap(2, Decimal("600.10"))
    import_purchases(other, staff, entries, choices=GIVE_WAY)
    assert amounts(other) == amounts(store)


def test_what_an_earlier_application_left_may_hold_purchases_up_to_the_day_it_was_taken_over(new_database, staff):

    connection = new_database()
    connection.database["customers"].insert_one(
        {
            "customerId": "C-1",
            "customerName": "Ada",
            "contactInfo": "ada@b.com",
            "purchaseAmount": 500,
            "membershipStatus": False,
            "createdAt": datetime(2020, 1, 1, tzinfo=UTC),
        }
    )
    prepare(connection)
    plan = preview_purchases(Store(connection), staff, PURCHASES, unknown="create")
    assert plan.overlap == Overlap(1, Decimal("420.50"))


def test_who_becomes_a_member_by_purchases_does_so_by_what_was_really_spent(store, staff):
    store.shop.save(ShopSettings(threshold=Decimal(600), activate_on_purchase=True))
    import_customers(store, staff, CUSTOMERS)
    assert import_purchases(store, staff, PURCHASES, choices=GIVE_WAY).activated == 0
    assert import_purchases(store, staff, PURCHASES.replace(b"S-", b"T-"), choices=KEEP).activated == 1


MONEY = st.integers(1, 50_000).map(lambda cents: Decimal(cents) / 100)


@pytest.mark.slow
@fewer_examples()
@given(
    opening=MONEY,
    typed=st.lists(MONEY, max_size=2),
    sold=st.lists(MONEY, max_size=2),
    bought=st.lists(st.tuples(MONEY, st.booleans()), min_size=1, max_size=6),
)
def test_the_total_is_the_larger_of_what_was_typed_and_what_was_bought(store, manager, opening, typed, sold, bought):
    for name in ("customers", "changes", "sales", "memberships", "runs", "trash"):
        store.connection.database[name].delete_many({})
    draft = CustomerDraft(customer_id="C-1", customer_name="Ann", contact_info="ann@b.com", purchase_amount=opening)
    ann = create_customer(store, manager, draft)
    for amount in sold:
        record_sale(store, manager, ann.id, PurchaseDraft(amount=amount))
    for amount in typed:
        update_customer(
            store, manager, ann.id, CustomerPatch(purchase_amount=store.customers.get(ann.id).purchase_amount + amount)
        )
    before = store.customers.get(ann.id).purchase_amount
    rows = "".join(
        f"X-{number},C-1,2025-01-{number + 1:02},{amount},,\n"
        + (f"R-{number},C-1,2025-02-01,-{amount},refund,X-{number}\n" if is_returned else "")
        for number, (amount, is_returned) in enumerate(bought)
    )
    kept = sum((amount for amount, is_returned in bought if not is_returned), Decimal(0))
    run = import_purchases(
        store, manager, f"saleId,customerId,date,amount,kind,refundOf\n{rows}".encode(), choices=GIVE_WAY
    ).run
    balance = opening + sum(typed, Decimal(0))
    assert store.customers.get(ann.id).purchase_amount == before - balance + max(balance, kept)
    undo_run(store, manager, run.id)
    assert store.customers.get(ann.id).purchase_amount == before


def test_where_a_refund_keeps_one_purchase_the_balance_gives_way_to_that_one_only(store, manager):
    import_customers(store, manager, CUSTOMERS)
    run = import_purchases(store, manager, PURCHASES, choices=GIVE_WAY).run
    refund_sale(store, manager, "S-2", RefundDraft(amount=20))
    undo = undo_run(store, manager, run.id)
    assert [exception.customer_id for exception in undo.exceptions] == ["C-1"]
    assert sorted(ledger(store, "C-1")) == [
        ("adjustment", Decimal("-120.50")),
        ("opening", Decimal("500.00")),
        ("refund", Decimal("-20.00")),
        ("sale", Decimal("120.50")),
    ]
    assert amounts(store) == {"C-1": Decimal("480.00"), "C-2": Decimal("80.10")}
    again = undo_run(store, manager, undo.id)
    assert amounts(store) == {"C-1": Decimal("480.00"), "C-2": Decimal("80.10")}
    assert ("adjustment", Decimal("-420.50")) in ledger(store, "C-1")
    undo_run(store, manager, again.id)
    assert ("adjustment", Decimal("-120.50")) in ledger(store, "C-1")
    assert amounts(store)["C-1"] == Decimal("480.00")


def test_the_balance_gives_way_to_a_purchase_of_cents_that_stays(store, manager):
    import_customers(store, manager, CUSTOMERS)
    run = import_purchases(store, manager, PURCHASES.replace(b"120.50", b"0.80"), choices=GIVE_WAY).run
    refund_sale(store, manager, "S-2", RefundDraft(amount=Decimal("0.10")))
    undo_run(store, manager, run.id)
    assert ("adjustment", Decimal("-0.80")) in ledger(store, "C-1")
    assert amounts(store)["C-1"] == Decimal("499.90")


def test_where_what_is_kept_explains_all_of_it_the_balance_goes_on_giving_way(store, manager):
    import_customers(store, manager, CUSTOMERS.replace(b",500", b",100"))
    run = import_purchases(store, manager, PURCHASES, choices=GIVE_WAY).run
    assert amounts(store)["C-1"] == Decimal("420.50")
    refund_sale(store, manager, "S-1", RefundDraft(amount=50))
    undo_run(store, manager, run.id)
    assert amounts(store)["C-1"] == Decimal("250.00")
    assert ("adjustment", Decimal("-100.00")) in ledger(store, "C-1")


class TestCustomersAfterTheirPurchases:
    @pytest.fixture
    def bought(self, store, staff):
        import_purchases(store, staff, PURCHASES, unknown="create")

    def test_the_plan_tells_who_has_purchases_that_the_totals_are_taken_to_contain(self, store, staff, bought):
        plan = preview_import(store, staff, CUSTOMERS)
        assert plan.overlap == Overlap(1, Decimal("420.50"))
        assert plan.notices == (
            "1 customer has purchases here, 420.50 in all, and the file brings another total: it is taken to contain"
            " the purchases.",
        )

    def test_or_the_purchases_are_added_to_them_once(self, store, staff, bought):
        for _ in range(2):
            import_customers(store, staff, CUSTOMERS, choices=KEEP)
            assert amounts(store) == {"C-1": Decimal("920.50"), "C-2": Decimal("160.20")}
        assert ("adjustment", Decimal("500.00")) in ledger(store, "C-1")

    def test_an_exported_file_has_seen_the_purchases(self, store, staff, bought):
        exported = b"".join(export_customers(store, staff, CustomerQuery())).replace(b"420.50", b"400.50")
        plan = preview_import(store, staff, exported, choices=KEEP)
        assert (plan.overlap, plan.update) == (Overlap(), 1)
        import_customers(store, staff, exported, choices=KEEP)
        assert amounts(store)["C-1"] == Decimal("400.50")
