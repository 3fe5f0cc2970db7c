"""Takes the pictures in docs/screenshots from a shop with sample customers: `python docs/take_screenshots.py`.

Needs the packages of requirements-dev.txt and Chromium. Uses a temporary data folder, never the one of the shop.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "screenshots"
PORT = 8599
EMAIL, PASSWORD = "ann@shop.com", "only for these pictures"
PAGES = (
    "overview",
    "customers",
    "customer",
    "register",
    "imports",
    "membership",
    "duplicates",
    "history",
    "trash",
    "account",
    "users",
    "settings",
)
SIZES = {"": {"width": 1440, "height": 900}, "-phone": {"width": 390, "height": 844}}
SETTLED = 2.5
"""Seconds that charts and grids take to draw."""


def main() -> None:
    """Serve a shop, and photograph every page, light and dark, on a wide screen and on a phone."""
    PICTURES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="kinso-") as folder,
        serve(Path(folder)) as customer,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=["--no-sandbox"]
        )
        for scheme in ("light", "dark"):
            for suffix, size in SIZES.items():
                photograph(browser, customer, scheme, suffix, size)
        browser.close()


def photograph(browser: Browser, customer: str, scheme: str, suffix: str, size: dict[str, int]) -> None:
    """Every page in one colour scheme and size; `customer` is the `_id` of the one who is shown."""
    context = browser.new_context(viewport=size, color_scheme=scheme, locale="en-US")  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"http://localhost:{PORT}/sign-in")
    page.screenshot(path=PICTURES / f"sign-in-{scheme}{suffix}.png")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_test_id("stSidebarNav").wait_for(state="attached")
    for name in PAGES:
        address = {"overview": "", "customer": f"customer?id={customer}"}.get(name, name)
        page.goto(f"http://localhost:{PORT}/{address}")
        settle(page)
        page.screenshot(path=PICTURES / f"{name}-{scheme}{suffix}.png")
    context.close()


def settle(page: Page) -> None:
    """Wait until the page is drawn."""
    page.locator("h1").first.wait_for()
    page.locator("[data-test-script-state=notRunning]").wait_for()
    page.wait_for_timeout(SETTLED * 1000)


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """A shop with sample customers, a run and something in the trash; tells the `_id` of a customer to show."""
    own = {"KINSO_DATA_DIR": str(folder), "KINSO_ADMIN_EMAIL": EMAIL, "KINSO_ADMIN_PASSWORD": PASSWORD}
    own["KINSO_BACKUP_DIR"] = "/backups/kinso"
    environment = {**os.environ, **own}
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(PORT)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_until_served()
        subprocess.run([sys.executable, "-m", "kinso", "seed", "600"], cwd=ROOT, env=environment, check=True)
        yield do_a_days_work()
    finally:
        server.terminate()
        server.wait()


def wait_until_served() -> None:
    """Ask until the database answers."""
    for _ in range(100):
        try:
            urllib.request.urlopen(f"http://localhost:{PORT}/api/health")
            return
        except urllib.error.URLError:
            time.sleep(0.3)
    raise SystemExit("Kinso does not answer.")


def do_a_days_work() -> str:
    """Through the HTTP API, so that all pages have something to show; returns the `_id` of who bought something."""
    import httpx

    with httpx.Client(base_url=f"http://localhost:{PORT}/api") as api:
        token = api.post("/auth/login", json={"email": EMAIL, "password": PASSWORD}).json()["data"]["token"]
        api.headers["Authorization"] = f"Bearer {token}"
        customers = api.get("/customers", params={"limit": 6}).json()["data"]
        for customer in customers[:3]:
            api.put(f"/customers/{customer['_id']}", json={"contactInfo": "+880 171 234 567"})
        for customer in customers[3:5]:
            api.delete(f"/customers/{customer['_id']}")
        api.put(f"/customers/membership/update/{customers[5]['_id']}", json={"membershipStatus": True})
        api.post("/customers/membership/auto-activate", json={"threshold": 3000})
        buyer = api.get("/customers", params={"sortBy": "purchaseAmount", "sortOrder": "desc", "limit": 2}).json()[
            "data"
        ][1]
        items = [{"name": "Green tea", "quantity": 2, "unitPrice": 8.5}, {"name": "Teapot", "unitPrice": 39}]
        sale = {"customerId": buyer["customerId"], "saleId": "R-2041", "items": items, "paymentMethod": "card"}
        api.post("/sales", json=sale)
        api.post("/sales/R-2041/refund", json={"amount": 8.5, "note": "One was broken"})
        return str(buyer["_id"])


if __name__ == "__main__":
    main()
