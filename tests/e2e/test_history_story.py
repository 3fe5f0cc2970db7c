"""What was done is told, and can be undone: a run, a single change, a deletion."""

import csv
import io

import pytest
from playwright.sync_api import expect

from kinso.models.accounts import COMMAND_LINE, Role
from kinso.models.customers import CustomerDraft, CustomerPatch
from kinso.models.validation import parse
from kinso.services.customers.editing import create_customer, delete_customer, update_customer
from kinso.services.shop.samples import load_samples
from tests.e2e.grid import Grid, until
from tests.e2e.toasts import expect_toast


@pytest.fixture
def filled(shop):
    load_samples(shop.store, COMMAND_LINE, 300)
    return shop


@pytest.fixture
def ada(shop):
    typed = {"customer_id": "A-1", "customer_name": "Ada", "contact_info": "ada@shop.com", "purchase_amount": 100}
    return create_customer(shop.store, COMMAND_LINE, parse(CustomerDraft, typed))


def state(shop):
    """Everything about all customers but when and how often they were changed."""
    passing = {"updatedAt": False, "version": False}
    return list(shop.store.connection.database["customers"].find({}, passing).sort("_id", 1))


def in_list(page, headline):
    """Opens a run in the list of recent runs; the report above it offers to undo it as well."""
    page.get_by_text(headline).click()
    return page.get_by_role("group").filter(has_text=headline)


def test_a_run_is_undone_a_moment_later_and_all_is_as_before(filled, sign_in):
    page = sign_in(Role.MANAGER)
    page.goto(f"{filled.address}/membership")
    before = state(filled)
    page.get_by_role("button", name="Activate").click()
    page.get_by_role("dialog").get_by_role("button", name="Activate").click()
    expect_toast(page, "became members")
    run = filled.store.runs.recent(limit=1)[0]
    assert run.changed > 5
    assert state(filled) != before

    in_list(page, "Activation at the threshold of $1,000.00").get_by_role("button", name="Undo this activation").click()
    expect(page.get_by_role("dialog")).to_contain_text(f"{run.changed} customers")
    page.get_by_role("dialog").get_by_role("button", name="Undo for").click()

    report = f"Undone {run.changed} · kept 0 because changed since · failed 0"
    expect(page.get_by_test_id("stAlert").filter(has_text=report)).to_be_visible()
    assert state(filled) == before
    expect(page.get_by_text("done and undone later")).to_be_visible()

    in_list(page, "Undo of an activation").get_by_role("button", name="Undo this undo").click()
    page.get_by_role("dialog").get_by_role("button", name="Undo for").click()
    until(lambda: filled.store.runs.get(run.id).undone_by, lambda undone: undone is None)
    assert (
        len([customer for customer in state(filled) if customer["membershipStatus"]])
        == sum(customer["membershipStatus"] for customer in before) + run.changed
    )


def test_a_deleted_customer_is_restored_from_the_trash(shop, ada, sign_in):
    before = state(shop)
    page = sign_in(Role.MANAGER)
    page.goto(f"{shop.address}/customers")
    Grid(page).open_page(0)
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("can be restored from there for 30 days")
    page.get_by_role("dialog").get_by_role("button", name="Delete 1 customer").click()
    expect_toast(page, "deleted")
    assert state(shop) == []

    page.get_by_role("link", name="Trash").click()
    restore = page.get_by_role("button", name="Restore")
    expect(restore).to_be_disabled()
    table = page.locator("[class*='st-key-trash_table_']").filter(has=page.locator("canvas"))
    expect(table.locator("canvas td").filter(has_text="A-1")).to_be_attached()
    box = table.locator("canvas[data-testid=data-grid-canvas]").bounding_box()
    page.mouse.click(box["x"] + 42, box["y"] + 36 + 17)
    expect(page.get_by_role("button", name="Restore 1 customer")).to_be_enabled()
    page.get_by_role("button", name="Restore 1 customer").click()

    expect_toast(page, "restored")
    expect(page.get_by_text("The trash is empty")).to_be_visible()
    assert state(shop) == before


def test_a_change_is_found_by_link_undone_and_downloaded(shop, ada, sign_in):
    update_customer(shop.store, COMMAND_LINE, ada.id, CustomerPatch(customer_name="Ada Byron", purchase_amount=7))
    page = sign_in(Role.STAFF)
    page.goto(f"{shop.address}/customers?q=A-1")
    Grid(page).open_page(0)
    page.get_by_role("tab", name="History").click()
    expect(page.get_by_text("Customer name: Ada → Ada Byron; Total spent: $100.00 → $7.00")).to_be_visible()
    page.get_by_role("button", name="All changes of this customer").click()
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    expect(page.get_by_text("1–2 of 2 changes, newest first")).to_be_visible()
    assert page.url.endswith(f"/history?of={ada.id}")

    page.get_by_role("button", name="Undo").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("$100.00 → $7.00")
    dialog.get_by_role("button", name="Undo").click()
    expect_toast(page, "was undone")
    expect(page.get_by_text("Customer name: Ada Byron → Ada; Total spent: $7.00 → $100.00")).to_be_visible()
    stored = shop.store.customers.get(ada.id)
    assert (stored.customer_name, float(stored.purchase_amount)) == ("Ada", 100.0)

    page.get_by_role("button", name="Download").click()
    with page.expect_download() as started:
        page.get_by_role("link", name="CSV for Excel").click()
    rows = list(csv.DictReader(io.StringIO(started.value.path().read_text("utf-8-sig"), newline="")))
    assert [(row["kind"], row["before"], row["after"]) for row in rows[:4]] == [
        ("edit", "Ada Byron", "Ada"),
        ("edit", "7.00", "100.00"),
        ("edit", "Ada", "Ada Byron"),
        ("edit", "100.00", "7.00"),
    ]


def test_filters_are_in_the_address_and_survive_a_reload(shop, ada, sign_in):
    delete_customer(shop.store, COMMAND_LINE, ada.id)
    page = sign_in(Role.ANALYST)
    page.goto(f"{shop.address}/history")
    expect(page.get_by_text("1–2 of 2 changes")).to_be_visible()
    page.get_by_label("Customer ID").fill("a-1")
    page.get_by_label("Customer ID").press("Enter")
    page.get_by_role("combobox", name="What").click()
    page.get_by_role("option", name="Deleted").click()
    expect(page.get_by_text("1–1 of 1 change, newest first")).to_be_visible()
    assert "customer=a-1" in page.url
    assert "kind=Deleted" in page.url

    page.reload()
    expect(page.get_by_text("1–1 of 1 change, newest first")).to_be_visible()
    expect(page.get_by_text("Deleted: Ada, ada@shop.com, $100.00, Non-member")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
