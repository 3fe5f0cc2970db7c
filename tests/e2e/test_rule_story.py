"""A manager ends memberships below the rule, and undoes that."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from kinso.models.accounts import COMMAND_LINE, Role
from kinso.models.customers import CustomerDraft
from kinso.models.purchases import PurchaseDraft
from kinso.models.shop import MembershipRule
from kinso.services.customers.editing import create_customer
from kinso.services.membership.activation import activate_at_threshold
from kinso.services.purchases.recording import record_sale

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


def members(shop):
    return shop.store.figures.totals()[True][0]


def test_memberships_below_the_rule_are_ended_and_brought_back(shop, sign_in, people):
    page = sign_in(Role.MANAGER)
    page.goto(f"{shop.address}/membership")
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
