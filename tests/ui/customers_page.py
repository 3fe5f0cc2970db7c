"""What a person does on the customers page, for tests that drive it by AppTest."""

from typing import Any

from streamlit.testing.v1 import AppTest

from kinso.models.accounts import COMMAND_LINE
from kinso.models.customers import Customer, CustomerPatch
from kinso.models.validation import parse
from kinso.repository.store import Store
from kinso.services.customers.editing import delete_customer, update_customer
from kinso.ui.customers.page_state import PageSession, grid_key


def session_of(page: AppTest) -> PageSession:
    """What the page keeps for its person."""
    return page.session_state["customers_page"]


def bulk_of(page: AppTest) -> Any:
    """What the session keeps of bulk changes."""
    return page.session_state["run_panels"]["bulk"]


def type_over(page: AppTest, customer_id: str, **values: Any) -> AppTest:
    """Type into the cells of a row, on top of what was typed before; columns go by their stored names."""
    grid = session_of(page).grid
    place = [row.base.customer_id for row in grid.rows].index(customer_id)
    key = grid_key(grid)
    edited = dict(page.session_state[key]["edited_rows"])
    edited[place] = {**edited.get(place, {}), **values}
    page.session_state[key] = {"edited_rows": edited, "added_rows": [], "deleted_rows": []}
    return page.run()


def tick(page: AppTest, *customer_ids: str) -> AppTest:
    """Select rows."""
    for customer_id in customer_ids:
        type_over(page, customer_id, selected=True)
    return page


def shown(page: AppTest, column: str = "customerId") -> list[Any]:
    """A column of the grid, with what was typed over it."""
    values = page.dataframe[0].value[column].tolist()
    grid = session_of(page).grid
    key = grid_key(grid)
    edited = page.session_state[key]["edited_rows"] if key in page.session_state else {}
    return [edited.get(place, {}).get(column, value) for place, value in enumerate(values)]


def act(page: AppTest, action: str) -> AppTest:
    """Choose from the menu of actions."""
    return page.menu_button[0].click(action).run()


def press(page: AppTest, key: str) -> AppTest:
    """Press the button with this key."""
    return page.button(key=key).click().run()


def someone_changes(store: Store, customer: Customer, fields: dict[str, Any]) -> None:
    """Somebody else saves other values of a customer, by stored names."""
    update_customer(store, COMMAND_LINE, customer.id, parse(CustomerPatch, fields))


def someone_deletes(store: Store, customer: Customer) -> None:
    """Somebody else deletes a customer."""
    delete_customer(store, COMMAND_LINE, customer.id)


def texts(page: AppTest) -> str:
    """Everything that the page says in running text and in links."""
    kinds = (page.markdown, page.text, page.caption, page.error, page.warning, page.info, page.subheader)
    links = (link.proto.label for link in page.get("page_link"))
    return "\n".join([*(str(element.value) for kind in kinds for element in kind), *links])


def button_keys(page: AppTest) -> set[str]:
    """The keys of all buttons on the page."""
    return {button.key for button in page.button if button.key}
