"""Every page works under the content-security-policy, and nobody who has left sees or does anything more."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from kinso.models.accounts import COMMAND_LINE, Role
from kinso.services.accounts.users import set_active, sign_out_everywhere
from kinso.services.shop.samples import load_samples
from tests.e2e.conftest import Shop
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


@pytest.fixture
def complaints() -> Callable[[Page], list[str]]:
    """What a browser has to complain about from now on."""

    def listen(page: Page) -> list[str]:
        found: list[str] = []
        page.on("pageerror", lambda error: found.append(str(error)))
        page.on("console", lambda said: found.append(said.text) if is_complaint(said) else None)
        return found

    def is_complaint(said) -> bool:
        # Streamlit first asks beside the page for what it then finds at the root.
        url = said.location.get("url", "")
        is_expected = url.endswith(("/_stcore/health", "/_stcore/host-config"))
        # What was typed last may be on its way to be kept when its form is saved; then it is refused.
        is_late_draft = url.endswith("/draft") and "409" in said.text
        return said.type == "error" and not is_expected and not is_late_draft

    return listen


def test_no_page_makes_the_browser_complain(shop, sign_in, complaints):
    load_samples(shop.store, COMMAND_LINE, 100)
    page = sign_in(Role.ADMIN)
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
    assert found == []


STORED = """async () => JSON.stringify([
    {...localStorage}, {...sessionStorage}, document.cookie, (await indexedDB.databases()).map(each => each.name),
    await caches.keys()
])"""


def test_the_browser_stores_nothing_of_customers_or_of_who_is_signed_in(shop, sign_in):
    load_samples(shop.store, COMMAND_LINE, 20)
    add(shop.store, "C-9", customer_name="Zelda Hidden", contact_info="zelda@hidden.test")
    page = sign_in(Role.STAFF)
    open_customers(page, shop.address)
    page.goto(f"{shop.address}/register")
    page.get_by_label("Customer name").fill("Yorick Typed")
    page.get_by_label("Contact", exact=True).fill("yorick@typed.test")
    page.goto(f"{shop.address}/history")
    expect(page.get_by_role("heading", name="History", exact=True)).to_be_visible()
    stored = page.evaluate(STORED)
    told = [word for word in ("Zelda", "hidden.test", "Yorick", "typed.test", "staff@", "C-9") if word in stored]
    assert told == [], stored


def test_what_our_own_scripts_do_is_allowed(shop, sign_in, complaints):
    add(shop.store, "C-1")
    page = sign_in(Role.STAFF)
    found = complaints(page)
    page.goto(f"{shop.address}/register")
    for label, text in (("Customer ID", "C-2"), ("Customer name", "Bea Jones"), ("Contact", "bea@shop.com")):
        page.get_by_label(label).fill(text)
    page.get_by_role("button", name="Save and add another").click()
    expect(page.get_by_label("Customer name")).to_be_focused()

    grid = open_customers(page, shop.address)
    grid.type(0, "Customer name", "Ada Byron")
    expect(page.get_by_role("button", name="1 unsaved change")).to_be_visible()
    until(lambda: page.evaluate("typeof window.onbeforeunload === 'function'"), bool)
    page.get_by_role("button", name="Discard").click()
    until(lambda: page.evaluate("window.onbeforeunload === null"), bool)
    assert found == []


def test_a_script_that_finds_its_way_into_a_page_does_not_run(shop, sign_in):
    page = sign_in(Role.STAFF)
    page.evaluate(
        """async () => {
            window.ran = [];
            const tried = [];
            const put = (tag, change, isLoaded = false) => {
                const element = document.createElement(tag);
                change(element);
                const ends = done => ["load", "error"].forEach(name => element.addEventListener(name, done, true));
                if (isLoaded) tried.push(new Promise(ends));
                document.body.append(element);
            };
            put("script", script => { script.textContent = "window.ran.push('inline')"; });
            put("script", script => { script.src = "data:text/javascript,window.ran.push('data')"; }, true);
            put("script", script => { script.src = URL.createObjectURL(new Blob(["window.ran.push('blob')"])); }, true);
            put("script", script => { script.src = "/api/health"; }, true);
            put("div", div => { div.innerHTML = "<img src=x onerror=\\"window.ran.push('onerror')\\">"; }, true);
            put("a", a => { a.href = "javascript:window.ran.push('link')"; a.click(); });
            put("iframe", frame => { frame.srcdoc = "<script>parent.ran.push('frame')</script>"; }, true);
            // Later, because what the test itself evaluates is exempt.
            setTimeout(() => eval("window.ran.push('eval')"), 0);
            setTimeout(() => new Function("window.ran.push('function')")(), 0);
            setTimeout("window.ran.push('timeout')", 0);
            await Promise.all(tried);
            await new Promise(done => setTimeout(done, 0));
        }"""
    )
    assert page.evaluate("window.ran") == []


LEAVING = {
    "signed out everywhere": lambda shop, user: sign_out_everywhere(shop.store, user.acting("app")),
    "switched off": lambda shop, user: set_active(shop.store, COMMAND_LINE, user.id, active=False),
}


@pytest.fixture
def leave(shop: Shop):
    """Has the staff member leave; they are back for the next story."""
    user = lambda: shop.store.users.by_email("staff@shop.com")  # noqa: E731

    yield lambda how: LEAVING[how](shop, user())
    if user():
        set_active(shop.store, COMMAND_LINE, user().id, active=True)


@pytest.mark.parametrize("how", LEAVING)
def test_an_open_dialog_reads_and_writes_nothing_for_who_has_left(shop, sign_in, leave, how):
    """Its content was drawn for somebody who was allowed to see it, and it can be drawn anew without the page."""
    customer = add(shop.store, "C-1", customer_name="Ada Secret")
    page = sign_in(Role.STAFF)
    received: list[bytes] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(bytes(frame))))
    grid = open_customers(page, shop.address)
    grid.press_details(0)
    page.get_by_role("button", name="Edit", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Customer name").fill("Changed afterwards")
    assert any(b"Ada Secret" in frame for frame in received)
    leave(how)
    received.clear()
    dialog.get_by_role("button", name="Save").click()
    page.wait_for_url("**/sign-in*")
    assert received
    assert not [frame for frame in received if b"Ada Secret" in frame]
    assert shop.store.customers.get(customer.id) == customer


@pytest.mark.parametrize("how", LEAVING)
def test_a_page_that_looks_again_by_itself_leads_who_has_left_to_the_sign_in(shop, sign_in, leave, how):
    add(shop.store, "C-1")
    page = sign_in(Role.STAFF)
    page.goto(shop.address)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    leave(how)
    page.wait_for_url("**/sign-in*")


@pytest.mark.parametrize("how", LEAVING)
def test_nothing_is_saved_or_downloaded_for_who_has_left(shop, sign_in, leave, how):
    customer = add(shop.store, "C-1", customer_name="Ada Secret")
    page = sign_in(Role.STAFF)
    grid = open_customers(page, shop.address)
    grid.type(0, "Customer name", "Changed afterwards")
    expect(page.get_by_role("button", name="1 unsaved change")).to_be_visible()
    leave(how)
    answer = page.request.get(f"{shop.address}/download/customers.csv")
    assert (answer.status, "Ada" in answer.text()) == (401, False)
    assert page.request.get(f"{shop.address}/api/customers").status == 401
    # The page warns of what is not saved before it leaves, also when it is closed in the end.
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Save", exact=True).click()
    # A browser that is closed while the page is still asking whether to leave waits for the answer for ever.
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert shop.store.customers.get(customer.id) == customer
