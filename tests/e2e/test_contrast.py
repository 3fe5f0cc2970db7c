"""Every page: text reaches 4.5:1 against what is behind it, on both themes, and the browser has no complaints."""

import pytest
from playwright.sync_api import Page, expect

from kinso.models.accounts import COMMAND_LINE, Role
from kinso.services.customers.editing import delete_customer
from kinso.services.membership.activation import activate_at_threshold
from kinso.services.shop.samples import load_samples
from tests.e2e.customers import add, open_customers
from tests.e2e.grid import until

PAGES = {
    "": "Overview",
    "customers": "Customers",
    "register": "Register",
    "imports": "Import",
    "membership": "Membership",
    "history": "History",
    "trash": "Trash",
    "account": "My account",
    "users": "Users",
    "settings": "Settings",
}

FAINT = """() => {
    const luminance = rgb => rgb.map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
    const parsed = {};
    const parse = colour => parsed[colour] ??= (() => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    })();
    const over = (top, below) => below.map((v, i) => v + (top[i] - v) * top[3] / 255);
    const behind = element => {
        const layers = [];
        for (let e = element; e; e = e.parentElement) layers.push(parse(getComputedStyle(e).backgroundColor));
        return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
    };
    const isRead = e => e.offsetParent && !e.closest("[disabled], [aria-disabled=true], [aria-hidden=true]")
        && [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim().match(/[\\p{L}\\p{N}]/u));
    const found = [];
    for (const element of [...document.querySelectorAll("body *")].filter(isRead)) {
        // Of the slider, the value stands above what its element is painted on.
        const ground = behind(element.closest("[data-testid=stSliderThumbValue]") ? document.body : element);
        const [a, b] = [luminance(over(parse(getComputedStyle(element).color), ground)), luminance(ground)];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) found.push(`${element.textContent.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
    }
    return found;
}"""


def assert_readable(page: Page) -> None:
    until(lambda: page.evaluate(FAINT), lambda faint: not faint)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_that_is_written_stands_out_and_nothing_makes_the_browser_complain(
    shop, sign_in, complaints, scheme
):
    load_samples(shop.store, COMMAND_LINE, 100)
    activate_at_threshold(shop.store, COMMAND_LINE, 900)
    delete_customer(shop.store, COMMAND_LINE, add(shop.store, "C-1").id)
    page = sign_in(Role.ADMIN, color_scheme=scheme)
    found = complaints(page)
    for path, title in PAGES.items():
        page.goto(f"{shop.address}/{path}")
        expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
        if not path:
            # The figures are those of a while ago, which may have been another story's.
            page.get_by_role("button", name="Refresh").click()
        if path in {"", "membership"}:
            expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
        if path in {"customers", "membership"}:
            expect(page.locator("canvas").first).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert_readable(page)
    grid = open_customers(page, shop.address)
    expect(page.get_by_role("button", name="Customer ID ↑")).to_be_visible()
    assert_readable(page)
    grid.open_page(0)
    expect(page.get_by_role("tab", name="Purchases")).to_be_visible()
    assert_readable(page)
    page.get_by_role("button", name="Record purchase").click()
    expect(page.get_by_role("dialog").get_by_label("Amount")).to_be_visible()
    assert_readable(page)
    assert found == []
