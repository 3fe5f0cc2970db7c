"""A manager changes the rule, looks what another one would mean, ends memberships below it, and undoes that."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from kinso.models.accounts import COMMAND_LINE, Role
from kinso.models.customers import CustomerDraft
from kinso.models.purchases import PurchaseDraft
from kinso.models.shop import MembershipRule
from kinso.services.customers.editing import create_customer
from kinso.services.membership.activation import activate_at_threshold
from kinso.services.purchases.recording import record_sale
from tests.e2e.conftest import Shop
from tests.e2e.toasts import expect_toast

SPENT = {"R-1": "500.00", "R-2": "700.00", "R-3": "1500.00", "N-1": "300.00"}


@pytest.fixture
def people(shop):
    """Three members by the rule, two of whom are below the threshold of today, and a non-member; all bought today."""
    usual = MembershipRule(threshold=1000, threshold_basis="lifetime", activate_on_purchase=False)
    shop.store.shop.save(usual)
    for customer_id, amount in SPENT.items():
        draft = CustomerDraft(customer_id=customer_id, customer_name=f"Name {customer_id}", contact_info="a@shop.com")
        customer = create_customer(shop.store, COMMAND_LINE, draft)
        record_sale(shop.store, COMMAND_LINE, customer.id, PurchaseDraft(amount=Decimal(amount)))
    activate_at_threshold(shop.store, COMMAND_LINE, 500)
    yield
    shop.store.shop.save(usual)


def open_membership(page: Page, shop: Shop) -> None:
    page.goto(f"{shop.address}/membership")
    expect(page.get_by_role("heading", name="The rule")).to_be_visible()


def members(shop):
    return shop.store.figures.totals()[True][0]


def test_a_manager_changes_the_rule_in_words_that_everyone_reads(shop, sign_in, people):
    page = sign_in(Role.MANAGER)
    open_membership(page, shop)
    page.get_by_text("Change the rule").click()
    page.get_by_label("Threshold ($)", exact=True).fill("650")
    page.get_by_text("What a customer bought in the last 12 months").click()
    page.get_by_text("Activate at the purchase").click()
    page.get_by_role("button", name="Save the rule").dblclick()

    expect_toast(page, "The rule is saved.")
    expect(page.get_by_text(re.compile(r"Who spent \$650\.00 or more in the last 12 months"))).to_be_visible()
    expect(page.get_by_text("at once with the purchase")).to_be_visible()
    saved = shop.store.shop.get()
    assert (saved.threshold, saved.threshold_basis, saved.activate_on_purchase) == (650, "last-12-months", True)


def test_another_threshold_is_looked_at_and_made_the_rule(shop, sign_in, people):
    page = sign_in(Role.MANAGER)
    open_membership(page, shop)
    amount = page.get_by_label("Exact amount ($)")
    expect(amount).to_have_value("1000.00")
    amount.fill("250")
    amount.press("Enter")
    expect(page.get_by_test_id("stSliderThumbValue")).to_have_text("250.00")
    page.get_by_role("tab", name="What if it were the rule").click()

    expect(page.get_by_role("heading", name="Gained (1)")).to_be_visible()
    expect(page.get_by_text("Slider $250.00: 4")).to_be_visible()
    expect(page.get_by_text("A lower threshold loses nobody.")).to_be_visible()
    page.get_by_role("button", name="Make $250.00 the threshold of the rule").click()
    expect(page.get_by_text("Who spent $250.00 or more")).to_be_visible()
    assert shop.store.shop.get().threshold == 250


def test_memberships_below_the_rule_are_ended_and_brought_back(shop, sign_in, people):
    page = sign_in(Role.MANAGER)
    open_membership(page, shop)
    page.get_by_text("Members below the threshold of the rule").click()
    page.get_by_role("button", name="End 2 memberships").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("2 members spent less than $1,000.00")).to_be_visible()
    assert members(shop) == 3
    dialog.get_by_role("button", name="End 2 memberships").click()

    expect(page.get_by_text(re.compile("2 memberships ended below the threshold")).first).to_be_visible()
    assert members(shop) == 1
    page.get_by_text(re.compile("Memberships ended below the threshold of .1,000.00: 2 of 2")).click()
    page.get_by_role("button", name="Undo this demotion").first.click()
    page.get_by_role("button", name="Undo for 2 customers").click()
    expect(page.get_by_text("Undone 2").first).to_be_visible()
    assert members(shop) == 3
