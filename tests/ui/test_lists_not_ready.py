"""While lists and figures are being prepared: pages that need them say so, and nothing else waits for them."""

import time
from threading import Event

import pytest

from kinso.models.accounts import Role
from kinso.repository.mirror_load import Load
from tests.ui.customers_page import press


@pytest.fixture
def go_on(store, monkeypatch):
    """Lists are prepared anew, but not before this is set."""
    may_go_on, into = Event(), Load.into

    def wait(load, mirror):
        may_go_on.wait(60)
        into(load, mirror)

    monkeypatch.setattr(Load, "into", wait)
    store.mirror.reload()
    wait_until(lambda: not store.mirror.state.is_ready)
    yield may_go_on
    may_go_on.set()


def wait_until(is_so):
    end = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def said(page):
    return "\n".join(each.value for each in page.markdown if "The lists are being prepared" in each.value)


@pytest.mark.parametrize("name", ["overview", "customers", "membership"])
def test_a_page_that_needs_them_says_so_and_goes_on_when_they_are_there(go_on, open_page, store, ada, name):
    page = open_page(name)

    assert "customers can be found, opened and sold to meanwhile" in said(page)
    assert not page.exception
    go_on.set()
    wait_until(lambda: store.mirror.state.is_ready)
    assert not said(page.run())
    assert not page.exception


def test_somebody_is_registered_found_by_the_whole_id_and_sold_to_meanwhile(go_on, open_page, store, toasts):
    page = open_page("register", Role.STAFF)
    form = page.session_state["registration"]
    values = {"customerId": "N-1", "customerName": "Grace Hopper", "contactInfo": "grace@example.com"}
    for name, value in values.items():
        page.get_by_key(form.key(name)).set_value(value)
    page = press(page, form.key("save"))
    grace = store.customers.get_by_customer_id("N-1")
    assert [toast.split(".")[0] for toast in toasts(page)] == [
        "Nobody could look yet whether this customer may be there already",
        "Grace Hopper \\(N\\-1\\) is registered\\",
    ]

    page = open_page("customer", Role.STAFF, id=grace.id)
    page.get_by_key(f"finder_{page.session_state['finder'][0]}").set_value("n-1").run()
    assert f"id={grace.id}" in [link.proto.query_string for link in page.main.get("page_link")]
    page = press(page, "record_purchase")
    form = page.session_state["customer_card"].question
    page.get_by_key(form.key("amount")).set_value(12.5)
    press(page, form.key("record"))
    assert store.customers.get(grace.id).purchase_amount == 12.5
    assert not page.exception
    assert not store.mirror.state.is_ready
