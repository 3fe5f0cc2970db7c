"""A colleague sends a link to a page that is not for everyone."""

import pytest
from playwright.sync_api import expect

from kinso.models.accounts import Role
from tests.e2e.conftest import PASSWORD


@pytest.mark.parametrize(
    ("role", "pages"),
    [(Role.ANALYST, ("register", "imports", "trash", "users", "settings")), (Role.MANAGER, ("users", "settings"))],
)
def test_a_page_for_another_role_says_that_it_is(shop, sign_in, role, pages):
    page = sign_in(role)
    for name in pages:
        page.goto(f"{shop.address}/{name}")
        expect(page.get_by_text(f"The role {role} may not open this page")).to_be_visible()
        expect(page.get_by_test_id("stSidebarNav").get_by_role("link", name=name)).to_have_count(0)


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
