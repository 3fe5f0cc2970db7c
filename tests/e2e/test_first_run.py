"""The first visitor of a new shop: the code from the console, the administrator, the first customers."""

import re
from urllib.parse import urlparse

from playwright.sync_api import expect

from kinso.models.accounts import Role
from tests.e2e.conftest import PASSWORD
from tests.e2e.toasts import expect_toast

CODE = re.compile(r"one-time code:\s+(\S+)")


def send(page, fields):
    for label, value in fields.items():
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_role("button", name="Set up Kinso").click()


def test_the_code_on_the_console_sets_up_the_administrator(open_window, serve):
    shop = serve()
    code = CODE.search(shop.console.read_text())[1]
    page = open_window()
    page.goto(shop.address)
    assert urlparse(page.url).path == "/set-up"

    typed = {"Your name": "Ada Long", "E-mail": "ada@shop.com", "Password": PASSWORD}
    send(page, {"Set-up code": "WRNG-WRNG-WRNG", **typed})
    expect(page.get_by_text("Code is not right")).to_be_visible()
    assert shop.store.users.all() == []
    expect(page.get_by_label("E-mail")).to_have_value("ada@shop.com")

    send(page, {"Set-up code": code.lower(), "Password": PASSWORD})

    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    (ada,) = shop.store.users.all()
    assert (ada.email, ada.name, ada.role) == ("ada@shop.com", "Ada Long", Role.ADMIN)

    page.get_by_role("button", name="Load sample data").click()
    expect_toast(page, "200 sample customers loaded.")
    expect(page.get_by_test_id("stMetric").filter(has_text="Total spent by all")).to_be_visible()
    assert shop.store.figures.totals()[True][0] + shop.store.figures.totals()[False][0] == 200

    page.goto(f"{shop.address}/set-up")
    assert urlparse(page.url).path != "/set-up"
