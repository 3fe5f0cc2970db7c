"""Only our own scripts run, the browser keeps nothing, and nobody who has left sees or does anything more.

Every way of leaving is tried on every page in `tests/integration/security/test_open_tabs.py`.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from kinso.models.accounts import COMMAND_LINE, Role
from kinso.services.accounts.users import set_active, sign_out_everywhere
from kinso.services.shop.samples import load_samples
from tests.e2e.conftest import Shop
from tests.e2e.customers import add, open_customers, press_save
from tests.e2e.grid import until

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
    page.goto(shop.address)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
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


@pytest.fixture
def switch_off(shop: Shop):
    """Switches the staff member's account off; they are back for the next story."""
    user = lambda: shop.store.users.by_email("staff@shop.com")  # noqa: E731

    yield lambda: set_active(shop.store, COMMAND_LINE, user().id, active=False)
    if user():
        set_active(shop.store, COMMAND_LINE, user().id, active=True)


def test_an_open_dialog_reads_and_writes_nothing_for_who_has_left(shop, sign_in, switch_off):
    """Its content was drawn for somebody who was allowed to see it, and it can be drawn anew without the page."""
    customer = add(shop.store, "C-1", customer_name="Ada Secret")
    page = sign_in(Role.STAFF)
    received: list[bytes] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(bytes(frame))))
    grid = open_customers(page, shop.address)
    grid.open_page(0)
    page.get_by_role("button", name="Edit", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Customer name").fill("Changed afterwards")
    assert any(b"Ada Secret" in frame for frame in received)
    switch_off()
    received.clear()
    dialog.get_by_role("button", name="Save").click()
    page.wait_for_url("**/sign-in*")
    assert received
    assert not [frame for frame in received if b"Ada Secret" in frame]
    assert shop.store.customers.get(customer.id) == customer


def test_a_page_that_looks_again_by_itself_leads_who_has_left_to_the_sign_in(shop, sign_in):
    add(shop.store, "C-1")
    page = sign_in(Role.STAFF, is_kept=False)
    page.clock.install()
    page.goto(shop.address)
    # What the page loads later, the server keeps from who has left.
    expect(page.get_by_text("Non-members").first).to_be_visible()
    sign_out_everywhere(shop.store, shop.store.users.by_email("staff@shop.com").acting("app"))
    page.clock.fast_forward(60_000)
    page.wait_for_url("**/sign-in*")


def test_nothing_is_saved_or_downloaded_for_who_has_left(shop, sign_in, switch_off):
    customer = add(shop.store, "C-1", customer_name="Ada Secret")
    page = sign_in(Role.STAFF)
    grid = open_customers(page, shop.address)
    grid.type(0, "Customer name", "Changed afterwards")
    expect(page.get_by_role("button", name="1 unsaved change")).to_be_visible()
    switch_off()
    answer = page.request.get(f"{shop.address}/download/customers.csv")
    assert (answer.status, "Ada" in answer.text()) == (401, False)
    assert page.request.get(f"{shop.address}/api/customers").status == 401
    # The page warns of what is not saved before it leaves, also when it is closed in the end.
    page.on("dialog", lambda dialog: dialog.accept())
    press_save(page)
    # A browser that is closed while the page is still asking whether to leave waits for the answer for ever.
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert shop.store.customers.get(customer.id) == customer
