"""Figures about one customer's purchases, their ledger page by page, and the file of it."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from unittest.mock import ANY

import pytest

from kinso.errors import NotFound
from kinso.models.customers import CustomerDraft, CustomerPatch
from kinso.models.purchases import MonthAmount, PurchaseDraft, PurchaseItem, RefundDraft
from kinso.models.shop import ShopSettings
from kinso.repository.documents import now
from kinso.services.customers.editing import create_customer, delete_customer, update_customer
from kinso.services.history.undo import revert_change
from kinso.services.purchases.reading import export_purchases, list_ledger, list_refundable, summarize_purchases
from kinso.services.purchases.recording import record_sale, refund_sale


@pytest.fixture
def ada(store, staff):
    draft = CustomerDraft(customer_id="A-1", customer_name="Ada", contact_info="ada@shop.com", purchase_amount=100)
    return create_customer(store, staff, draft)


@pytest.fixture
def buy(store, staff, ada):
    def buy(sale_id, amount, sold_at=None, **more):
        return record_sale(store, staff, ada.id, PurchaseDraft(sale_id=sale_id, amount=amount, sold_at=sold_at, **more))

    return buy


def months_ago(number, day=1, hour=12):
    present = now()
    index = present.year * 12 + present.month - 1 - number
    return datetime(index // 12, index % 12 + 1, day, hour, tzinfo=UTC)


def rows(chunks):
    return list(csv.DictReader(io.StringIO(b"".join(chunks).decode("utf-8-sig"), newline="")))


class TestSummary:
    def test_purchases_count_and_refunds_are_taken_off(self, store, analyst, staff, ada, buy):
        buy("S-1", 10, months_ago(1))
        last = buy("S-2", Decimal("20.01"))
        buy("S-3", 0, months_ago(2))
        refund_sale(store, staff, "S-2", RefundDraft(amount=Decimal("0.02")))
        found = summarize_purchases(store, analyst, ada.id)
        assert (found.entries, found.count, found.total, found.average) == (5, 3, Decimal("29.99"), Decimal("10.00"))
        assert found.last == last.entry.sold_at

    def test_typed_amounts_are_no_purchases(self, store, analyst, staff, ada):
        update_customer(store, staff, ada.id, CustomerPatch(purchase_amount=50))
        found = summarize_purchases(store, analyst, ada.id)
        assert (found.entries, found.count, found.total, found.average) == (2, 0, Decimal("0.00"), None)
        assert (found.last, found.months) == (None, [])

    def test_nobody_has_no_purchases(self, store, analyst):
        assert summarize_purchases(store, analyst, "nonsense").entries == 0

    def test_what_was_undone_does_not_count(self, store, manager, analyst, ada, buy):
        buy("S-1", 10)
        revert_change(store, manager, store.changes.of_customer(ada.id, limit=1)[0].id)
        assert summarize_purchases(store, analyst, ada.id).count == 0

    def test_months_begin_with_the_first_purchase(self, store, analyst, ada, buy):
        buy("S-1", 10, months_ago(2))
        buy("S-2", 5, months_ago(2, 20))
        buy("S-3", 7)
        months = summarize_purchases(store, analyst, ada.id).months
        assert [month.month for month in months] == [months_ago(number).date() for number in (2, 1, 0)]
        assert [month.amount for month in months] == [Decimal("15.00"), Decimal("0.00"), Decimal("7.00")]

    def test_there_are_at_most_24_of_them(self, store, analyst, ada, buy):
        buy("S-1", 10, months_ago(40))
        buy("S-2", 5, months_ago(23))
        months = summarize_purchases(store, analyst, ada.id).months
        assert [month.amount for month in months] == [Decimal("5.00")] + [Decimal("0.00")] * 23

    def test_a_refund_counts_in_the_month_of_its_sale(self, store, analyst, staff, ada, buy):
        buy("S-1", 10, months_ago(1))
        refund_sale(store, staff, "S-1", RefundDraft(amount=3))
        assert [month.amount for month in summarize_purchases(store, analyst, ada.id).months] == [7, 0]

    def test_a_month_begins_where_the_shop_is(self, store, analyst, ada, buy):
        store.shop.save(ShopSettings(time_zone="Asia/Dhaka"))
        buy("S-1", 10, months_ago(1, 1, 0) - timedelta(hours=4))
        assert summarize_purchases(store, analyst, ada.id).months[0] == MonthAmount(months_ago(1).date(), Decimal(10))


class TestLedger:
    def test_it_runs_from_the_newest_with_the_total_so_far(self, store, analyst, staff, ada, buy):
        buy("S-1", Decimal("0.10"))
        buy("S-2", Decimal("0.20"))
        refund_sale(store, staff, "S-1", RefundDraft(sale_id="R-1"))
        page = list_ledger(store, analyst, ada.id, page=1, limit=50)
        assert [(line.entry.kind, line.entry.amount, line.balance) for line in page.lines] == [
            ("refund", Decimal("-0.10"), Decimal("100.20")),
            ("sale", Decimal("0.20"), Decimal("100.30")),
            ("sale", Decimal("0.10"), Decimal("100.10")),
            ("opening", Decimal("100.00"), Decimal("100.00")),
        ]
        assert [line.left for line in page.lines] == [0, Decimal("0.20"), 0, 0]
        assert page.total == 4

    def test_the_total_goes_on_from_page_to_page_also_where_moments_are_equal(self, store, analyst, ada, buy):
        moment = months_ago(3)
        for number in range(7):
            buy(f"S-{number}", number + 1, moment)
        whole = list_ledger(store, analyst, ada.id, page=1, limit=50).lines
        parts = [line for page in (1, 2, 3) for line in list_ledger(store, analyst, ada.id, page=page, limit=3).lines]
        assert parts == whole
        assert whole[0].balance == store.customers.get(ada.id).purchase_amount

    def test_a_page_past_the_end_is_empty(self, store, analyst, ada):
        assert list_ledger(store, analyst, ada.id, page=2, limit=50).lines == []

    def test_only_sales_with_something_left_can_be_refunded(self, store, analyst, staff, ada, buy):
        buy("S-1", 5)
        buy("S-2", 6)
        buy("S-3", 0)
        refund_sale(store, staff, "S-1", RefundDraft())
        refund_sale(store, staff, "S-2", RefundDraft(amount=Decimal(2)))
        assert [(sale.sale_id, left) for sale, left in list_refundable(store, analyst, ada.id)] == [("S-2", Decimal(4))]


class TestFile:
    def test_it_tells_everything_oldest_first(self, store, analyst, staff, ada, buy):
        store.shop.save(ShopSettings(time_zone="Asia/Dhaka"))
        items = [
            PurchaseItem(name="Coffee", quantity=Decimal("0.5"), unit_price=9),
            PurchaseItem(name="Cake", unit_price=4.125),
        ]
        given = {"items": items, "discount": Decimal("0.13")}
        sold_at = buy("S-1", Decimal("8.50"), **given, payment_method="card", note="late").entry.sold_at
        refund_sale(store, staff, "S-1", RefundDraft(sale_id="R-1", amount=Decimal("0.50")))
        opening, sale, refund = rows(export_purchases(store, analyst, ada.id))
        assert (opening["kind"], opening["amount"], opening["runningTotal"]) == ("opening", "100.00", "100.00")
        assert sale == {
            "date": sold_at.astimezone(store.shop.get().zone).strftime("%Y-%m-%d %H:%M:%S"),
            "saleId": "S-1",
            "kind": "sale",
            "amount": "8.50",
            "runningTotal": "108.50",
            "items": "0.5 × Coffee at 9.00, Cake at 4.125",
            "discount": "0.13",
            "surcharge": "",
            "paymentMethod": "card",
            "note": "late",
            "refundOf": "",
            "by": "Staff Person",
            "source": "app",
            "recordedAt": ANY,
            "customerId": ada.customer_id,
            "asExported": ANY,
        }
        assert (refund["amount"], refund["runningTotal"], refund["refundOf"]) == ("-0.50", "108.00", "S-1")

    def test_typed_texts_run_no_formulas(self, store, analyst, ada, buy):
        buy("=1+1", 5, note="@SUM(A1)", items=[PurchaseItem(name="-2+3", unit_price=5)])
        row = rows(export_purchases(store, analyst, ada.id))[1]
        assert (row["saleId"], row["note"], row["items"]) == ("'=1+1", "'@SUM(A1)", "'-2+3 at 5.00")

    def test_a_deleted_customer_has_none(self, store, analyst, manager, ada):
        delete_customer(store, manager, ada.id)
        with pytest.raises(NotFound):
            export_purchases(store, analyst, ada.id)
