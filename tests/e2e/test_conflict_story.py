"""Two people change the same customer at the same time."""

import pytest
from playwright.sync_api import expect

from kinso.models.accounts import Role
from tests.e2e.customers import add, open_customers, save
from tests.e2e.grid import until


@pytest.fixture
def ada(shop):
    return add(shop.store, "C-1", customer_name="Ada Lovelace", contact_info="ada@example.com")


def test_mine_theirs_and_before_are_shown_and_the_choice_is_applied(shop, sign_in, ada):
    add(shop.store, "C-2")
    staff, manager = sign_in(Role.STAFF), sign_in(Role.MANAGER)
    theirs, mine = open_customers(staff, shop.address), open_customers(manager, shop.address)

    theirs.type(0, "Customer name", "Their name")
    theirs.type(0, "Contact", "theirs@example.com")
    save(staff, 2)
    until(lambda: shop.store.customers.get(ada.id).customer_name, lambda name: name == "Their name")

    mine.type(0, "Customer name", "My name")
    mine.type(0, "Contact", "mine@example.com")
    mine.type(0, "Total spent ($)", "77")
    mine.type(1, "Customer name", "Someone else")
    save(manager, 4)
    dialog = manager.get_by_role("dialog")
    for text in ("Ada Lovelace", "Their name", "My name"):
        expect(dialog.get_by_text(text, exact=True)).to_be_visible()
    for text in ("ada@example.com", "theirs@example.com", "mine@example.com"):
        expect(dialog.get_by_text(text, exact=True)).to_be_visible()
    stored = shop.store.customers.get(ada.id)
    assert (stored.customer_name, stored.contact_info, stored.purchase_amount) == (
        "Their name",
        "theirs@example.com",
        77,
    )

    dialog.get_by_text("Use mine").first.click()
    expect(dialog.get_by_text("1 choice to make")).to_be_visible()
    dialog.get_by_text("Keep theirs").last.click()
    expect(dialog.get_by_role("button", name="Apply")).to_be_enabled()
    dialog.get_by_role("button", name="Apply").click()

    until(lambda: shop.store.customers.get(ada.id).customer_name, lambda name: name == "My name")
    assert shop.store.customers.get(ada.id).contact_info == "theirs@example.com"
    until(lambda: mine.text(0, "Contact"), lambda text: text == "theirs@example.com")
    assert mine.text(0, "Customer name") == "My name"
    expect(manager.get_by_role("button", name="unsaved")).to_have_count(0)


def test_what_others_changed_is_announced_after_a_while(shop, sign_in, ada):
    staff, manager = sign_in(Role.STAFF, is_kept=False), sign_in(Role.MANAGER)
    staff.clock.install()
    waiting, busy = open_customers(staff, shop.address), open_customers(manager, shop.address)
    busy.type(0, "Customer name", "Ada King")
    save(manager, 1)
    until(lambda: shop.store.customers.get(ada.id).customer_name, lambda name: name == "Ada King")
    announcement = staff.get_by_role("button", name="1 row changed meanwhile · Refresh")
    staff.clock.fast_forward(20_000)
    announcement.wait_for()
    assert waiting.text(0, "Customer name") == "Ada Lovelace"
    announcement.click()
    until(lambda: waiting.text(0, "Customer name"), lambda name: name == "Ada King")
    expect(announcement).to_have_count(0)
