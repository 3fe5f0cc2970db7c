"""A colleague sends a link to a page that is not for everyone."""

import pytest
from playwright.sync_api import expect

from kinso.models.user import Role


@pytest.mark.parametrize(
    ("role", "pages"),
    [(Role.ANALYST, ("register", "imports", "trash", "users", "settings")), (Role.MANAGER, ("users", "settings"))],
)
def test_a_page_for_another_role_says_that_it_is(shop, sign_in, role, pages):
    page = sign_in(role)
    for name in pages:
        page.goto(f"{shop.address}/{name}")
        expect(page.get_by_text(f"As {role} you may not open this page")).to_be_visible()
        expect(page.get_by_test_id("stSidebarNav").get_by_role("link", name=name)).to_have_count(0)
