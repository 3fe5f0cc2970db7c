"""Finding customers from any page, with the keyboard alone."""

import re

import pytest
from playwright.sync_api import expect

from kinso.models.accounts import COMMAND_LINE, Role
from kinso.models.customers import CustomerDraft
from kinso.services.customers.editing import create_customer
from tests.e2e.grid import until


@pytest.fixture
def people(shop):
    """Three customers, by their IDs."""
    drafts = [
        CustomerDraft(customer_id="C-1", customer_name="Sadia Karim", contact_info="+880 1711-234567"),
        CustomerDraft(customer_id="C-2", customer_name="Bob Byte", contact_info="bob@shop.com"),
        CustomerDraft(customer_id="C-3", customer_name="Zoë Byron", contact_info="zoe@shop.com"),
    ]
    return {draft.customer_id: create_customer(shop.store, COMMAND_LINE, draft) for draft in drafts}


def begin(page, key="/"):
    """Press the key until the finder has the cursor: a page that is still being drawn does not hear it."""
    finder = page.get_by_label("Find a customer")

    def press():
        page.keyboard.press(key)
        return finder.evaluate("input => input === document.activeElement")

    assert until(press, bool)
    return finder


def open_page(page, shop, path, heading):
    page.goto(f"{shop.address}/{path}")
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()


def test_staff_find_somebody_by_a_phone_in_another_notation_with_the_keyboard_alone(shop, sign_in, people, complaints):
    page = sign_in(Role.STAFF)
    said = complaints(page)
    open_page(page, shop, "history", "History")
    finder = begin(page)
    page.keyboard.type("00880 (0)1711 234567")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Sadia Karim")).to_be_visible()
    page.wait_for_url(f"**/customer?id={people['C-1'].id}")

    begin(page, "Control+k")
    page.keyboard.type("by")
    found = page.locator(".st-key-found_customers").get_by_role("link")
    expect(page.locator('.kinso-answered[data-typed="by"]')).to_have_count(1)
    expect(found).to_have_count(2)
    page.keyboard.press("ArrowDown")
    expect(found.first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(found.nth(1)).to_be_focused()
    page.keyboard.press("Escape")
    expect(finder).to_have_value("")
    expect(finder).to_be_focused()
    expect(page.get_by_text("Type a name, a phone number")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("Type a name, a phone number")).not_to_be_visible()
    assert said == []


def test_what_is_typed_elsewhere_stays_there(shop, sign_in, people):
    page = sign_in(Role.STAFF)
    open_page(page, shop, "register", "Register")
    contact = page.get_by_label("Contact", exact=True)
    contact.press_sequentially("a/b")
    expect(contact).to_have_value("a/b")


def test_who_is_not_there_is_registered_by_what_was_typed(shop, sign_in, people):
    page = sign_in(Role.STAFF)
    open_page(page, shop, "history", "History")
    begin(page)
    page.keyboard.type("Quentin Quill 01711 999999")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Register")).to_be_visible()
    expect(page.get_by_label("Customer name")).to_have_value("Quentin Quill")
    expect(page.get_by_label("Contact", exact=True)).to_have_value("01711 999999")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("is registered.").first).to_be_visible()
    assert shop.store.customers.get_by_customer_id("C-4").customer_name == "Quentin Quill"


def test_similar_names_are_marked_and_who_may_only_read_registers_nobody(shop, sign_in, people):
    page = sign_in(Role.ANALYST)
    open_page(page, shop, "history", "History")
    page.get_by_label("Find a customer").fill("Sadya Karm")
    found = page.locator(".st-key-found_customers").get_by_role("link")
    expect(found).to_have_count(1)
    expect(found).to_contain_text("Similar")
    expect(page.get_by_text("Nobody found. Similar names:")).to_be_visible()
    page.get_by_label("Find a customer").fill("Nobody Atall")
    expect(page.get_by_text("Nobody found.")).to_be_visible()
    expect(found).to_have_count(0)


def test_more_than_are_shown_are_in_the_list_and_who_was_opened_is_offered(shop, sign_in, people):
    for number in range(8):
        draft = CustomerDraft(customer_id=f"M-{number}", customer_name=f"Many {number}", contact_info="m@shop.com")
        create_customer(shop.store, COMMAND_LINE, draft)
    page = sign_in(Role.ANALYST, viewport={"width": 390, "height": 844})
    open_page(page, shop, f"customer?id={people['C-2'].id}", "Bob Byte")
    open_page(page, shop, "history", "History")
    page.get_by_label("Find a customer").click()
    found = page.locator(".st-key-found_customers").get_by_role("link")
    expect(found).to_have_count(1)
    expect(found).to_contain_text("Bob Byte")
    page.get_by_label("Find a customer").fill("many")
    page.get_by_role("link", name="Showing 6 of 8; all in the list").click()
    page.wait_for_url(re.compile(r"/customers\?q=many"))
    expect(page.get_by_label("Search", exact=True)).to_have_value("many")
    expect(page.get_by_label("Find a customer")).to_have_count(1)
    expect(page.get_by_label("Find a customer")).to_have_value("")
