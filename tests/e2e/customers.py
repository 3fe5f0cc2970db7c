"""What the stories on the customers page have in common."""

from typing import Any

from playwright.sync_api import Page, expect

from kinso.models.accounts import COMMAND_LINE
from kinso.models.customers import Customer, CustomerDraft
from kinso.models.validation import parse
from kinso.repository.store import Store
from kinso.services.customers.editing import create_customer
from tests.e2e.grid import Grid, until


def add(store: Store, customer_id: str, **fields: Any) -> Customer:
    """Register a customer past the browser."""
    data = {"customer_name": f"Name of {customer_id}", "contact_info": f"{customer_id}@example.com", **fields}
    return create_customer(store, COMMAND_LINE, parse(CustomerDraft, {"customer_id": customer_id, **data}))


def open_customers(page: Page, address: str, query: str = "?sort=Customer+ID&order=Ascending") -> Grid:
    """Go to the customers page by its address, with names to type over; returns its grid when it is there."""
    page.goto(f"{address}/customers{query}&columns=Customer+name")
    grid = Grid(page)
    until(grid.columns, lambda found: "Customer ID" in found)
    return grid


def save(page: Page, changes: int) -> None:
    """Press Save as soon as the page counts so many changes."""
    word = "change" if changes == 1 else "changes"
    expect(page.get_by_role("button", name=f"{changes} unsaved {word}")).to_be_visible()
    press_save(page)


def press_save(page: Page) -> None:
    """Press Save above the grid."""
    page.locator(".st-key-save_changes").get_by_role("button").click()


def act(page: Page, action: str) -> None:
    """Choose from the menu of actions."""
    page.get_by_role("button", name="Actions").click()
    page.get_by_role("menuitem", name=action).or_(page.get_by_role("option", name=action)).click()
