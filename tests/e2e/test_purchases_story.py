"""Real purchases come into an empty shop through the page: all of them, once, to the cent, and out again."""

from decimal import Decimal

import pytest
from playwright.sync_api import expect

from kinso.models.accounts import COMMAND_LINE, Role
from kinso.models.customers import CustomerQuery
from kinso.models.money import read_stored_amount
from kinso.models.purchases import LedgerQuery
from kinso.models.shop import ShopSettings
from kinso.services.shop.checks import check_database
from tests.e2e.toasts import expect_toast
from tests.support.cdnow import largest_sample, purchases_csv, totals

SAMPLE = largest_sample()
EXPECTED = totals(SAMPLE)
PURCHASES = len(SAMPLE.read_text().splitlines())
LONG = 120_000
"""Milliseconds; reading and recording some thousand purchases takes seconds, on a busy machine more."""


THRESHOLD = Decimal(150)
MEMBERS = {customer_id for customer_id, amount in EXPECTED.items() if amount >= THRESHOLD}


@pytest.fixture
def activating(shop):
    """A shop where purchases that reach the threshold make members."""
    shop.store.shop.save(ShopSettings(threshold=THRESHOLD, activate_on_purchase=True))
    yield
    shop.store.shop.save(ShopSettings())


@pytest.fixture
def file():
    return {"name": "cdnow.csv", "mimeType": "text/csv", "buffer": purchases_csv(SAMPLE)}


def open_imports(page, shop):
    page.goto(f"{shop.address}/imports")
    page.get_by_role("radio", name="Purchases").click()
    expect(page.get_by_text("Create them from their ID")).to_be_visible()


def choose(page, file):
    page.locator("input[type=file]").set_input_files(file)


def figure(page, label):
    return page.get_by_test_id("stMetric").filter(has_text=label).get_by_test_id("stMetricValue")


def spent(shop):
    """Every customer's purchase amount by ID, straight from the documents."""
    found = shop.store.connection.database["customers"].find()
    return {customer["customerId"]: read_stored_amount(customer["purchaseAmount"]) for customer in found}


def in_the_ledger(shop):
    """What the entries of each customer add up to, by ID, straight from the documents."""
    database = shop.store.connection.database
    ids = {str(customer["_id"]): customer["customerId"] for customer in database["customers"].find()}
    sums = dict.fromkeys(ids.values(), Decimal(0))
    for entry in database["sales"].find({"void": False}):
        sums[ids[entry["customer"]]] += read_stored_amount(entry["amount"])
    return sums


@pytest.mark.timeout(400)
@pytest.mark.usefixtures("activating")
def test_all_purchases_are_imported_once_to_the_cent_with_the_memberships_that_they_begin(shop, sign_in, file):
    page = sign_in(Role.MANAGER)
    open_imports(page, shop)
    choose(page, file)
    expect(page.get_by_text("nothing can be imported before they are corrected")).to_be_visible(timeout=LONG)
    expect(page.get_by_text(f"{len(EXPECTED):,} customers in it are not known")).to_be_visible()
    expect(page.get_by_role("button", name="Import ")).to_have_count(0)

    page.get_by_text("Create them from their ID").click()
    begin = page.get_by_role("button", name=f"Import {PURCHASES:,} purchases")
    expect(begin).to_be_visible(timeout=LONG)
    total = f"${sum(EXPECTED.values()):,.2f}"
    expect(figure(page, "New purchases")).to_have_text(f"{PURCHASES:,}")
    expect(figure(page, "Not known yet")).to_have_text(f"{len(EXPECTED):,}")
    expect(figure(page, "Total")).to_have_text(total)
    assert shop.store.customers.count(CustomerQuery()) == 0
    begin.click()
    done = page.get_by_test_id("stAlert").filter(has_text=f"{PURCHASES:,} purchases of {len(EXPECTED):,} customers")
    expect(done).to_be_visible(timeout=LONG)
    expect(done).to_contain_text(total)
    expect(done).to_contain_text(f"{len(MEMBERS)} customers made members")
    assert spent(shop) == in_the_ledger(shop) == EXPECTED
    assert shop.store.connection.database["sales"].count_documents({"void": False}) == PURCHASES

    choose(page, file)
    nothing = page.get_by_text("Nothing to import: every purchase in the file is recorded already.")
    expect(nothing).to_be_visible(timeout=LONG)
    assert spent(shop) == EXPECTED
    assert len(shop.store.runs.recent(limit=5)) == 1

    members = shop.store.customers.iterate(CustomerQuery(membership_status=True))
    assert {member.customer_id for member in members} == MEMBERS
    refund_on_the_page(page, shop)
    assert check_database(shop.store, COMMAND_LINE).findings == []


def refund_on_the_page(page, shop):
    """The best customer's page says why they are a member; money for their latest purchase goes back there."""
    best = max(EXPECTED, key=EXPECTED.__getitem__)
    customer = shop.store.customers.get_by_customer_id(best)
    [latest], _ = shop.store.ledger.find_with_total(LedgerQuery(customer=customer.id, kind="sale"), page=1, limit=1)
    page.goto(f"{shop.address}/customer?id={customer.id}")
    reached = f"Reached the membership threshold of $150.00 with purchases of ${EXPECTED[best]:,.2f}"
    expect(page.get_by_text(reached)).to_be_visible()
    page.get_by_role("button", name="Refund", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(f"${latest.amount:,.2f} of ${latest.amount:,.2f} is left to refund.")).to_be_visible()
    dialog.get_by_role("spinbutton", name="Amount to refund").fill("1.01")
    dialog.get_by_role("button", name="Refund", exact=True).click()
    left = EXPECTED[best] - Decimal("1.01")
    expect_toast(page, f"$1.01 refunded. The total is now ${left:,.2f}.")
    assert spent(shop) == in_the_ledger(shop) == {**EXPECTED, best: left}


def test_an_import_is_undone_where_it_was_made(shop, sign_in):
    page = sign_in(Role.MANAGER)
    open_imports(page, shop)
    page.get_by_text("Create them from their ID").click()
    rows = "saleId,customerId,date,amount\nS-1,C-001,2025-01-31,10\nS-2,C-002,2025-01-31,0.05\n"
    choose(page, {"name": "till.csv", "mimeType": "text/csv", "buffer": rows.encode()})
    page.get_by_role("button", name="Import 2 purchases").click()
    recorded = page.get_by_test_id("stAlert").filter(has_text="2 purchases of 2 customers recorded")
    expect(recorded).to_be_visible()
    assert spent(shop) == {"C-001": Decimal(10), "C-002": Decimal("0.05")}

    page.get_by_role("button", name="Undo this import of purchases").click()
    page.get_by_role("dialog").get_by_role("button", name="Undo").click()
    expect(page.get_by_test_id("stAlert").filter(has_text="Undone 2")).to_be_visible()
    expect(recorded).to_have_count(0)
    assert spent(shop) == {}
    assert check_database(shop.store, COMMAND_LINE).findings == []
