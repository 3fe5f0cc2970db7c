"""An amount is what was typed, with a point or with a comma."""

from decimal import Decimal

import pytest
from playwright.sync_api import expect

from kinso.models.accounts import Role
from tests.e2e.customers import add
from tests.e2e.toasts import expect_toast

TYPED = {
    "84,5": "84.50",
    "84.5": "84.50",
    "0,05": "0.05",
    "1250,50": "1250.50",
    "1,250": "1250.00",
    "1,250.50": "1250.50",
    "1.250,50": "1250.50",
    "12,345,678": "12345678.00",
}


@pytest.fixture
def ada(shop):
    return add(shop.store, "C-1", purchase_amount=0)


def test_a_comma_in_a_form_is_read_as_it_was_meant(shop, sign_in, ada):
    page = sign_in(Role.STAFF)
    page.goto(f"{shop.address}/customer?id={ada.id}")
    page.get_by_role("button", name="Record purchase").click()
    amount = page.get_by_role("dialog").get_by_label("Amount")
    for typed, meant in TYPED.items():
        amount.clear()
        amount.press_sequentially(typed)
        amount.press("Tab")
        expect(amount).to_have_value(meant)
    amount.clear()
    amount.press_sequentially("84,5")
    page.get_by_role("dialog").get_by_role("button", name="Record purchase").click()
    expect_toast(page, "$84.50 recorded.")
    assert shop.store.customers.get(ada.id).purchase_amount == Decimal("84.50")
