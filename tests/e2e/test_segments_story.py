"""Knowing customers: a twin is merged and brought back, a segment is made members, facts are downloaded."""

import csv
import io
import json
from datetime import timedelta
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from kinso.models.accounts import COMMAND_LINE, Role
from kinso.models.customers import CustomerDraft
from kinso.models.purchases import PurchaseDraft
from kinso.repository.documents import now
from kinso.services.customers.editing import create_customer
from kinso.services.purchases.recording import record_sale
from tests.e2e.customers import act
from tests.e2e.grid import Grid, until

QUIET = {
    "all": [
        {"fact": "saleCount", "is": ">=", "value": 3},
        {"fact": "lastPurchase", "is": "notInLast", "value": 90},
        {"fact": "membershipStatus", "is": "=", "value": False},
    ]
}
"""Regulars who were not here for 90 days and are no members."""


def register(shop, customer_id, name, contact):
    draft = CustomerDraft(customer_id=customer_id, customer_name=name, contact_info=contact)
    return create_customer(shop.store, COMMAND_LINE, draft)


def sell(shop, customer, amount, days_ago=0):
    at = now() - timedelta(days=days_ago)
    record_sale(shop.store, COMMAND_LINE, customer.id, PurchaseDraft(amount=amount, sold_at=at))


@pytest.fixture
def regulars(shop):
    """Five of them; the first two went quiet."""
    people = [register(shop, f"C-{number}", f"Regular {number}", f"c{number}@shop.com") for number in range(5)]
    for number, customer in enumerate(people):
        for month in range(3):
            sell(shop, customer, 10, days_ago=30 * month + (100 if number < 2 else 1))
    return people


def test_staff_merge_a_twin_and_undo_it_after_another_sale(shop, sign_in):
    sadia = register(shop, "C-1", "Sadia Karim", "+880 1711-234567")
    twin = register(shop, "C-2", "Sadia Karm", "01711 234567")
    for customer, amount in ((sadia, 12), (twin, 30)):
        sell(shop, customer, amount, days_ago=3)
    page = sign_in(Role.STAFF)
    page.goto(f"{shop.address}/duplicates")
    expect(page.get_by_text("1 pair, the likeliest first")).to_be_visible()
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("button", name="Merge into Sadia Karim").click()
    expect(page.get_by_text("Sadia Karm (C-2) was merged into Sadia Karim (C-1).").first).to_be_visible()
    assert shop.store.customers.get(sadia.id).purchase_amount == 42

    sell(shop, sadia, 5)
    page.get_by_role("link", name="Its changes in the history").click()
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    page.get_by_role("button", name="Undo this merge").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Sadia Karm (C-2)", exact=True).click()
    dialog.get_by_role("button", name="Undo the merge").click()
    until(lambda: shop.store.customers.get(twin.id), lambda back: back is not None)
    assert [shop.store.customers.get(each.id).purchase_amount for each in (sadia, twin)] == [12, 35]


def test_a_manager_keeps_a_segment_makes_it_members_and_undoes_that(shop, sign_in, regulars):
    page = sign_in(Role.MANAGER)
    page.goto(f"{shop.address}/customers?filter={quote(json.dumps(QUIET))}")
    expect(page.get_by_text("1–2 of 2 customers")).to_be_visible()
    page.get_by_role("button", name="Save segment").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Regulars gone quiet")
    dialog.get_by_label("Name").press("Tab")
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("button", name="Segment: Regulars gone quiet")).to_be_visible()

    act(page, "Make all 2 in this list members")
    page.get_by_role("dialog").get_by_role("button", name="Make 2 customers members").click()
    expect(page.get_by_text("2 customers changed to members.").first).to_be_visible()
    statuses = [shop.store.customers.get(each.id).membership_status for each in regulars]
    assert statuses == [True, True, False, False, False]
    expect(page.get_by_text("Nobody found")).to_be_visible()

    page.get_by_role("button", name="Undo this").click()
    page.get_by_role("dialog").get_by_role("button", name="Undo for 2 customers").click()
    expect(page.get_by_text("1–2 of 2 customers")).to_be_visible()
    assert not any(shop.store.customers.get(each.id).membership_status for each in regulars)


def test_an_analyst_adds_columns_and_downloads_what_is_shown(shop, sign_in, regulars):
    page = sign_in(Role.ANALYST)
    page.goto(f"{shop.address}/customers?q=regular+1&columns=Purchases&columns=Usual+days+between+purchases")
    grid = Grid(page)
    assert grid.column("Purchases") == ["3"]
    page.get_by_role("button", name="Download").first.click()
    with page.expect_download() as started:
        page.get_by_role("link", name="CSV for Excel").click()
    text = started.value.path().read_text("utf-8-sig")
    [row] = csv.DictReader(io.StringIO(text, newline=""))
    assert (row["Customer name"], row["Purchases"]) == ("Regular 1", "3")
