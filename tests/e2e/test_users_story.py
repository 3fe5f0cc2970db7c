"""An administrator lets a colleague in."""

from playwright.sync_api import expect

from kinso.models.accounts import Role
from tests.e2e.conftest import PASSWORD
from tests.e2e.toasts import expect_toast


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
    expect_toast(page, "Kai Board can sign in now.")
