"""Purchases and refunds: exact to the cent, recorded once, and never lost, however many tills there are."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import ClassVar

import pytest

from kinso.database.ledger import open_ledger
from kinso.errors import Conflict, InvalidInput, NotFound
from kinso.models.customers import CustomerDraft, CustomerEdit, CustomerPatch
from kinso.models.history import HistoryQuery
from kinso.models.purchases import LedgerQuery, PurchaseDraft, RefundDraft
from kinso.models.shop import ShopSettings
from kinso.models.validation import parse
from kinso.services.customers.bulk import upsert_customers
from kinso.services.customers.editing import create_customer, delete_customer, set_membership, update_customer
from kinso.services.customers.saving import save_edits
from kinso.services.history.changes import list_history
from kinso.services.history.runs import list_customers_of_run
from kinso.services.history.trash import empty_trash, erase_person, restore_customers
from kinso.services.history.undo import revert_change, undo_run
from kinso.services.membership.activation import set_membership_of_selected
from kinso.services.membership.eligibility import list_memberships
from kinso.services.purchases.reading import summarize_purchases
from kinso.services.purchases.recording import get_entry, list_entries, record_sale, refund_sale, refundable
from kinso.services.shop.checks import check_database
from kinso.services.transfer.customer_imports import import_customers
from kinso.services.transfer.purchase_imports import import_purchases, preview_purchases


@pytest.fixture
def ann(store, staff):
    return customer(store, staff, "C-ann", Decimal("10.10"))


@pytest.fixture(autouse=True)
def _always_in_order(store, admin):
    yield
    assert [finding.sentence for finding in check_database(store, admin).findings] == []


def customer(store, staff, customer_id, amount=0):
    draft = CustomerDraft(
        customer_id=customer_id, customer_name="Ann", contact_info="ann@shop.com", purchase_amount=amount
    )
    return create_customer(store, staff, draft)


def sold(amount, **fields):
    return parse(PurchaseDraft, {"amount": amount, **fields})


def entries(store, staff, customer):
    """Kinds and amounts, the oldest first."""
    page = list_entries(store, staff, LedgerQuery(customer=customer.id), page=1, limit=100)
    return [(sale.kind, float(sale.amount)) for sale in reversed(page.items)]


def amount_of(store, customer):
    return store.customers.get(customer.id).purchase_amount


def test_an_amount_that_somebody_came_with_is_an_opening_balance_and_a_typed_one_an_adjustment(store, staff, ann):
    update_customer(store, staff, ann.id, CustomerPatch(purchase_amount=Decimal("7.05")))
    before = store.customers.get(ann.id)
    save_edits(store, staff, [CustomerEdit(before, {"purchaseAmount": 8})])
    assert entries(store, staff, ann) == [("opening", 10.10), ("adjustment", -3.05), ("adjustment", 0.95)]


def test_who_comes_with_nothing_has_no_opening_balance(store, staff):
    customer(store, staff, "C-1")
    header = b"customerId,customerName,contactInfo,purchaseAmount\n"
    import_customers(store, staff, header + b"C-2,Bo,bo@shop.com,0\nC-3,Cy,cy@shop.com,0.00\nC-4,Di,di@shop.com,\n")
    rows = [{"customerId": "C-5", "customerName": "Ed", "contactInfo": "ed@shop.com", "purchaseAmount": 0}]
    upsert_customers(store, staff, rows, all_or_nothing=True)
    import_purchases(store, staff, b"saleId,customerId,date,amount\nS-6,C-6,2025-01-31,0\n", unknown="create")
    assert [(sale.kind, sale.sale_id) for sale in store.ledger.iterate(LedgerQuery())] == [("sale", "S-6")]


def test_a_sale_is_added_to_the_amount_with_everything_on_its_receipt(store, staff, ann):
    yesterday = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    items = [{"name": "Tea", "quantity": 0.25, "unitPrice": 40.10}, {"name": "Cup", "unitPrice": 3}]
    draft = parse(
        PurchaseDraft, {"saleId": " R-1 ", "items": items, "soldAt": yesterday, "paymentMethod": "card", "note": "Gift"}
    )
    recorded = record_sale(store, staff, ann.id, draft)
    assert recorded.customer.purchase_amount == Decimal("23.13")
    assert (recorded.repeated, recorded.activated) == (False, False)
    sale = get_entry(store, staff, "R-1")
    assert (sale.amount, sale.sold_at, sale.payment_method, sale.note) == (Decimal("13.03"), yesterday, "card", "Gift")
    assert [(item.name, item.quantity, item.unit_price) for item in sale.items] == [
        ("Tea", Decimal("0.25"), Decimal("40.10")),
        ("Cup", Decimal("1"), Decimal("3")),
    ]
    assert (sale.by_name, sale.source, sale.customer) == (staff.name, "app", ann.id)
    change = store.changes.of_customer(ann.id, limit=1)[0]
    assert (change.kind, change.reason, change.id) == ("purchase", "Sale R-1", sale.change)


LINES = [(40, 1.459, "58.36"), (9, 13.9563, "125.61"), (3, 0.335, "1.01"), (250, 0.034, "8.50"), (1000, 0.004, "4.00")]


@pytest.mark.parametrize(("quantity", "price", "line"), LINES)
def test_a_unit_price_keeps_its_decimals_and_a_line_is_rounded_once(store, staff, ann, quantity, price, line):
    items = [{"name": "Diesel", "quantity": quantity, "unitPrice": price}]
    draft = parse(PurchaseDraft, {"saleId": "R-1", "items": items})
    assert str(record_sale(store, staff, ann.id, draft).entry.amount) == line
    [item] = get_entry(store, staff, "R-1").items
    assert (float(item.unit_price), item.total) == (price, Decimal(line))


def test_every_line_is_rounded_by_itself(store, staff, ann):
    items = [{"name": "Diesel", "quantity": quantity, "unitPrice": price} for quantity, price, _ in LINES]
    recorded = record_sale(store, staff, ann.id, parse(PurchaseDraft, {"items": items}))
    assert recorded.entry.amount == sum(Decimal(line) for *_, line in LINES)


class TestAnAmountThatDiffersFromItsItems:
    ITEMS: ClassVar = [{"name": "Tea", "unitPrice": 10}, {"name": "Cup", "unitPrice": 6.5}]

    @pytest.mark.parametrize(
        ("fields", "amount"),
        [
            ({}, "16.50"),
            ({"amount": 16.5}, "16.50"),
            ({"amount": 3, "discount": 13.5}, "3.00"),
            ({"discount": 13.5}, "3.00"),
            ({"discount": 16.5}, "0.00"),
            ({"amount": 20, "surcharge": 3.5}, "20.00"),
            ({"amount": 17.5, "discount": 1, "surcharge": 2}, "17.50"),
            ({"discount": 0, "surcharge": 0}, "16.50"),
        ],
    )
    def test_is_what_the_items_come_to_with_what_is_said(self, store, staff, ann, fields, amount):
        draft = parse(PurchaseDraft, {"items": self.ITEMS, "saleId": "R-1", **fields})
        assert str(record_sale(store, staff, ann.id, draft).entry.amount) == amount
        kept = get_entry(store, staff, "R-1")
        assert (kept.discount or 0, kept.surcharge or 0) == (fields.get("discount", 0), fields.get("surcharge", 0))

    @pytest.mark.parametrize(
        ("fields", "field", "said"),
        [
            (
                {"amount": 3},
                "amount",
                "Amount is 3.00, but the items add up to 16.50: say that the difference of 13.50 is a discount, or"
                " leave the amount out.",
            ),
            (
                {"amount": 20, "discount": 1},
                "amount",
                "Amount is 20.00, but the items come to 15.50 with a discount of 1.00: say that the difference of 4.50"
                " is a surcharge, or leave the amount out.",
            ),
            (
                {"amount": 3, "surcharge": 13.5},
                "amount",
                "Amount is 3.00, but the items come to 30.00 with a surcharge",
            ),
            ({"amount": 16.49}, "amount", "the difference of 0.01 is a discount"),
            ({"discount": 16.51}, "discount", "Discount is more than the items come to, 16.50; correct one of both."),
            ({"items": [], "amount": 3, "discount": 1}, "discount", "Discount needs items; without them the amount is"),
            ({"items": [], "amount": 3, "surcharge": 1}, "surcharge", "Surcharge needs items; without them the amount"),
            ({"items": [], "discount": 1}, "amount", "Amount is required."),
        ],
    )
    def test_is_refused_without_a_word_about_it(self, store, staff, ann, fields, field, said):
        with pytest.raises(InvalidInput) as refused:
            record_sale(store, staff, ann.id, parse(PurchaseDraft, {"items": self.ITEMS, **fields}))
        [error] = refused.value.errors
        assert (error.field, said in error.message) == (field, True), error.message
        assert store.customers.get(ann.id) == ann

    def test_is_the_same_sale_again_when_only_the_amount_is_compared(self, store, staff, ann):
        record_sale(store, staff, ann.id, parse(PurchaseDraft, {"items": self.ITEMS, "discount": 6.5, "saleId": "R-1"}))
        assert record_sale(store, staff, ann.id, sold(10, items=self.ITEMS, saleId="R-1")).repeated
        with pytest.raises(Conflict, match=r"already recorded for another purchase: 10.00 of customer C-ann"):
            record_sale(store, staff, ann.id, parse(PurchaseDraft, {"items": self.ITEMS, "saleId": "R-1"}))


def test_the_same_sale_again_changes_nothing_and_says_so(store, staff, ann):
    first = record_sale(store, staff, ann.id, sold(5, saleId="R-1"))
    again = record_sale(store, staff, ann.id, sold(5, saleId="R-1"))
    assert again.repeated
    assert (again.entry, again.customer) == (first.entry, first.customer)


@pytest.mark.parametrize("amount", [4, 5])
def test_a_sale_id_of_another_purchase_is_refused(store, staff, ann, amount):
    other = customer(store, staff, "C-bob")
    record_sale(store, staff, ann.id, sold(5, saleId="R-1"))
    with pytest.raises(Conflict, match=r"already recorded for another purchase: 5.00 of customer C-ann"):
        record_sale(store, staff, ann.id if amount == 4 else other.id, sold(amount, saleId="R-1"))


@pytest.mark.parametrize(
    "alike", ["R\u20111", "R\u20131", "Ｒ－１", "R\u22121", "\u0052\u00ad1".replace("\u00ad", "\u2010"), "R-১"]
)
def test_a_sale_id_that_looks_the_same_is_the_same_sale(store, staff, ann, alike):
    first = record_sale(store, staff, ann.id, parse(PurchaseDraft, {"saleId": "R-1", "amount": 5}))
    again = record_sale(store, staff, ann.id, parse(PurchaseDraft, {"saleId": alike, "amount": 5}))
    assert (again.repeated, again.entry.id) == (True, first.entry.id)
    with pytest.raises(Conflict, match="already recorded"):
        record_sale(store, staff, ann.id, parse(PurchaseDraft, {"saleId": alike, "amount": 6}))
    assert get_entry(store, staff, alike).id == first.entry.id
    refunded = refund_sale(store, staff, alike, parse(RefundDraft, {"saleId": f"B{alike}"}))
    assert refunded.entry.refund_of == "R-1"
    assert refund_sale(store, staff, alike, parse(RefundDraft, {"saleId": f"B{alike}"})).repeated


@pytest.mark.parametrize("space", ["\u00a0", "  ", "\u202f"])
def test_kinds_of_space_make_no_other_sale(store, staff, ann, space):
    record_sale(store, staff, ann.id, parse(PurchaseDraft, {"saleId": f"R{space}1", "amount": 5}))
    assert get_entry(store, staff, "R 1").sale_id == "R 1"


@pytest.mark.parametrize("sale_id", ["7", "x" * 64, "refund", "a/refund/b", "a.b/c"])
def test_a_sale_id_may_be_short_or_long_or_have_slashes(store, staff, ann, sale_id):
    assert record_sale(store, staff, ann.id, sold(1, saleId=sale_id)).entry.sale_id == sale_id


def test_sale_ids_that_differ_in_letter_case_are_different_sales(store, staff, ann):
    record_sale(store, staff, ann.id, sold(1, saleId="aB"))
    record_sale(store, staff, ann.id, sold(1, saleId="Ab"))
    assert amount_of(store, ann) == Decimal("12.10")


def test_a_sale_of_nothing_is_recorded_too(store, staff, ann):
    record_sale(store, staff, ann.id, sold(0, saleId="R-0"))
    assert entries(store, staff, ann) == [("opening", 10.10), ("sale", 0)]
    revert_change(store, staff, get_entry(store, staff, "R-0").change)
    assert entries(store, staff, ann) == [("opening", 10.10)]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Amount is required"),
        ({"amount": -1}, "Amount cannot be negative"),
        ({"amount": float("nan")}, "Amount must be a number"),
        ({"amount": True}, "Amount must be a number"),
        ({"amount": "5"}, "Amount must be a number"),
        ({"amount": {"$gt": 0}}, "Amount must be a number"),
        ({"amount": 1e12}, "Amount is too large"),
        ({"amount": 999_999_999_999}, "would bring the purchase amount above"),
        ({"amount": 1, "saleId": "a\nb"}, "Sale ID contains a line break"),
        ({"amount": 1, "saleId": "a\u200db"}, "Sale ID contains a line break or an invisible control character"),
        ({"amount": 1, "saleId": "x" * 65}, "Sale ID is too long"),
        ({"amount": 1, "saleId": f"a  {'x' * 62}"}, "Sale ID is too long"),
        ({"amount": 1, "saleId": f"{'½' * 21}xx"}, "Sale ID is too long"),
        ({"amount": 1, "saleId": "a/../b"}, "Sale ID cannot end with / or /refund, or have . or .. between slashes"),
        ({"amount": 1, "saleId": "."}, "Sale ID cannot end with /"),
        ({"amount": 1, "saleId": "a/refund"}, "Sale ID cannot end with /"),
        ({"amount": 1, "saleId": "a/"}, "Sale ID cannot end with /"),
        ({"amount": 1, "soldAt": "31/01/2025"}, "Date is not a date"),
        ({"amount": 1, "soldAt": "2999-01-01"}, "Date is not between the year 1900 and now"),
        ({"amount": 1, "soldAt": "1899-12-31"}, "Date is not between the year 1900 and now"),
        ({"amount": 1, "paymentMethod": "gold"}, "Payment method must be one of"),
        ({"amount": 1, "note": "x" * 501}, "Note is too long"),
        ({"items": [{"name": "", "unitPrice": 1}]}, "is required"),
        ({"items": [{"name": "Tea", "unitPrice": 1}] * 201}, "at most 200"),
        ({"items": [{"name": "Tea", "unitPrice": 1, "quantity": 0}]}, "must be from 0.001"),
        ({"items": [{"name": "Tea", "unitPrice": 1, "quantity": 0.0001}]}, "must be from 0.001"),
        ({"items": [{"name": "Tea", "unitPrice": 1, "quantity": True}]}, "must be a number, such as 2"),
        ({"items": [{"name": "Tea", "unitPrice": 1, "quantity": "2"}]}, "must be a number, such as 2"),
        ({"items": [{"name": "Tea", "unitPrice": 1, "quantity": 1_000_000.001}]}, "must be from 0.001 to 1,000,000"),
        (
            {"items": [{"name": "Tea", "unitPrice": 1, "quantity": 1.0005}]},
            "quantity has more than 3 decimals; round it",
        ),
        ({"items": [{"name": "Tea", "unitPrice": 0.12345678901}]}, "unitPrice has more than 10 decimals; round it"),
        ({"items": [{"name": "Tea", "unitPrice": -1}]}, "unitPrice cannot be negative"),
    ],
)
def test_what_cannot_be_sold_is_refused_with_a_sentence_and_changes_nothing(store, staff, ann, fields, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        record_sale(store, staff, ann.id, parse(PurchaseDraft, fields))
    assert store.customers.get(ann.id) == ann


@pytest.mark.parametrize("id", ["0" * 24, "nobody", ""])
def test_nobody_buys_nothing(store, staff, id):
    with pytest.raises(NotFound, match="does not exist any more"):
        record_sale(store, staff, id, sold(1))


def test_two_tills_at_once_lose_nothing(store, staff, ann):
    amounts = [Decimal(number) / 100 for number in range(1, 41)]
    with ThreadPoolExecutor(8) as tills:
        list(tills.map(lambda amount: record_sale(store, staff, ann.id, sold(amount)), amounts))
    assert amount_of(store, ann) == Decimal("10.10") + sum(amounts)
    assert store.ledger.count(LedgerQuery(customer=ann.id, kind="sale")) == 40


def test_the_same_sale_from_two_tills_at_once_is_recorded_once(store, staff, ann):
    with ThreadPoolExecutor(8) as tills:
        done = list(tills.map(lambda _: record_sale(store, staff, ann.id, sold(5, saleId="R-1")), range(16)))
    assert [recorded.repeated for recorded in done].count(False) == 1
    assert amount_of(store, ann) == Decimal("15.10")


def test_a_refund_is_an_entry_of_its_own_and_never_more_than_is_left(store, staff, ann):
    record_sale(store, staff, ann.id, sold(5, saleId="R-1"))
    part = refund_sale(store, staff, "R-1", parse(RefundDraft, {"amount": 2, "note": "Broken"}))
    assert (part.entry.amount, part.entry.refund_of, part.customer.purchase_amount) == (-2, "R-1", Decimal("13.10"))
    assert refundable(store, staff, "R-1") == 3
    with pytest.raises(InvalidInput, match=r"more than the 3.00 that is left"):
        refund_sale(store, staff, "R-1", parse(RefundDraft, {"amount": 3.01}))
    rest = refund_sale(store, staff, "R-1", RefundDraft())
    assert (rest.entry.amount, rest.customer.purchase_amount) == (-3, Decimal("10.10"))
    with pytest.raises(InvalidInput, match="All of sale R-1 was refunded already"):
        refund_sale(store, staff, "R-1", RefundDraft())
    assert store.changes.of_customer(ann.id, limit=1)[0].kind == "refund"


def test_the_same_refund_again_changes_nothing(store, staff, ann):
    record_sale(store, staff, ann.id, sold(5, saleId="R-1"))
    record_sale(store, staff, ann.id, sold(5, saleId="R-2"))
    first = refund_sale(store, staff, "R-1", parse(RefundDraft, {"amount": 2, "saleId": "B-1"}))
    again = refund_sale(store, staff, "R-1", parse(RefundDraft, {"amount": 2, "saleId": "B-1"}))
    assert (again.repeated, again.entry) == (True, first.entry)
    for sale_id, amount in (("R-1", 3), ("R-2", 2)):
        with pytest.raises(Conflict, match="already recorded"):
            refund_sale(store, staff, sale_id, parse(RefundDraft, {"amount": amount, "saleId": "B-1"}))


def test_two_refunds_at_once_give_the_money_back_once(store, staff, ann):
    record_sale(store, staff, ann.id, sold(5, saleId="R-1"))

    def refund(_):
        try:
            return refund_sale(store, staff, "R-1", RefundDraft())
        except InvalidInput:
            return None

    with ThreadPoolExecutor(6) as tills:
        done = list(tills.map(refund, range(6)))
    assert sum(recorded is not None for recorded in done) == 1
    assert amount_of(store, ann) == Decimal("10.10")


def test_only_a_sale_can_be_refunded_and_only_what_the_customer_has(store, staff, ann):
    with pytest.raises(NotFound, match="no sale with the ID"):
        refund_sale(store, staff, "R-1", RefundDraft())
    with pytest.raises(Conflict, match="Only a sale can be refunded"):
        refund_sale(store, staff, f"opening-{ann.id}", RefundDraft())
    record_sale(store, staff, ann.id, sold(5, saleId="R-1"))
    update_customer(store, staff, ann.id, CustomerPatch(purchase_amount=Decimal("1.00")))
    with pytest.raises(InvalidInput, match=r"more than customer C-ann has left, 1.00"):
        refund_sale(store, staff, "R-1", RefundDraft())


def test_taking_a_purchase_back_leaves_later_purchases_and_frees_its_id(store, staff, ann):
    record_sale(store, staff, ann.id, sold(5, saleId="R-1"))
    record_sale(store, staff, ann.id, sold(1, saleId="R-2"))
    record = revert_change(store, staff, get_entry(store, staff, "R-1").change)
    assert (amount_of(store, ann), record.kind) == (Decimal("11.10"), "purchase")
    with pytest.raises(NotFound):
        get_entry(store, staff, "R-1")
    revert_change(store, staff, record.id)
    assert (amount_of(store, ann), get_entry(store, staff, "R-1").amount) == (Decimal("16.10"), 5)


def test_a_purchase_stays_when_money_went_back_or_an_amount_was_typed_since(store, staff, ann):
    record_sale(store, staff, ann.id, sold(5, saleId="R-1"))
    change = get_entry(store, staff, "R-1").change
    refund = refund_sale(store, staff, "R-1", parse(RefundDraft, {"amount": 1}))
    with pytest.raises(Conflict, match="got money back for this purchase since"):
        revert_change(store, staff, change)
    revert_change(store, staff, refund.entry.change)
    update_customer(store, staff, ann.id, CustomerPatch(purchase_amount=Decimal("20.00")))
    with pytest.raises(Conflict, match="total spent changed again since"):
        revert_change(store, staff, change)


def test_a_sale_id_that_is_in_use_again_keeps_the_old_sale_from_coming_back(store, staff, ann):
    record_sale(store, staff, ann.id, sold(5, saleId="R-1"))
    record = revert_change(store, staff, get_entry(store, staff, "R-1").change)
    record_sale(store, staff, ann.id, sold(7, saleId="R-1"))
    with pytest.raises(Conflict, match=r"sale “R-1” was recorded again since; undo that purchase first\.$"):
        revert_change(store, staff, record.id)
    revert_change(store, staff, get_entry(store, staff, "R-1").change)
    revert_change(store, staff, record.id)
    assert (amount_of(store, ann), get_entry(store, staff, "R-1").amount) == (Decimal("15.10"), 5)


def test_a_typed_amount_is_undone_without_the_purchases_since(store, staff, ann):
    update_customer(store, staff, ann.id, CustomerPatch(purchase_amount=Decimal("100.00")))
    typed = store.changes.of_customer(ann.id, limit=1)[0]
    record_sale(store, staff, ann.id, sold(5))
    revert_change(store, staff, typed.id)
    assert entries(store, staff, ann) == [("opening", 10.10), ("sale", 5)]


def test_a_registration_with_purchases_since_is_not_undone(store, manager, ann):
    record_sale(store, manager, ann.id, sold(5))
    created = store.changes.of_customer(ann.id, limit=5)[-1]
    with pytest.raises(Conflict, match="was edited since"):
        revert_change(store, manager, created.id)


def test_purchases_of_a_deleted_customer_do_not_count_until_they_are_restored(store, manager, ann):
    record_sale(store, manager, ann.id, sold(5, saleId="R-1"))
    reverted = record_sale(store, manager, ann.id, sold(3, saleId="R-2")).entry
    revert_change(store, manager, reverted.change)
    delete_customer(store, manager, ann.id)
    assert store.ledger.count(LedgerQuery()) == 0
    restore_customers(store, manager, [ann.id])
    assert entries(store, manager, ann) == [("opening", 10.10), ("sale", 5)]


def test_the_sale_id_of_a_deleted_customer_is_kept_for_them(store, staff, manager, ann):
    record_sale(store, staff, ann.id, sold(5, saleId="R-1"))
    bob = customer(store, staff, "C-bob")
    record_sale(store, staff, bob.id, sold(1, saleId="B-1"))
    delete_customer(store, manager, ann.id)
    for record in (
        lambda actor: record_sale(store, actor, bob.id, sold(5, saleId="R-1")),
        lambda actor: refund_sale(store, actor, "B-1", parse(RefundDraft, {"saleId": "R-1"})),
    ):
        with pytest.raises(Conflict, match=r"“R-1” belongs to customer C-ann, who is deleted; have them restored, or"):
            record(manager)
        with pytest.raises(Conflict, match=r"“R-1” belongs to a deleted customer; have them restored, or give"):
            record(staff)
    rows = b"saleId,customerId,date,amount\nR-1,C-bob,2025-01-31,5\nR-2,C-bob,2025-01-31,5\n"
    plan = preview_purchases(store, staff, rows)
    assert [(error.row, error.message) for error in plan.errors] == [
        (2, "Sale ID “R-1” belongs to a deleted customer; have them restored, or give it another ID.")
    ]
    restore_customers(store, manager, [ann.id])
    assert get_entry(store, staff, "R-1").customer == ann.id
    revert_change(store, manager, store.changes.of_customer(ann.id, limit=1)[0].id)
    with pytest.raises(Conflict, match=r"“R-1” belongs to a deleted customer"):
        record_sale(store, staff, bob.id, sold(5, saleId="R-1"))


def test_the_sale_id_of_whom_nobody_can_restore_any_more_is_free(store, connection, staff, manager, ann):
    record_sale(store, staff, ann.id, sold(5, saleId="R-1"))
    delete_customer(store, manager, ann.id)
    connection.database["trash"].update_many({}, {"$set": {"deletedAt": datetime.now(UTC) - timedelta(days=31)}})
    assert empty_trash(store) == 1
    assert not record_sale(store, staff, customer(store, staff, "C-bob").id, sold(5, saleId="R-1")).repeated


def test_a_customer_whose_sale_was_recorded_again_is_restored_once_that_is_undone(store, connection, manager, ann):
    record_sale(store, manager, ann.id, sold(5, saleId="R-1"))
    delete_customer(store, manager, ann.id)
    again = record_sale(store, manager, customer(store, manager, "C-bob").id, sold(5, saleId="R-2")).entry
    connection.database["sales"].update_one({"saleId": "R-2"}, {"$set": {"saleId": "R-1"}})
    refusal = (
        "Customer C-ann cannot be restored, because sale “R-1” is recorded for customer C-bob now; undo that purchase"
        " in the history first."
    )
    with pytest.raises(Conflict) as refused:
        restore_customers(store, manager, [ann.id])
    assert refused.value.message == refusal
    revert_change(store, manager, again.change)
    restore_customers(store, manager, [ann.id])
    assert amount_of(store, ann) == Decimal("15.10")


def test_an_id_in_capitals_is_the_same_customer(store, staff, manager, ann):
    assert not record_sale(store, staff, ann.id.upper(), sold(5, saleId="R-1")).repeated
    assert record_sale(store, staff, ann.id.upper(), sold(5, saleId="R-1")).repeated
    assert store.ledger.count(LedgerQuery(customer=ann.id.upper())) == 2
    assert summarize_purchases(store, staff, ann.id.upper()).count == 1
    run = set_membership_of_selected(store, staff, [ann.id.upper(), ann.id], membership_status=True)
    assert (run.matched, run.changed, run.exceptions) == (1, 1, [])
    assert len(list_memberships(store, staff, ann.id.upper())) == 1
    for query in (HistoryQuery(customer=ann.id.upper(), run=run.id.upper()), HistoryQuery(customer=ann.id, run=run.id)):
        assert list_history(store, staff, query, page=1, limit=9).total == 1
    assert list_customers_of_run(store, staff, run.id.upper()) == ["C-ann"]
    delete_customer(store, manager, ann.id.upper())
    (restored,) = restore_customers(store, manager, [ann.id.upper(), ann.id])
    assert restored.id == ann.id


def test_an_undone_import_takes_its_amounts_out_of_the_ledger_and_undoing_that_brings_them_back(store, manager, ann):
    file = b"customerId,customerName,contactInfo,purchaseAmount\nC-ann,Ann,ann@shop.com,50\nC-new,Newt,new@shop.com,7\n"
    run = import_customers(store, manager, file).run
    record_sale(store, manager, ann.id, sold(5))
    undo = undo_run(store, manager, run.id)
    assert entries(store, manager, ann) == [("opening", 10.10), ("sale", 5)]
    assert store.customers.get_by_customer_id("C-new") is None
    undo_run(store, manager, undo.id)
    assert amount_of(store, ann) == Decimal("55.00")
    assert entries(store, manager, store.customers.get_by_customer_id("C-new")) == [("opening", 7)]


def test_an_erased_person_keeps_figures_but_no_notes(store, manager, ann):
    record_sale(store, manager, ann.id, sold(5, saleId="R-1", note="for her sister"))
    erase_person(store, manager, ann.id)
    sale = get_entry(store, manager, "R-1")
    assert (sale.amount, sale.note) == (5, None)


class TestActivationAtAPurchase:
    @pytest.fixture(autouse=True)
    def _shop(self, store):
        store.shop.save(ShopSettings(threshold=Decimal("20.00"), activate_on_purchase=True))

    def test_the_purchase_that_reaches_the_threshold_makes_a_member_and_says_why(self, store, staff, ann):
        short = record_sale(store, staff, ann.id, sold(9.89))
        assert (short.activated, short.status.is_below) == (False, False)
        recorded = record_sale(store, staff, ann.id, sold(0.01, saleId="R-2"))
        assert (recorded.activated, recorded.customer.membership_status) == (True, True)
        assert not recorded.status.is_below
        change = store.changes.of_customer(ann.id, limit=1)[0]
        assert change.reason == "Sale R-2 brought the total to 20.00; the threshold was 20.00"
        assert store.memberships.of_customer(ann.id)[0].begun.decided_by == "rule"

    def test_nobody_is_activated_unless_the_shop_wants_it(self, store, staff, ann):
        store.shop.save(ShopSettings(threshold=Decimal("20.00"), activate_on_purchase=False))
        assert not record_sale(store, staff, ann.id, sold(50)).customer.membership_status

    def test_whom_a_person_made_a_non_member_stays_one(self, store, staff, ann):
        for status in (True, False):
            set_membership(store, staff, ann.id, membership_status=status)
        assert not record_sale(store, staff, ann.id, sold(50)).activated

    def test_a_refund_ends_no_membership(self, store, staff, ann):
        record_sale(store, staff, ann.id, sold(9.90, saleId="R-1"))
        refunded = refund_sale(store, staff, "R-1", RefundDraft(amount=Decimal("0.01")))
        assert (refunded.customer.membership_status, refunded.status.is_below) == (True, True)

    def test_of_the_last_twelve_months_only_purchases_count(self, store, staff, ann):
        store.shop.save(
            ShopSettings(threshold=Decimal("20.00"), activate_on_purchase=True, threshold_basis="last-12-months")
        )
        long_ago = datetime.now(UTC) - timedelta(days=370)
        assert not record_sale(store, staff, ann.id, sold(500, soldAt=long_ago)).activated
        assert not record_sale(store, staff, ann.id, sold(19.99)).activated
        assert record_sale(store, staff, ann.id, sold(0.01)).activated


def test_customers_from_before_there_was_a_ledger_get_an_opening_balance_once(store, connection, staff, ann):
    connection.database["sales"].delete_many({})
    for _ in range(2):
        connection.database["settings"].delete_many({"_id": "ledger"})
        open_ledger(connection)
        assert entries(store, staff, ann) == [("opening", 10.10)]


def test_a_purchase_whose_entry_is_gone_takes_nothing_off(store, connection, staff, ann):
    change = record_sale(store, staff, ann.id, sold(5)).entry.change
    connection.database["sales"].delete_many({})
    connection.database["settings"].delete_many({"_id": "ledger"})
    open_ledger(connection)
    with pytest.raises(Conflict, match="had this undone already"):
        revert_change(store, staff, change)
    assert entries(store, staff, ann) == [("opening", 15.10)]


def test_a_change_from_before_there_was_a_ledger_can_still_be_undone(store, connection, staff, ann):
    update_customer(store, staff, ann.id, CustomerPatch(purchase_amount=Decimal("7.05")))
    typed = store.changes.of_customer(ann.id, limit=1)[0]
    connection.database["sales"].delete_many({})
    connection.database["settings"].delete_many({"_id": "ledger"})
    open_ledger(connection)
    revert_change(store, staff, typed.id)
    assert entries(store, staff, ann) == [("opening", 7.05), ("adjustment", 3.05)]


@pytest.mark.parametrize("damage", [{"amount": 4.0}, {"void": True}])
def test_a_ledger_that_does_not_add_up_is_named(store, connection, admin, staff, ann, damage):
    record_sale(store, staff, ann.id, sold(5, saleId="R-1"))
    sales = connection.database["sales"]
    sound = sales.find_one({"saleId": "R-1"})
    sales.update_one({"saleId": "R-1"}, {"$set": damage})
    total = "14.10" if "amount" in damage else "10.10"
    assert [finding.sentence for finding in check_database(store, admin).findings] == [
        f"Customer C-ann: its purchase amount is 15.10, but its ledger adds up to {total}."
    ]
    sales.replace_one({"_id": sound["_id"]}, sound)
