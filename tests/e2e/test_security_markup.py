"""Names that would be markup, links, formulas or code show as they were typed, wherever they show, and nothing runs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from kinso.models.accounts import COMMAND_LINE, NewUser, Role, User
from kinso.models.customers import Customer, CustomerPatch, CustomerQuery
from kinso.models.shop import ShopSettings
from kinso.models.validation import parse
from kinso.repository.store import Store
from kinso.services.accounts.users import create_token, create_user, rename_own
from kinso.services.customers.editing import delete_customer, update_customer
from kinso.services.membership.activation import set_membership_of_matching
from kinso.services.shop.settings import save_shop_settings
from tests.e2e.conftest import ADMIN, PASSWORD, fill_sign_in
from tests.e2e.customers import act, add
from tests.e2e.grid import Grid, until

NASTY = {
    "image": "<img src=x onerror=window.pwned=1>",
    "script": "<script>window.pwned=1</script> &amp; <b>b</b>",
    "link": "[x](javascript:window.pwned=1) ![y](http://evil.test/y)",
    "formula": '=HYPERLINK("http://evil.test","x") www.evil.test',
    "shortcode": ":material/delete: :red[x] :smile: -> -- >=",
    "latex": r"$\LaTeX$ **b** _i_ `c` ~~s~~ \* # x | y 1. z",
    "template": "%{customdata} {{7*7}} ${7*7} %s &#60;u>",
    "bidi": "عربي <b>x</b> (أ) 😀 👨‍👩‍👧 O'Brien",
}
PAIRS = {
    f"{NASTY[first]} {NASTY[second]}": (NASTY[first], NASTY[second])
    for first, second in (("formula", "shortcode"), ("image", "link"), ("script", "latex"), ("bidi", "template"))
}
"""The same two by two, for stories in which each of them costs many steps; with what each pair is made of."""
WATCH = """
window.pwned = 0;
for (const name of ["alert", "confirm", "prompt"]) window[name] = () => { window.pwned = 1; };
document.addEventListener("securitypolicyviolation", event => {
    if (event.blockedURI !== "wasm-eval") (window.blocked ??= []).push(event.blockedURI);
});
"""


@pytest.fixture
def open_page(shop, sign_in):
    """Signs in with a role, watches everything, and goes to a page."""
    opened = []

    def open_page(role: Role, path: str = "") -> Page:
        page = sign_in(role)
        page.add_init_script(WATCH)
        elsewhere: list[str] = []
        page.on("request", lambda request: elsewhere.append(request.url) if is_elsewhere(request.url) else None)
        opened.append((page, elsewhere))
        page.goto(f"{shop.address}/{path}")
        return page

    def is_elsewhere(url: str) -> bool:
        return not url.startswith((shop.address, "data:", "blob:"))

    yield open_page
    for page, elsewhere in opened:
        assert_harmless(page)
        assert elsewhere == []


def assert_harmless(page: Page) -> None:
    assert page.evaluate("window.pwned") == 0
    assert page.evaluate("window.blocked ?? []") == []
    here = page.evaluate("location.origin")
    links = page.locator("a").evaluate_all("all => all.map(a => a.href)")
    assert not [link for link in links if not link.startswith((f"{here}/", "mailto:"))]
    assert page.locator("img[src='x'], img[src*=evil], main b, main u, .katex").count() == 0


def shown(text: str) -> str:
    """A text as it is compared: without the marks that isolate it, and with plain spaces."""
    bare = "".join(character for character in text if character not in "\u2060\u2068\u2069")
    return " ".join(unicodedata.normalize("NFC", bare).split())


def expect_shown(place: Page | Locator, *texts: str) -> None:
    """Wait until all texts are there, exactly as typed."""
    where = place.locator("body") if isinstance(place, Page) else place

    def missing() -> list[str]:
        seen = shown(where.inner_text())
        return [text for text in texts if shown(text) not in seen]

    until(missing, lambda left: not left)


def as_id(text: str, number: int) -> str:
    """An ID holds nothing invisible, so the emoji that are joined in a text are not joined in it, and plain quotes."""
    return f"{text[:50]} {number:02d}".replace("\u200d", "").replace("`", "'")


def customer_called(shop, text: str, number: int, in_id: str) -> Customer:
    """A customer with the text in every field; the number makes the ID another one, and orders by amount."""
    fields = {"customer_name": text, "contact_info": f"{text} contact", "purchase_amount": 100 * (number + 1)}
    return add(shop.store, as_id(in_id, number), **fields)


@pytest.fixture
def people(shop) -> list[Customer]:
    """A customer for each of them."""
    return [customer_called(shop, text, number, text) for number, text in enumerate(NASTY.values())]


@pytest.fixture
def pairs(shop) -> list[Customer]:
    """A customer for each of `PAIRS`; an ID has room for one of both."""
    return [customer_called(shop, text, number, second) for number, (text, (_, second)) in enumerate(PAIRS.items())]


def change(store: Store, customer: Customer, **fields: str) -> None:
    update_customer(store, COMMAND_LINE, customer.id, parse(CustomerPatch, fields))


def test_the_grid(open_page, people):
    grid = Grid(open_page(Role.MANAGER, "customers?sort=Total+spent&order=Ascending"))
    names = until(lambda: grid.column("Name"), lambda found: len(found) == len(NASTY))
    assert names == list(NASTY.values())
    assert grid.column("Contact") == [f"{text} contact" for text in NASTY.values()]


def test_the_page_of_each_with_its_history_and_its_form(shop, open_page, pairs):
    page = open_page(Role.MANAGER, "history")
    for customer, text in zip(pairs, PAIRS, strict=True):
        for name, contact in ((f"{text}!", "other contact"), (text, f"{text} contact")):
            change(shop.store, customer, customer_name=name, contact_info=contact)
        page.goto(f"{shop.address}/customer?id={customer.id}")
        expect_shown(page, text, f"{text} contact", customer.customer_id)
        assert_harmless(page)
        page.get_by_role("tab", name="History").click()
        expect_shown(page, f"{text} → {text}!", f"{text} contact → other contact")
        assert_harmless(page)
        page.get_by_role("button", name="Edit", exact=True).click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_label("Contact")).to_have_value(f"{text} contact")
        expect_shown(dialog, f"{text} ({customer.customer_id})")
        expect(dialog.get_by_label("Customer name")).to_have_value(text)
        assert_harmless(page)


def test_deleting_asks_and_tells_by_name(open_page, pairs):
    page = open_page(Role.MANAGER, "customers?sort=Total+spent&order=Ascending")
    grid = Grid(page)
    for text in PAIRS:
        until(lambda: grid.text(0, "Name"), lambda name, text=text: name == text)
        grid.toggle(0, "Select")
        act(page, "Delete 1 selected")
        dialog = page.get_by_role("dialog")
        expect_shown(dialog, text)
        assert_harmless(page)
        dialog.get_by_role("button", name="Delete 1 customer").click()
        expect_shown(page.get_by_test_id("stToast").last, f"{text} (", "deleted.")
        assert_harmless(page)


def test_the_trash(shop, open_page, people):
    for customer in people:
        delete_customer(shop.store, COMMAND_LINE, customer.id)
    page = open_page(Role.MANAGER, "trash")
    table = page.locator("canvas table[role=grid]")
    until(lambda: table.locator("td").all_text_contents(), lambda cells: set(NASTY.values()) <= set(cells))


def test_registering_warns_of_the_one_that_is_there(open_page, pairs):
    page = open_page(Role.STAFF, "register")
    for customer, text in zip(pairs, PAIRS, strict=True):
        page.get_by_label("Customer ID").fill(customer.customer_id)
        page.get_by_label("Customer name").fill(text)
        page.get_by_label("Contact").fill(f"{text} contact")
        page.get_by_role("button", name="Save", exact=True).click()
        expect_shown(page, f"Customer ID “{customer.customer_id}” is taken by {text};")
        assert_harmless(page)
    page.get_by_label("Customer ID").fill("A free one")
    page.get_by_role("button", name="Save", exact=True).click()
    expect_shown(page, "Is it one of these?", f"{text} contact")
    page.get_by_role("button", name="Register anyway", exact=True).click()
    expect_shown(page, f"{text} (A free one) is registered.")


def test_the_overview_with_its_chart(shop, open_page, people):
    page = open_page(Role.ANALYST)
    page.get_by_role("button", name="Refresh").click()
    chart = page.locator(".st-key-top_customers")
    expect(chart.locator(".ytick text").first).to_be_visible()
    best = list(NASTY.values())[::-1][:10]
    labels = chart.locator(".ytick text").evaluate_all("all => all.map(t => t.textContent)")
    for text, label in zip(best, labels, strict=True):
        begin = text if len(text) <= 22 else text[:21].rstrip() + "…"
        assert shown(label).startswith(shown(begin)), (text, label)
    # Without the amount beside each bar, which belongs to the same group and has no hover.
    bars = chart.locator(".bars .point path")
    hover = chart.locator(".hoverlayer .hovertext")

    def hovered() -> str:
        return shown("".join(hover.evaluate_all("all => all.map(t => t.textContent)"))).replace(" ", "")

    for number, text in enumerate(best):
        bars.nth(number).hover(force=True)
        until(hovered, lambda seen, text=text: shown(text).replace(" ", "") in seen)
        assert_harmless(page)
    assert chart.locator("a, image[href*=evil], b").count() == 0


def test_the_history_of_names(shop, open_page, people):
    for customer in people:
        change(shop.store, customer, customer_name=f"{customer.customer_name}!")
    page = open_page(Role.MANAGER, "history")
    for text in NASTY.values():
        expect_shown(page, f"{text}!", f"{text} → {text}!")
    assert_harmless(page)


def test_the_membership_page_with_its_runs(shop, open_page, people):
    for text in NASTY.values():
        set_membership_of_matching(shop.store, COMMAND_LINE, CustomerQuery(search=text), membership_status=True)
        set_membership_of_matching(shop.store, COMMAND_LINE, CustomerQuery(search=text), membership_status=False)
    page = open_page(Role.STAFF, "membership")
    expect_shown(page, *(f"“{text}”" for text in list(NASTY.values())[-2:]))
    page.get_by_label("Exact amount").fill("50")
    page.get_by_label("Exact amount").press("Enter")
    page.get_by_text(re.compile("Membership (given|ended)")).first.click()
    cells = page.locator("canvas table[role=grid] td")
    ids = {customer.customer_id for customer in people}
    until(lambda: cells.all_text_contents(), lambda seen: bool(ids & set(seen)))


def test_filters_and_questions_about_many(open_page, pairs):
    page = open_page(Role.STAFF, "customers")
    search, dialog = page.get_by_label("Search", exact=True), page.get_by_role("dialog")
    for text in PAIRS:
        search.fill(text)
        expect(page.get_by_text("1–1 of 1 customer")).to_be_visible()
        act(page, "Make all 1 in this list members")
        expect_shown(dialog, f"“{text}”")
        assert_harmless(page)
        dialog.get_by_role("button", name="Cancel").click()
        expect(dialog).to_have_count(0)
        search.fill(f"{text} nobody")
        expect_shown(page, f"“{text} nobody”")
        assert_harmless(page)
    page.reload()
    expect_shown(page, f"“{text} nobody”")


@pytest.fixture
def colleagues(shop) -> Iterator[list[User]]:
    """An account for each of them."""
    made = [
        create_user(
            shop.store,
            COMMAND_LINE,
            parse(
                NewUser,
                {"email": f"a*b_{number}_`$x$`@shop.com", "name": text, "role": Role.ADMIN, "password": PASSWORD},
            ),
        )
        for number, text in enumerate(PAIRS)
    ]
    yield made
    shop.store.connection.database["users"].delete_many({"email": {"$in": [user.email for user in made]}})
    save_shop_settings(shop.store, COMMAND_LINE, ShopSettings())


def test_the_people_who_work_here(shop, open_page, colleagues):
    create_token(shop.store, colleagues[0].acting("app"), NASTY["link"])
    page = open_page(Role.ADMIN, "users")
    for user in colleagues:
        expect_shown(page, user.name, user.email)
    expect_shown(page, NASTY["link"])
    assert_harmless(page)
    for user in colleagues:
        page.locator(f".st-key-manage_{user.id} button").click()
        dialog = page.get_by_role("dialog")
        expect_shown(dialog, user.name, user.email)
        assert_harmless(page)
        dialog.get_by_role("button", name="Reset password").click()
        expect_shown(page.get_by_role("dialog"), f"Give this password to {user.name}; it is not shown again.")
        expect_shown(page.get_by_test_id("stToast").last, f"{user.name} has a new password")
        assert_harmless(page)
        page.get_by_role("dialog").get_by_role("button", name="Done").click()
        expect(page.get_by_role("dialog")).to_be_hidden()


def test_ones_own_name_and_the_name_of_the_shop(shop, open_window, colleagues):
    user, page = colleagues[0], open_window()
    page.add_init_script(WATCH)
    fill_sign_in(page, shop, user.email)
    expect(page.get_by_test_id("stSidebarNav")).to_be_attached()
    for text, both in PAIRS.items():
        rename_own(shop.store, user.acting("app"), text)
        for each in both:
            save_shop_settings(shop.store, COMMAND_LINE, ShopSettings(shop_name=f"{each} shop"))
            page.goto(f"{shop.address}/account")
            expect_shown(page.get_by_test_id("stSidebar"), f"{text} · admin", f"{each} shop")
            assert_harmless(page)
        expect_shown(page, user.email)
        expect(page.get_by_label("Name", exact=True)).to_have_value(text)
        assert_harmless(page)
        page.get_by_label("Name", exact=True).fill(f"{text}!")
        page.get_by_role("button", name="Save name").click()
        expect_shown(page.get_by_test_id("stToast").last, f"You are called {text}! now.")
        assert_harmless(page)


def test_the_sign_in_page_repeats_what_was_typed_as_text(shop, open_window):
    page = open_window()
    page.add_init_script(WATCH)
    for text in (*PAIRS, '"><img src=x onerror=window.pwned=1>', "' autofocus onfocus='window.pwned=1"):
        page.goto(f"{shop.address}/sign-in?next={quote('/customers?q=' + text)}")
        page.get_by_label("E-mail").fill(text)
        page.get_by_label("Password", exact=True).fill("not the password")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_be_visible()
        expect(page.get_by_label("E-mail")).to_have_value(text)
        assert_harmless(page)
        shop.store.connection.database["attempts"].delete_many({})
    assert shop.store.users.by_email(ADMIN) is not None
