"""Deleting and erasing from the page of a customer: what the dialogs say and do."""

import pytest

from kinso.models.accounts import Role
from kinso.models.customers import CustomerQuery
from kinso.models.shop import ShopSettings
from tests.ui.customers_page import button_keys, press, session_of, texts, type_over


@pytest.fixture
def ada(add_customer):
    return add_customer("A-1", customer_name="Ada", contact_info="ada@shop.com", purchase_amount=100)


@pytest.fixture
def details(open_page, ada):
    return lambda role=Role.MANAGER: open_page("customer", role, id=ada.id)


def question_of(page):
    return page.session_state["customer_card"].question


def confirm(page, typed):
    page.text_input(key=question_of(page).key).set_value(typed)
    return press(page, "erasure_confirm")


def test_the_question_before_deleting_tells_of_the_trash(details, store, ada):
    store.shop.save(ShopSettings(trash_days=7))
    page = press(details(), "delete_customer")
    assert "go to the trash with their history, and can be restored from there for 7 days" in texts(page)
    assert "They leave the numbers of customers and members, and their \\$100\\.00 the total of" in texts(page)
    assert "What they bought stays in the revenue." in texts(page)
    press(page, "deletion_confirm")
    assert store.customers.get(ada.id) is None
    assert [item.customer.customer_name for item in store.trash.latest(limit=5)] == ["Ada"]


@pytest.mark.parametrize(("role", "offered"), [(Role.STAFF, False), (Role.MANAGER, True)])
def test_only_managers_and_administrators_are_offered_to_erase(details, ada, role, offered):
    assert ("erase_person" in button_keys(details(role))) is offered


def test_a_person_is_erased_when_the_id_is_typed(details, store, ada, toasts):
    page = press(details(), "erase_person")
    assert "This cannot be undone" in texts(page)
    confirm(page, "A-1")
    assert not page.exception
    erased = store.customers.get(ada.id)
    assert (erased.customer_id, erased.customer_name, erased.purchase_amount) == (f"erased-{ada.id}", "(erased)", 100)
    assert "erased for good" in toasts(page)[0]
    assert question_of(page) is None
    assert page.title[0].value == "\\(erased\\)"


def test_another_text_erases_nobody(details, store, ada):
    page = confirm(press(details(), "erase_person"), "A-2")
    assert "This is not the customer ID; nothing was erased." in texts(page)
    assert store.customers.get(ada.id) == ada
    press(page, "erasure_keep")
    assert question_of(page) is None


def test_what_was_typed_into_the_list_for_others_waits_there(open_page, store, add_customer, ada):
    add_customer("B-1", customer_name="Bea")
    page = type_over(open_page("customers"), "B-1", customerName="Bee")
    page.query_params["id"] = ada.id
    page.switch_page("../../pages/customer.py").run()
    confirm(press(page, "erase_person"), "A-1")
    page.switch_page("../../pages/customers.py").run()
    assert session_of(page).pending_count == 1
    press(page, "save_changes")
    assert {customer.customer_name for customer in store.customers.iterate(CustomerQuery())} == {"(erased)", "Bee"}


def test_a_role_taken_away_meanwhile_erases_nobody(details, store, ada):
    page = press(details(), "erase_person")
    (user,) = store.users.all()
    store.users.update(user.id, role=Role.STAFF.value)
    confirm(page, "A-1")
    assert store.customers.get(ada.id) == ada
