"""Recording purchases and refunds on the page of a customer, and what it shows of them."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from kinso.models.accounts import Role
from kinso.models.customers import CustomerDraft, CustomerPatch
from kinso.models.purchases import LedgerQuery, PurchaseDraft, PurchaseItem, RefundDraft
from kinso.models.shop import ShopSettings
from kinso.services.customers.editing import create_customer, set_membership, update_customer
from kinso.services.purchases.recording import record_sale, refund_sale
from kinso.ui.customers.card import RefundForm
from tests.support.ledger import enter_purchase
from tests.ui.customers_page import press, someone_deletes, texts


@pytest.fixture
def ada(store, staff):
    draft = CustomerDraft(
        customer_id="C-1", customer_name="Ada Lovelace", contact_info="ada@example.com", purchase_amount=100
    )
    return create_customer(store, staff, draft)


@pytest.fixture
def enter(store):
    return lambda customer, amount, sold_at: enter_purchase(store, customer, Decimal(amount), sold_at)


@pytest.fixture
def open_customer(open_page, ada):
    return lambda role=Role.STAFF: open_page("customer", role, id=ada.id)


@pytest.fixture
def page(open_customer):
    return press(open_customer(), "record_purchase")


def form_of(page):
    return page.session_state["customer_card"].question


def fill(page, **values):
    for name, value in values.items():
        page.get_by_key(form_of(page).key(name)).set_value(value)
    return page


def add_item(page, name, price, quantity=1.0):
    press(page, form_of(page).key("add_item"))
    row = form_of(page).items[-1]
    for field, value in (("name", name), ("quantity", quantity), ("unitPrice", price)):
        page.get_by_key(form_of(page).key(f"item_{row}_{field}")).set_value(value).run()
    return page


def record(page):
    return press(page, form_of(page).key("record"))


def choices(page):
    return [option.replace("\\", "") for option in page.radio[0].options]


def sales(store, ada, kind="sale"):
    return list(store.ledger.iterate(LedgerQuery(customer=ada.id, kind=kind)))


def said(page):
    words = [*(metric.value for metric in page.metric), texts(page), *(each.value for each in page.success)]
    return "\n".join(words).replace("\\", "").replace("\u2068", "").replace("\u2069", "")


def table(page):
    return page.dataframe[0].value


class TestRecording:
    def test_an_amount_is_enough(self, page, store, ada, toasts):
        record(fill(page, amount=12.5))
        (sale,) = sales(store, ada)
        assert (sale.amount, sale.by_name, sale.items) == (Decimal("12.50"), "Staff Person", [])
        assert store.customers.get(ada.id).purchase_amount == Decimal("112.50")
        assert toasts(page)[0].replace("\\", "") == "$12.50 recorded. The total is now $112.50."
        assert "$112.50" in said(page)
        assert form_of(page) is None

    def test_everything_else_is_kept_with_it(self, page, store, ada):
        day = datetime.now().astimezone().date() - timedelta(days=40)
        fill(page, amount=5.0, soldAt=day, paymentMethod="card", note="a gift", saleId="R-77")
        record(page)
        (sale,) = sales(store, ada)
        assert (sale.sale_id, sale.payment_method, sale.note) == ("R-77", "card", "a gift")
        assert sale.sold_at.date() == day

    def test_the_total_of_the_items_fills_the_amount(self, page, store, ada):
        add_item(add_item(page, "Coffee", 3.5, 2.0), "Cake", 4.25)
        assert page.text_input(key=form_of(page).amount_key).value == "11.25"
        record(page)
        (sale,) = sales(store, ada)
        assert sale.amount == Decimal("11.25")
        assert [(item.name, item.quantity, item.unit_price) for item in sale.items] == [
            ("Coffee", Decimal("2.000"), Decimal("3.50")),
            ("Cake", Decimal("1.000"), Decimal("4.25")),
        ]

    def test_an_amount_typed_over_the_total_stays_when_items_change(self, page, store, ada):
        add_item(page, "Coffee", 3.5)
        fill(page, total="3").run()
        add_item(page, "Cake", 4.25)
        assert page.text_input(key=form_of(page).amount_key).value == "3"
        record(page)
        [sale] = sales(store, ada)
        assert (sale.amount, sale.discount, sale.surcharge) == (Decimal("3.00"), Decimal("4.75"), None)

    def test_the_difference_to_the_items_is_shown_while_it_is_typed_and_kept_by_its_name(
        self, page, store, ada, toasts
    ):
        add_item(add_item(page, "Coffee", 12.25), "Cake", 4.25)
        assert not page.radio
        fill(page, total="3.00").run()
        assert "The items come to **$16.50**; the amount is **$13.50 less**." in said(page)
        assert choices(page) == ["A discount of $13.50", "Not meant: take $16.50"]
        fill(page, total="20").run()
        assert "the amount is **$3.50 more**" in said(page)
        assert choices(page)[0] == "A surcharge of $3.50"
        record(page)
        [sale] = sales(store, ada)
        assert (sale.amount, sale.surcharge, sale.discount) == (Decimal("20.00"), Decimal("3.50"), None)
        assert toasts(page)[0].replace("\\", "").startswith("$20.00 recorded, with a surcharge of $3.50. The total")
        assert table(page)["about"][0] == "Coffee at 12.25, Cake at 4.25 · a surcharge of $3.50"

    def test_a_difference_that_was_not_meant_gives_way_to_the_total_of_the_items(self, page, store, ada):
        add_item(page, "Coffee", 16.5)
        fill(page, total="3").run()
        page.radio[0].set_value("mistake").run()
        assert page.text_input(key=form_of(page).amount_key).value == "16.50"
        assert not page.radio
        record(page)
        assert (sales(store, ada)[0].amount, sales(store, ada)[0].discount) == (Decimal("16.50"), None)

    def test_a_difference_that_nobody_has_seen_is_not_recorded(self, page, store, ada):
        add_item(page, "Coffee", 16.5)
        record(fill(page, total="3"))
        assert sales(store, ada) == []
        assert "This is not what the items come to, $16.50; look at the difference below." in said(page)
        assert choices(page)[0] == "A discount of $13.50"
        record(page)
        assert sales(store, ada)[0].discount == Decimal("13.50")

    def test_what_is_no_amount_is_named(self, page, store, ada):
        add_item(page, "Coffee", 16.5)
        record(fill(page, total="3.5.0"))
        assert "Amount “3.5.0” is not a plain number; write it like 1250.50." in said(page)
        assert sales(store, ada) == []

    def test_a_unit_price_keeps_its_decimals(self, page, store, ada):
        add_item(page, "Diesel", 1.459, 40.0)
        assert page.text_input(key=form_of(page).amount_key).value == "58.36"
        record(page)
        assert [item.unit_price for item in sales(store, ada)[0].items] == [Decimal("1.459")]
        assert table(page)["about"][0] == "40 × Diesel at 1.459"

    def test_an_amount_that_was_typed_before_the_first_item_stays(self, page, store, ada):
        fill(page, amount=12.5)
        add_item(page, "Coffee", 16.5)
        assert page.text_input(key=form_of(page).amount_key).value == "12.50"
        assert "the amount is **$4.00 less**" in said(page)

    def test_a_removed_item_is_taken_off_again(self, page, store, ada):
        add_item(add_item(page, "Coffee", 3.5), "Cake", 4.25)
        press(page, form_of(page).key(f"item_{form_of(page).items[0]}_remove"))
        assert page.text_input(key=form_of(page).amount_key).value == "4.25"
        record(page)
        assert [item.name for item in sales(store, ada)[0].items] == ["Cake"]

    def test_bad_input_is_named_and_what_was_typed_stays(self, page, store, ada):
        add_item(page, "", 4.25)
        record(fill(page, total="-1", note="x" * 501))
        told = said(page)
        assert "Name is required." in told
        assert "Amount cannot be negative; enter 0 or more." in told
        assert "Note is too long; use at most 500 characters." in told
        assert page.text_input(key=form_of(page).amount_key).value == "-1"
        assert sales(store, ada) == []

    def test_what_was_wrong_with_the_amount_is_gone_once_another_one_is_there(self, page):
        record(page)
        add_item(page, "Coffee", 3.5)
        assert page.text_input(key=form_of(page).amount_key).value == "3.50"
        assert "Amount is required." not in said(page)
        record(fill(page, total="nothing"))
        assert ":material/error: Amount" in said(page)
        fill(page, total="3").run()
        assert ":material/error: Amount" not in said(page)

    def test_without_any_amount_it_is_asked_for(self, page, store, ada):
        record(page)
        assert "Amount is required." in said(page)
        assert sales(store, ada) == []

    def test_the_same_form_sent_twice_is_recorded_once_and_says_so(self, page, store, ada, toasts):
        form = form_of(page)
        record(fill(page, amount=5.0))
        page.session_state["customer_card"].question = form
        record(fill(page.run(), amount=5.0))
        assert len(sales(store, ada)) == 1
        assert "had been recorded already; nothing was changed." in toasts(page)[-1]
        assert store.customers.get(ada.id).purchase_amount == Decimal("105.00")

    def test_a_sale_id_of_another_purchase_is_refused_with_a_sentence(self, page, store, staff, ada):
        record_sale(store, staff, ada.id, PurchaseDraft(sale_id="R-1", amount=7))
        record(fill(page, amount=5.0, saleId="R-1"))
        assert "Sale ID “R-1” is already recorded for another purchase" in said(page)
        assert len(sales(store, ada)) == 1

    def test_a_purchase_that_makes_a_member_is_celebrated(self, open_customer, store, ada):
        store.shop.save(ShopSettings(threshold=Decimal(110), activate_on_purchase=True))
        page = press(open_customer(), "record_purchase")
        record(fill(page, amount=10.0))
        assert store.customers.get(ada.id).membership_status is True
        assert "Ada Lovelace (C-1) is a member now: with this purchase they reached the threshold of $110.00." in said(
            page
        )
        press(page, "refund_purchase")
        assert not page.success

    def test_a_customer_deleted_meanwhile_is_told(self, page, store, ada, toasts):
        someone_deletes(store, ada)
        record(fill(page, amount=10.0))
        assert "does not exist any more" in toasts(page)[0]
        assert "was deleted" in said(page)

    def test_cancelling_records_nothing(self, page, store, ada):
        press(fill(page, amount=10.0), form_of(page).key("cancel"))
        assert form_of(page) is None
        assert sales(store, ada) == []


class TestRefunding:
    @pytest.fixture(autouse=True)
    def bought(self, store, staff, ada):
        record_sale(store, staff, ada.id, PurchaseDraft(sale_id="R-1", amount=20))

    def amount(self, page):
        return page.number_input(key=form_of(page).key("amount_of_R-1"))

    def test_it_starts_with_all_that_is_left(self, open_customer, store, staff, ada, toasts):
        refund_sale(store, staff, "R-1", RefundDraft(amount=Decimal(5)))
        page = press(open_customer(), "refund_purchase")
        assert "**$15.00** of $20.00 is left to refund." in said(page)
        assert self.amount(page).value == 15.0
        press(page, form_of(page).key("refund"))
        assert store.customers.get(ada.id).purchase_amount == Decimal("100.00")
        assert "refunded" in toasts(page)[0]

    def test_a_part_of_it(self, open_customer, store, ada):
        page = press(open_customer(), "refund_purchase")
        self.amount(page).set_value(7.5)
        press(page, form_of(page).key("refund"))
        assert [refund.amount for refund in sales(store, ada, "refund")] == [Decimal("-7.50")]
        assert table(page)["about"].tolist()[:2] == ["Refund of R-1", "$7.50 refunded"]

    def test_a_member_who_is_left_below_the_threshold_is_told(self, open_customer, store, staff, ada, toasts):
        store.shop.save(ShopSettings(threshold=Decimal(110)))
        set_membership(store, staff, ada.id, membership_status=True)
        page = press(open_customer(), "refund_purchase")
        press(page, form_of(page).key("refund"))
        assert toasts(page)[-1].replace("\\", "") == "Ada Lovelace (C-1) is still a member, $100.00 of $110.00."
        assert "**Still a member, $100.00 of $110.00** in all." in said(page)
        assert "Member, below the threshold" in said(page)

    def test_more_than_is_left_is_refused_and_stays_typed(self, open_customer, store, staff, ada):
        page = press(open_customer(), "refund_purchase")
        refund_sale(store, staff, "R-1", RefundDraft(amount=Decimal(12)))
        press(page, form_of(page).key("refund"))
        assert "Amount is more than the 8.00 that is left of this sale." in said(page)
        assert self.amount(page).value == 20.0
        assert len(sales(store, ada, "refund")) == 1

    def test_the_sale_that_was_asked_for_is_offered_however_old_it_is(self, open_customer, store, staff, ada):
        for number in range(101):
            record_sale(store, staff, ada.id, PurchaseDraft(sale_id=f"N-{number}", amount=1))
        page = open_customer()
        page.session_state["customer_card"].ask(RefundForm("R-1"))
        page.run()
        assert "**$20.00** of $20.00 is left to refund." in said(page)

    def test_a_sale_that_was_refunded_meanwhile_is_not_taken_for_another(self, open_customer, store, staff, ada):
        record_sale(store, staff, ada.id, PurchaseDraft(sale_id="N-1", amount=1))
        page = open_customer()
        refund_sale(store, staff, "R-1", RefundDraft())
        page.session_state["customer_card"].ask(RefundForm("R-1"))
        assert "Nothing is left of sale R-1; choose another one." in said(page.run())

    def test_there_may_be_nothing_to_refund(self, open_customer, store, staff, ada):
        refund_sale(store, staff, "R-1", RefundDraft())
        page = press(open_customer(), "refund_purchase")
        assert "There is no purchase of which something is left to refund." in said(page)
        press(page, form_of(page).key("cancel"))
        assert form_of(page) is None


class TestWhatIsShown:
    def test_kinds_totals_and_items_are_told_newest_first(self, open_customer, store, staff, ada):
        items = [
            PurchaseItem(name="Coffee", quantity=2, unit_price=Decimal("3.50")),
            PurchaseItem(name="Cake", unit_price=4),
        ]
        record_sale(
            store, staff, ada.id, PurchaseDraft(sale_id="R-1", items=items, payment_method="mobile", note="late")
        )
        refund_sale(store, staff, "R-1", RefundDraft(amount=Decimal(4), sale_id="B-1"))
        update_customer(store, staff, ada.id, CustomerPatch(purchase_amount=Decimal(50)))
        rows = table(open_customer(Role.ANALYST))
        assert "refund" not in rows
        assert rows["kind"].tolist() == ["Adjustment", "Refund", "Purchase", "Opening balance"]
        assert rows["amount"].tolist() == [-57.0, -4.0, 11.0, 100.0]
        assert rows["balance"].tolist() == [50.0, 107.0, 111.0, 100.0]
        assert rows["about"].tolist() == [
            "Total changed by hand",
            "Refund of R-1",
            "2 × Coffee at 3.50, Cake at 4.00 · $4.00 refunded",
            "Amount the customer came with",
        ]
        assert rows.loc[2, ["payment", "note", "by", "sale_id"]].tolist() == [
            "Mobile payment",
            "late",
            "Staff Person",
            "R-1",
        ]

    def test_the_figures_count_purchases_and_take_refunds_off(self, open_customer, store, staff, ada):
        for number, amount in enumerate((10, 20, 0)):
            record_sale(store, staff, ada.id, PurchaseDraft(sale_id=f"R-{number}", amount=amount))
        refund_sale(store, staff, "R-1", RefundDraft(amount=Decimal(3)))
        page = open_customer(Role.ANALYST)
        figures = {metric.label: metric.value for metric in page.metric}
        assert figures["Total spent"] == "$127.00"
        assert figures["Purchases"] == "3"
        assert figures["Average purchase"] == "$9.00"

    def test_who_bought_nothing_and_came_with_nothing(self, open_page, add_customer):
        page = open_page("customer", Role.STAFF, id=add_customer("C-9").id)
        assert "No purchases yet. They appear here as soon as one is recorded." in said(page)
        assert not page.dataframe

    def test_the_total_so_far_goes_on_on_the_next_page(self, open_customer, store, ada, enter):
        for number in range(60):
            enter(ada, "1.00", datetime(2020, 1, 1).astimezone() + timedelta(days=number))
        page = open_customer(Role.ANALYST)
        assert "1–50 of 61 entries, newest first" in said(page)
        page.pagination[0].set_value(2).run()
        assert "51–61 of 61 entries, newest first" in said(page)
        assert table(page)["balance"].tolist() == [float(total) for total in range(11, 0, -1)]

    def test_an_amount_over_the_first_page_is_that_of_all_older_ones(self, open_customer, store, ada, enter):
        for number in range(60):
            enter(ada, "1.00", datetime(2020, 1, 1).astimezone() + timedelta(days=number))
        assert table(open_customer(Role.ANALYST))["balance"].tolist()[:2] == [160.0, 60.0]


def test_a_member_whom_a_purchase_undone_leaves_below_the_threshold_is_told(open_customer, store, staff, ada, toasts):
    sale = record_sale(store, staff, ada.id, PurchaseDraft(sale_id="R-1", amount=1000)).entry
    set_membership(store, staff, ada.id, membership_status=True)
    page = open_customer()
    page.session_state["customer_tab"] = "History"
    press(page.run(), f"undo_{sale.change}")
    press(page, "undoing_confirm")
    assert toasts(page)[-1].replace("\\", "") == "Ada Lovelace (C-1) is still a member, $100.00 of $1,000.00."


def test_the_history_tells_of_purchases_and_takes_one_back(open_customer, store, staff, ada):
    record_sale(store, staff, ada.id, PurchaseDraft(sale_id="R-1", amount=Decimal("12.50")))
    record_sale(store, staff, ada.id, PurchaseDraft(sale_id="R-0", amount=0))
    page = open_customer()
    page.session_state["customer_tab"] = "History"
    page.run()
    assert "Purchase of $12.50; Total spent: $100.00 → $112.50" in said(page)
    assert "Purchase of $0.00" in said(page)
    change = next(change for change in store.changes.of_customer(ada.id, limit=5) if change.reason == "Sale R-1")
    press(page, f"undo_{change.id}")
    assert "Undoing this has the purchase count no more" in said(page)
    press(page, "undoing_confirm")
    assert store.customers.get(ada.id).purchase_amount == Decimal("100.00")
    assert "Purchase of $12.50 undone; Total spent: $112.50 → $100.00" in said(page)
