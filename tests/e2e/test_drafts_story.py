"""What was typed stays: after an ended session, in another window, and while a save is under way."""

import pytest
from playwright.sync_api import expect

from kinso.models.accounts import Role
from kinso.services.accounts.sign_in import sign_out
from tests.e2e.conftest import PASSWORD
from tests.e2e.customers import add, open_customers, press_save, save
from tests.e2e.grid import until
from tests.e2e.toasts import expect_toast


@pytest.fixture
def people(shop):
    return [add(shop.store, f"C-{number:02d}", purchase_amount=number) for number in range(5)]


def end_all_sessions(shop):
    for session in shop.store.connection.database["sessions"].find():
        sign_out(shop.store, session["_id"])


def drafts(shop):
    return [draft["place"] for draft in shop.store.connection.database["drafts"].find({"over": False})]


def come_back(page):
    """Sign in on the page that says that the session has ended."""
    expect(page.get_by_text("Your session has ended.")).to_be_visible()
    page.get_by_label("E-mail").fill("staff@shop.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_cells_that_were_typed_before_and_after_the_session_ended_are_there_after_signing_in(shop, sign_in, people):
    page = sign_in(Role.STAFF)
    grid = open_customers(page, shop.address, "?q=c-0&sort=Customer+ID&order=Ascending")
    grid.type(1, "Customer name", "Ada King")
    expect(page.get_by_role("button", name="1 unsaved change")).to_be_visible()
    end_all_sessions(shop)
    grid.type(2, "Contact", "after@example.com")

    come_back(page)
    until(grid.columns, lambda found: "Customer ID" in found)
    assert "/customers?" in page.url
    assert "q=c-0" in page.url
    expect(page.get_by_text("Unsaved changes in the list, typed")).to_be_visible()
    page.get_by_role("button", name="Continue").click()
    save(page, 2)
    expect_toast(page, "Saved 2 changes of 2 customers.")
    assert shop.store.customers.get(people[1].id).customer_name == "Ada King"
    assert shop.store.customers.get(people[2].id).contact_info == "after@example.com"
    until(lambda: drafts(shop), lambda places: places == [])
    assert "Traceback" not in shop.console.read_text(errors="replace")


def test_a_draft_is_offered_in_another_window_and_giving_it_up_ends_it(shop, sign_in, people):
    grid = open_customers(sign_in(Role.STAFF), shop.address)
    grid.type(1, "Customer name", "Ada King")
    until(lambda: drafts(shop), lambda places: places == ["customers"])

    other_window = sign_in(Role.STAFF)
    open_customers(other_window, shop.address)
    expect(other_window.get_by_text("Unsaved changes in the list")).to_be_visible()
    other_window.get_by_role("button", name="Discard draft").click()
    expect(other_window.get_by_text("Unsaved changes in the list")).to_have_count(0)
    assert drafts(shop) == []


def test_a_cell_that_is_typed_into_right_after_save_stays_open(shop, sign_in, people):
    page = sign_in(Role.STAFF)
    grid = open_customers(page, shop.address)
    grid.type(0, "Customer name", "First")
    expect(page.get_by_role("button", name="1 unsaved change")).to_be_visible()
    press_save(page)
    grid.open_editor(2, "Customer name", "Second")
    expect_toast(page, "Saved 1 change of First")
    page.keyboard.press("Enter")
    save(page, 1)
    until(lambda: shop.store.customers.get(people[2].id).customer_name, lambda name: name == "Second")


def test_a_row_stays_when_what_was_searched_for_is_changed_in_it(shop, sign_in, people):
    add(shop.store, "C-77", customer_name="Sadia Karim", contact_info="1062928183")
    page = sign_in(Role.STAFF)
    grid = open_customers(page, shop.address, "?q=1062928183")
    grid.type(0, "Contact", "1062928184")
    save(page, 1)
    expect_toast(page, "Saved 1 change of Sadia Karim (C-77).")
    assert grid.column("Customer ID") == ["C-77"]
    assert grid.text(0, "Contact") == "1062928184"


def test_a_half_filled_registration_is_offered_in_a_new_window(shop, sign_in):
    page = sign_in(Role.STAFF)
    page.goto(f"{shop.address}/register")
    page.get_by_label("Customer name").fill("Grace Hopper")
    page.get_by_label("Total spent").fill("12.5")
    page.get_by_text("Member", exact=True).click()
    until(lambda: drafts(shop), lambda places: places == ["register"])

    page = sign_in(Role.STAFF)
    page.goto(f"{shop.address}/register")
    expect(page.get_by_text("Unsaved registration")).to_be_visible()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label("Customer name")).to_have_value("Grace Hopper")
    expect(page.get_by_label("Total spent")).to_have_value("12.50")
    expect(page.get_by_role("checkbox", name="Member")).to_be_checked()
    page.get_by_label("Customer ID").fill("N-1")
    page.get_by_label("Contact").fill("grace@example.com")
    page.get_by_label("Contact").press("Tab")
    # What was typed since is kept as well, and not a second time for the empty form that was there before.
    kept = shop.store.connection.database["drafts"]
    until(lambda: [each["content"] for each in kept.find()], lambda texts: "grace@example.com" in str(texts))
    assert drafts(shop) == ["register"]
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("link", name="Open customer")).to_be_visible()
    until(lambda: drafts(shop), lambda places: places == [])


AWAY_FOR_A_MOMENT = """() => {
    const main = document.querySelector("[data-testid=stMain]"), parent = main.parentElement, next = main.nextSibling;
    main.remove();
    setTimeout(() => parent.insertBefore(main, next), 700);
}"""


def test_what_is_typed_just_before_a_form_is_drawn_anew_is_kept(shop, sign_in):
    page = sign_in(Role.STAFF)
    page.goto(f"{shop.address}/register")
    page.get_by_label("Customer name").fill("Ada Byron")
    page.evaluate(AWAY_FOR_A_MOMENT)
    until(lambda: drafts(shop), lambda places: places == ["register"])


def test_a_half_filled_purchase_is_offered_with_its_items_and_recorded_once(shop, sign_in, people):
    page = sign_in(Role.STAFF)
    page.goto(f"{shop.address}/customer?id={people[0].id}")
    page.get_by_role("button", name="Record purchase").click()
    page.get_by_role("button", name="Add items").click()
    page.get_by_label("Item", exact=True).fill("Coffee")
    page.get_by_label("Unit price").fill("2.5")
    page.get_by_label("Note (optional)").fill("for later")
    until(lambda: drafts(shop), lambda places: places == [f"customer/{people[0].id}/purchase"])
    # The unit price has reached the server: what it computes from it is shown.
    expect(page.get_by_role("textbox", name="Amount ($)")).to_have_value("2.50")
    end_all_sessions(shop)
    page.get_by_label("Note (optional)").fill("for tomorrow")
    page.get_by_role("button", name="Record purchase").last.click()

    come_back(page)
    expect(page.get_by_text("Unsaved purchase")).to_be_visible()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label("Item", exact=True)).to_have_value("Coffee")
    expect(page.get_by_label("Note (optional)")).to_have_value("for tomorrow")
    page.get_by_role("button", name="Record purchase").last.click()
    expect_toast(page, "recorded. The total is now")
    until(lambda: drafts(shop), lambda places: places == [])
    (sale,) = shop.store.connection.database["sales"].find({"customer": people[0].id, "kind": "sale"})
    assert (sale["amount"], sale["note"]) == (2.5, "for tomorrow")


def test_a_half_done_edit_of_a_customer_is_offered_on_their_page(shop, sign_in, people):
    page = sign_in(Role.STAFF)
    page.goto(f"{shop.address}/customer?id={people[0].id}")
    page.get_by_role("button", name="Edit", exact=True).click()
    page.get_by_role("dialog").get_by_label("Customer name").fill("Ada King")
    until(lambda: drafts(shop), lambda places: places == [f"customer/{people[0].id}/edit"])

    page = sign_in(Role.STAFF)
    page.goto(f"{shop.address}/customer?id={people[0].id}")
    page.get_by_role("button", name="Continue").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Customer name")).to_have_value("Ada King")
    dialog.get_by_role("button", name="Save").click()
    until(lambda: shop.store.customers.get(people[0].id).customer_name, lambda name: name == "Ada King")
    until(lambda: drafts(shop), lambda places: places == [])
