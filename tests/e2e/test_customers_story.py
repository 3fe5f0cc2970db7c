"""A day at the grid: find, edit, save, come back."""

from contextlib import suppress
from decimal import Decimal

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import expect

from kinso.config import Settings
from kinso.database.connection import connect
from kinso.database.embedded.server import EmbeddedServer
from kinso.models.accounts import Role
from kinso.repository.store import Store
from tests.e2e.conftest import ADMIN, PASSWORD, fill_sign_in
from tests.e2e.customers import act, add, open_customers, press_save, save
from tests.e2e.grid import until
from tests.e2e.toasts import expect_toast


@pytest.fixture
def people(shop):
    return [add(shop.store, f"C-{number:02d}", purchase_amount=number) for number in range(5)]


def stored(shop, customer):
    return shop.store.customers.get(customer.id)


def test_edited_cells_are_still_there_after_a_reload(shop, sign_in, people):
    page = sign_in(Role.STAFF)
    grid = open_customers(page, shop.address)
    assert grid.column("Customer ID") == ["C-00", "C-01", "C-02", "C-03", "C-04"]

    grid.type(1, "Customer name", "Ada 🦊 محمد <b>King</b>")
    grid.type(2, "Total spent ($)", "1234.56")
    grid.toggle(3, "Member")
    save(page, 3)
    expect_toast(page, "Saved 3 changes of 3 customers.")

    page.reload()
    until(lambda: grid.column("Customer name"), lambda names: len(names) == 5)
    assert grid.text(1, "Customer name") == "Ada 🦊 محمد <b>King</b>"
    assert stored(shop, people[1]).customer_name == "Ada 🦊 محمد <b>King</b>"
    assert stored(shop, people[2]).purchase_amount == Decimal("1234.56")
    assert [stored(shop, person).membership_status for person in people] == [False, False, False, True, False]


def test_a_cell_that_is_still_open_or_was_just_left_is_saved_too(shop, sign_in, people):
    page = sign_in(Role.STAFF)
    grid = open_customers(page, shop.address)
    grid.type(0, "Contact", "first@example.com")
    expect(page.get_by_role("button", name="1 unsaved change")).to_be_visible()
    grid.type(1, "Contact", "just.left@example.com")
    press_save(page)
    until(lambda: stored(shop, people[1]).contact_info, lambda contact: contact == "just.left@example.com")

    until(lambda: grid.text(1, "Contact"), lambda text: text == "just.left@example.com")
    grid.type(0, "Contact", "second@example.com")
    expect(page.get_by_role("button", name="1 unsaved change")).to_be_visible()
    grid.open_editor(2, "Contact", "still.open@example.com")
    press_save(page)
    until(lambda: stored(shop, people[2]).contact_info, lambda contact: contact == "still.open@example.com")


def test_a_bad_cell_is_named_and_can_be_mended(shop, sign_in, people):
    page = sign_in(Role.STAFF)
    grid = open_customers(page, shop.address)
    grid.type(0, "Contact", "abc")
    grid.type(1, "Customer name", "Good")
    save(page, 2)
    expect(page.get_by_text("Contact is too short; use at least 5 characters.")).to_be_visible()
    until(lambda: stored(shop, people[1]).customer_name, lambda name: name == "Good")
    until(lambda: grid.columns(), lambda columns: "Not saved" in columns)
    assert grid.text(0, "Contact") == "abc"

    grid.type(0, "Contact", "abc@example.com")
    save(page, 1)
    until(lambda: stored(shop, people[0]).contact_info, lambda contact: contact == "abc@example.com")
    expect(page.get_by_text("Contact is too short")).to_have_count(0)


def test_filters_are_in_the_address_and_come_back_with_it(shop, sign_in, people):
    page = sign_in(Role.STAFF)
    grid = open_customers(page, shop.address)
    page.get_by_placeholder("ID, name, contact").press_sequentially("c-03")
    until(lambda: grid.column("Customer ID"), lambda ids: ids == ["C-03"])
    expect(page.get_by_text("1–1 of 1 customer")).to_be_visible()
    until(lambda: page.url, lambda url: "q=c-03" in url and "sort=Customer" in url)
    page.reload()
    until(lambda: grid.column("Customer ID"), lambda ids: ids == ["C-03"])
    expect(page.get_by_placeholder("ID, name, contact")).to_have_value("c-03")


def test_a_filter_is_made_with_the_keyboard_and_comes_back_with_its_address(shop, sign_in, people):
    page = sign_in(Role.STAFF)
    grid = open_customers(page, shop.address)
    page.get_by_role("button", name="Add filter").press("Enter")
    expect(page.get_by_label("What")).to_be_focused()
    page.keyboard.type("total spent")
    expect(page.get_by_role("option", name="Total spent")).to_be_visible()
    page.keyboard.press("Enter")
    page.get_by_label("Amount ($)").press_sequentially("3")
    expect(page.get_by_text("2 customers match")).to_be_visible()
    page.get_by_role("button", name="Add", exact=True).press("Enter")
    until(lambda: grid.column("Customer ID"), lambda ids: ids == ["C-03", "C-04"])
    expect(page.get_by_role("button", name="Add filter")).to_be_focused()

    page.reload()
    until(lambda: grid.column("Customer ID"), lambda ids: ids == ["C-03", "C-04"])
    page.get_by_role("button", name="Remove Total spent ≥ $3").click()
    until(lambda: grid.column("Customer ID"), lambda ids: len(ids) == 5)
    until(lambda: page.url, lambda url: "filter=" not in url)


def test_leaving_a_list_with_unsaved_changes_asks_first(shop, sign_in, people):
    page = sign_in(Role.STAFF)
    grid = open_customers(page, shop.address)
    grid.type(0, "Customer name", "Typed")
    expect(page.get_by_role("button", name="1 unsaved change")).to_be_visible()
    page.get_by_role("radio", name="Non-members").or_(page.get_by_text("Non-members", exact=True)).first.click()
    expect(page.get_by_text("What should happen before it is left?")).to_be_visible()
    page.get_by_role("button", name="Stay").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert grid.text(0, "Customer name") == "Typed"
    until(lambda: page.url, lambda url: "member=" not in url)

    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.get_by_role("link", name="Customers").click()
    expect(page.get_by_role("button", name="1 unsaved change")).to_be_visible()
    until(lambda: grid.text(0, "Customer name"), lambda name: name == "Typed")
    save(page, 1)
    until(lambda: stored(shop, people[0]).customer_name, lambda name: name == "Typed")


def test_the_browser_warns_before_it_closes_on_unsaved_changes(shop, sign_in, people):
    page = sign_in(Role.STAFF)
    grid = open_customers(page, shop.address)
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.reload()
    until(grid.columns, lambda found: "Customer ID" in found)
    assert asked == []
    grid.type(0, "Customer name", "Typed")
    expect(page.get_by_role("button", name="1 unsaved change")).to_be_visible()
    page.wait_for_function("window.onbeforeunload !== null")
    page.reload()
    until(lambda: asked, lambda seen: seen == ["beforeunload"])


def test_everyone_who_matches_becomes_a_member_at_once(shop, sign_in, people):
    page = sign_in(Role.STAFF)
    open_customers(page, shop.address)
    act(page, "Make all 5 in this list members")
    page.get_by_role("dialog").get_by_role("button", name="Make 5 customers members").click()
    expect(page.get_by_text("5 customers changed to members.").first).to_be_visible()
    assert all(stored(shop, person).membership_status for person in people)


def test_a_telephone_has_room_for_all_of_it(shop, sign_in, people):
    page = sign_in(Role.STAFF, viewport={"width": 390, "height": 844})
    page.goto(f"{shop.address}/customers?sort=Customer+ID&order=Ascending")
    card = page.locator(".kinso-cards a").first
    expect(card).to_contain_text("C-00@example.com")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.locator(".st-key-customers_table")).to_be_hidden()
    card.click()
    page.get_by_role("dialog").get_by_role("button", name="Edit", exact=True).click()
    save_button = page.get_by_role("dialog").get_by_role("button", name="Save")
    save_button.scroll_into_view_if_needed()
    box = save_button.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390


def test_typed_cells_survive_a_while_without_the_database(open_window, serve, tmp_path):
    server = EmbeddedServer(tmp_path / "data", patience=60)
    uri = server.start()
    try:
        shop = serve(KINSO_MONGODB_URI=uri, KINSO_ADMIN_EMAIL=ADMIN, KINSO_ADMIN_PASSWORD=PASSWORD)
        store = Store(connect(Settings(mongodb_uri=uri, database=shop.store.name)))
        people = [add(store, f"C-{number:02d}") for number in range(3)]
        page = open_window()
        fill_sign_in(page, shop, ADMIN)
        expect(page.get_by_test_id("stSidebarNav")).to_be_attached()
        grid = open_customers(page, shop.address)
        grid.type(0, "Customer name", "Typed before")
        expect(page.get_by_role("button", name="1 unsaved change")).to_be_visible()
        server.stop()
        grid.type(1, "Customer name", "Typed meanwhile")
        page.get_by_text("The database does not answer").wait_for(timeout=60_000)
        server = EmbeddedServer(tmp_path / "data", patience=60)
        assert server.start() == uri

        # The page looks again by itself, too, and then the button is gone.
        with suppress(PlaywrightError):
            page.get_by_role("button", name="Try again").click(timeout=5_000)
        save(page, 2)
        until(lambda: store.customers.get(people[0].id).customer_name, lambda name: name == "Typed before")
        until(lambda: store.customers.get(people[1].id).customer_name, lambda name: name == "Typed meanwhile")
        store.connection.close()
    finally:
        server.stop()
