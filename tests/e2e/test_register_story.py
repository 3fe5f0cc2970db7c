"""Somebody new comes into the shop."""

from decimal import Decimal

import pytest
from playwright.sync_api import expect

from kinso.models.accounts import Role
from kinso.models.customers import CustomerQuery
from tests.e2e.customers import add
from tests.e2e.grid import until


@pytest.fixture
def page(shop, sign_in):
    page = sign_in(Role.STAFF)
    page.goto(f"{shop.address}/register")
    expect(page.get_by_label("Customer ID")).to_be_visible()
    return page


def fill(page, customer_id, name, contact):
    page.get_by_label("Customer ID").fill(customer_id)
    page.get_by_label("Customer name").fill(name)
    page.get_by_label("Contact").fill(contact)


def everyone(shop):
    return {customer.customer_id: customer for customer in shop.store.customers.iterate(CustomerQuery())}


def test_a_mistake_is_named_and_a_double_click_registers_once(page, shop):
    fill(page, "N-1", "Grace Hopper", "abc")
    page.get_by_label("Total spent").fill("12.5")
    page.get_by_text("Member", exact=True).click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Contact is too short; use at least 5 characters.")).to_be_visible()
    expect(page.get_by_label("Customer name")).to_have_value("Grace Hopper")
    assert everyone(shop) == {}

    page.get_by_label("Contact").fill("grace@example.com")
    page.get_by_role("button", name="Save", exact=True).dblclick()
    expect(page.get_by_role("link", name="Open customer")).to_be_visible()
    (grace,) = everyone(shop).values()
    assert (grace.contact_info, grace.purchase_amount, grace.membership_status) == (
        "grace@example.com",
        Decimal("12.50"),
        True,
    )
    expect(page.get_by_text("is already taken")).to_have_count(0)

    page.get_by_role("link", name="Open customer").click()
    expect(page.get_by_role("heading", name="Grace Hopper")).to_be_visible()
    assert page.url.endswith(f"/customer?id={grace.id}")


def test_one_after_the_other_without_the_mouse(page, shop):
    for number in (1, 2):
        fill(page, f"N-{number}", ("Grace Hopper", "Alan Turing")[number - 1], f"{number}@example.com")
        page.get_by_role("button", name="Save and add another").dblclick()
        until(lambda wanted=number: len(everyone(shop)), lambda count, wanted=number: count == wanted)
        expect(page.get_by_label("Customer ID")).to_have_value(f"N-{number + 1}")
        expect(page.get_by_label("Customer name")).to_have_value("")
        expect(page.get_by_label("Customer name")).to_be_focused()
        expect(page.get_by_text("is required")).to_have_count(0)
        expect(page.get_by_text("taken")).to_have_count(0)
    assert set(everyone(shop)) == {"N-1", "N-2"}


def test_enter_saves_the_form(page, shop):
    fill(page, "N-1", "Grace Hopper", "grace@example.com")
    page.get_by_label("Contact").press("Enter")
    until(lambda: set(everyone(shop)), lambda ids: ids == {"N-1"})


def test_someone_very_similar_is_shown_first(page, shop):
    add(shop.store, "C-1", customer_name="Grace Hoper", contact_info="+1 555 0100")
    fill(page, "c-1", "Grace Hopper", "grace@example.com")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Customer ID “C-1” is taken by Grace Hoper")).to_be_visible()
    page.get_by_label("Customer ID").fill("N-1")
    page.get_by_role("button", name="Save", exact=True).dblclick()
    expect(page.get_by_text("Is it one of these?")).to_be_visible()
    expect(page.get_by_text("Grace Hoper", exact=False).first).to_be_visible()
    expect(page.get_by_role("link", name="Open", exact=True)).to_be_visible()
    page.get_by_label("Contact").press("Enter")
    page.get_by_role("button", name="Check again").click()
    expect(page.get_by_role("button", name="Register anyway", exact=True)).to_be_enabled()
    assert set(everyone(shop)) == {"C-1"}
    page.get_by_role("button", name="Register anyway", exact=True).click()
    until(lambda: set(everyone(shop)), lambda ids: ids == {"C-1", "N-1"})
