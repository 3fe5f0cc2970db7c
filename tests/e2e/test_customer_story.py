"""Somebody at the till: a customer is found, buys, becomes a member by it, and brings something back."""

import csv
import io
import re
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from kinso.models.accounts import COMMAND_LINE, Role
from kinso.models.customers import CustomerPatch
from kinso.models.purchases import LedgerQuery, PurchaseDraft, PurchaseItem
from kinso.models.shop import ShopSettings
from kinso.services.customers.editing import update_customer
from kinso.services.purchases.recording import record_sale
from tests.e2e.customers import add, open_customers
from tests.e2e.grid import until
from tests.e2e.test_security_markup import NASTY, as_id, assert_harmless, expect_shown, open_page
from tests.e2e.toasts import expect_toast

__all__ = ["open_page"]


@pytest.fixture
def ada(shop):
    shop.store.shop.save(ShopSettings(threshold=Decimal(1000), activate_on_purchase=True))
    yield add(shop.store, "A-1", customer_name="Ada Lovelace", contact_info="ada@shop.com", purchase_amount=985)
    shop.store.shop.save(ShopSettings())


def ledger(shop, customer, kind):
    return list(shop.store.ledger.iterate(LedgerQuery(customer=customer.id, kind=kind)))


def cells(page):
    """What the table of purchases shows, row by row."""
    rows = page.locator(".st-key-purchases_table canvas[data-testid=data-grid-canvas] tbody tr")
    return rows.evaluate_all("all => all.map(row => [...row.querySelectorAll('td')].map(cell => cell.textContent))")


def test_a_purchase_makes_a_member_and_a_part_is_brought_back(shop, sign_in, ada):
    page = sign_in(Role.STAFF)
    open_customers(page, shop.address).open_page(0)
    expect(page.get_by_role("heading", name="Ada Lovelace")).to_be_visible()
    assert page.url.endswith(f"/customer?id={ada.id}")
    expect(page.get_by_text("$15.00 to go.")).to_be_visible()

    page.get_by_role("button", name="Record purchase").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Add items").click()
    dialog.get_by_label("Item").fill("Coffee beans")
    dialog.get_by_label("Quantity").fill("2")
    dialog.get_by_label("Unit price").fill("6.25")
    dialog.get_by_role("button", name="Add another item").click()
    dialog.get_by_label("Item").nth(1).fill("Cake")
    dialog.get_by_label("Unit price").nth(1).fill("4")
    dialog.get_by_label("Unit price").nth(1).press("Tab")
    amount = dialog.get_by_role("textbox", name="Amount")
    expect(amount).to_have_value("16.50")
    amount.clear()
    amount.press_sequentially("3.00")
    expect(dialog.get_by_text("the amount is $13.50 less")).to_be_visible()
    expect(dialog.get_by_role("radio", name="A discount of $13.50")).to_be_checked()
    dialog.get_by_text("Not meant: take $16.50").click()
    expect(amount).to_have_value("16.50")
    expect(dialog.get_by_text("The difference is")).to_have_count(0)
    dialog.get_by_text("Card", exact=True).click()
    dialog.get_by_label("Note").fill("for the office")
    dialog.get_by_role("button", name="Record purchase").dblclick()

    expect(page.get_by_text("is a member now: with this purchase they reached the threshold")).to_be_visible()
    expect_toast(page, "$16.50 recorded. The total is now $1,001.50.")
    (sale,) = ledger(shop, ada, "sale")
    assert (sale.amount, sale.payment_method, len(sale.items)) == (Decimal("16.50"), "card", 2)
    expect(page.get_by_text("Reached the membership threshold by a purchase")).to_be_visible()

    page.reload()
    expect(page.get_by_text("Reached the membership threshold by a purchase")).to_be_visible()
    shown = until(lambda: cells(page), lambda rows: len(rows) == 2)
    assert "2 × Coffee beans at 6.25, Cake at 4.00" in shown[0]
    assert "1001.5" in shown[0]
    assert "Opening balance" in shown[1]

    page.get_by_role("button", name="Refund", exact=True).click()
    expect(dialog.get_by_text("$16.50 of $16.50 is left to refund.")).to_be_visible()
    dialog.get_by_role("spinbutton", name="Amount to refund").fill("4")
    dialog.get_by_label("Note").fill("stale")
    dialog.get_by_role("button", name="Refund", exact=True).dblclick()
    expect_toast(page, "$4.00 refunded. The total is now $997.50.")
    assert [refund.amount for refund in ledger(shop, ada, "refund")] == [Decimal("-4.00")]
    assert shop.store.customers.get(ada.id).membership_status is True
    until(lambda: [row[1] for row in cells(page)], lambda kinds: kinds == ["Refund", "Purchase", "Opening balance"])

    page.get_by_role("button", name="Download").click()
    with page.expect_download() as started:
        page.get_by_role("link", name="CSV for Excel").click()
    rows = list(csv.DictReader(io.StringIO(started.value.path().read_text("utf-8-sig"), newline="")))
    assert [(row["kind"], row["amount"], row["runningTotal"]) for row in rows] == [
        ("opening", "985.00", "985.00"),
        ("sale", "16.50", "1001.50"),
        ("refund", "-4.00", "997.50"),
    ]


def test_a_double_click_on_save_writes_nothing_over_a_colleagues_change(shop, sign_in, ada):
    page = sign_in(Role.MANAGER)
    page.goto(f"{shop.address}/customer?id={ada.id}")
    page.get_by_role("button", name="Edit").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Total spent")).to_have_value("985.00")
    theirs = CustomerPatch(customer_name="Their name", purchase_amount=Decimal(444))
    update_customer(shop.store, COMMAND_LINE, ada.id, theirs)

    dialog.get_by_label("Customer name").fill("My name")
    dialog.get_by_label("Contact").fill("mine@shop.com")
    dialog.get_by_role("button", name="Save").dblclick()
    dialog.get_by_text("Use mine").click()
    expect(dialog.get_by_role("button", name="Apply")).to_be_enabled()
    dialog.get_by_role("button", name="Apply").dblclick()

    expect(page.get_by_role("heading", name="My name")).to_be_visible()
    stored = shop.store.customers.get(ada.id)
    assert (stored.customer_name, stored.contact_info, stored.purchase_amount) == ("My name", "mine@shop.com", 444)


def test_the_last_price_typed_counts_even_when_the_next_click_records(shop, sign_in, ada):
    page = sign_in(Role.STAFF)
    page.goto(f"{shop.address}/customer?id={ada.id}")
    page.get_by_role("button", name="Record purchase").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Add items").click()
    dialog.get_by_label("Item").fill("Tea")
    dialog.get_by_label("Unit price").fill("3")
    dialog.get_by_role("button", name="Record purchase").click()
    expect_toast(page, "$3.00 recorded.")
    assert ledger(shop, ada, "sale")[0].items[0].unit_price == Decimal("3.00")


def test_a_customer_is_found_from_any_page_and_the_way_back_leads_there(shop, sign_in, ada):
    add(shop.store, "B-1", customer_name="Bob Byte", contact_info="+880 1711 000111")
    page = sign_in(Role.ANALYST)
    page.goto(f"{shop.address}/history")
    finder = page.get_by_label("Find a customer")
    finder.press_sequentially("01711000111"[1:])
    found = page.locator(".st-key-found_customers").get_by_role("link")
    expect(found).to_have_count(1)
    expect(found).to_contain_text("Bob Byte")
    finder.fill("")
    expect(found).to_have_count(0)
    for text in (".*", "$gt", "(", "[", "\\", "x" * 5000):
        finder.fill(text)
        expect(page.get_by_text("Nobody found.")).to_be_visible()
        expect(page.get_by_test_id("stException")).to_have_count(0)
    finder.fill("lovel")
    found.click()
    expect(page.get_by_role("heading", name="Ada Lovelace")).to_be_visible()
    expect(page.get_by_label("Find a customer")).to_have_value("")
    expect(page.get_by_role("button", name="Record purchase")).to_have_count(0)
    page.go_back()
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    page.go_forward()
    expect(page.get_by_role("heading", name="Ada Lovelace")).to_be_visible()


def test_the_way_back_leads_to_the_same_list_and_to_the_same_customer(shop, sign_in, ada):
    bob = add(shop.store, "B-1", customer_name="Bob Byte")
    add(shop.store, "C-1", customer_name="Ada Byron")
    page = sign_in(Role.STAFF)
    grid = open_customers(page, shop.address, "?q=ada&sort=Customer+name&order=Ascending")
    assert until(lambda: grid.column("Customer name"), lambda names: len(names) == 2) == ["Ada Byron", "Ada Lovelace"]
    grid.open_page(1)
    expect(page.get_by_role("heading", name="Ada Lovelace")).to_be_visible()
    page.get_by_label("Find a customer").fill("bob")
    page.locator(".st-key-found_customers").get_by_role("link").click()
    expect(page.get_by_role("heading", name="Bob Byte")).to_be_visible()
    page.wait_for_url(f"**/customer?id={bob.id}")
    page.go_back()
    expect(page.get_by_role("heading", name="Ada Lovelace")).to_be_visible()
    page.wait_for_url(f"**/customer?id={ada.id}")
    page.go_back()
    until(lambda: grid.column("Customer name"), lambda names: names == ["Ada Byron", "Ada Lovelace"])
    expect(page.get_by_label("Search", exact=True)).to_have_value("ada")


def test_a_telephone_has_room_for_the_page_and_the_forms(shop, sign_in, ada):
    record_sale(shop.store, COMMAND_LINE, ada.id, PurchaseDraft(sale_id="S-" + "9" * 60, amount=10, note="n" * 500))
    page = sign_in(Role.MANAGER, viewport={"width": 390, "height": 844})
    page.goto(f"{shop.address}/customer?id={ada.id}")
    expect(page.get_by_role("heading", name="Purchases per month")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for button, ending in (("Record purchase", "Record purchase"), ("Refund", "Refund")):
        page.get_by_role("button", name=button, exact=True).first.click()
        last = page.get_by_role("dialog").get_by_role("button", name=ending, exact=True)
        last.scroll_into_view_if_needed()
        box = last.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_what_was_typed_into_purchases_shows_as_typed(shop, open_page):
    customer = add(shop.store, "M-1", customer_name=NASTY["image"], contact_info=NASTY["link"])
    sale_ids = [as_id(text, number) for number, text in enumerate(NASTY.values())]
    for number, (sale_id, text) in enumerate(zip(sale_ids, NASTY.values(), strict=True)):
        draft = PurchaseDraft(
            sale_id=sale_id, note=text, items=[PurchaseItem(name=text, unit_price=Decimal(number + 1))]
        )
        record_sale(shop.store, COMMAND_LINE, customer.id, draft)
    page = open_page(Role.MANAGER, f"customer?id={customer.id}")
    expect_shown(page, NASTY["image"], NASTY["link"])
    rows = until(lambda: cells(page), lambda found: len(found) == len(NASTY))
    for text in NASTY.values():
        assert any(text in row for row in rows), text
    assert_harmless(page)
    page.get_by_role("tab", name="History").click()
    expect_shown(page, *(f"Sale {sale_id}" for sale_id in sale_ids))
    assert_harmless(page)
    page.get_by_role("button", name="Refund", exact=True).click()
    newest = list(NASTY.values())[-1]
    expect_shown(page.get_by_role("dialog"), NASTY["image"])
    expect(page.get_by_role("dialog").get_by_role("combobox")).to_have_value(re.compile(re.escape(newest)))
    page.get_by_role("dialog").get_by_role("button", name="Refund", exact=True).click()
    expect_toast(page, "refunded.")
    assert_harmless(page)
    page.get_by_label("Find a customer").fill("onerror")
    expect_shown(page.locator(".st-key-found_customers"), NASTY["image"])
    assert_harmless(page)
