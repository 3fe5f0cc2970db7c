"""A database that hangs: the page says so while it hangs, and goes on by itself."""

import os
import signal
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import ADMIN, PASSWORD, fill_sign_in
from tests.e2e.grid import until
from tests.support.processes import Holder


@pytest.fixture
def mongod(tmp_path):
    with Holder(tmp_path / "data") as holder:
        yield holder.wait_until_ready()


@pytest.fixture
def freeze(mongod):
    """Stops the server where it stands; it goes on at the end."""
    yield lambda: os.kill(mongod.mongod, signal.SIGSTOP)
    os.kill(mongod.mongod, signal.SIGCONT)


def health(shop):
    try:
        with urllib.request.urlopen(f"{shop.address}/api/health", timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_a_page_says_that_the_database_hangs_and_goes_on_when_it_is_back(open_window, serve, mongod, freeze):
    shop = serve(KINSO_MONGODB_URI=mongod.uri, KINSO_ADMIN_EMAIL=ADMIN, KINSO_ADMIN_PASSWORD=PASSWORD)
    page = open_window()
    fill_sign_in(page, shop, ADMIN)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    assert health(shop) == 200

    freeze()
    page.get_by_role("link", name="History").click()
    expect(page.get_by_text("The database does not answer")).to_be_visible(timeout=15_000)
    assert health(shop) == 503

    os.kill(mongod.mongod, signal.SIGCONT)
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    until(lambda: health(shop), lambda status: status == 200)
