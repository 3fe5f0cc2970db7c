"""A colleague sends a link to a page that is not for everyone."""

from playwright.sync_api import expect

from kinso.models.accounts import Role
from tests.e2e.conftest import PASSWORD


def test_a_page_for_another_role_says_that_it_is(shop, sign_in):
    page = sign_in(Role.MANAGER)
    page.goto(f"{shop.address}/users")
    expect(page.get_by_text("The role manager may not open this page")).to_be_visible()
    expect(page.get_by_test_id("stSidebarNav").get_by_role("link", name="trash")).to_have_count(1)
    expect(page.get_by_test_id("stSidebarNav").get_by_role("link", name="users")).to_have_count(0)


def test_a_password_is_typed_for_a_colleague_without_the_mouse(shop, sign_in):
    page = sign_in(Role.ADMIN)
    page.goto(f"{shop.address}/users")
    page.get_by_role("button", name="Create user").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Kai Board")
    dialog.get_by_label("E-mail").fill("kai@shop.com")
    dialog.get_by_text("Type one").click()
    dialog.get_by_role("textbox", name="New password").fill(PASSWORD)
    page.keyboard.press("Tab")
    expect(dialog.get_by_role("button", name="Show password")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Kai Board can sign in now.")).to_be_visible()
