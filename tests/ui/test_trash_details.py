"""Deleting and erasing from the details of a customer: what the dialogs say and do."""

import pytest

from kinso.models.shop import ShopSettings
from kinso.models.user import Role
from tests.ui.customers_page import act, button_keys, desk_of, press, shown, texts, tick, type_over


@pytest.fixture
def ada(add_customer):
    return add_customer("A-1", customer_name="Ada", contact_info="ada@shop.com", purchase_amount=100)


def details(open_page, role=Role.MANAGER):
    return act(tick(open_page("customers", role), "A-1"), "details")


def confirm(page, typed):
    page.text_input(key=desk_of(page).question.key).set_value(typed)
    return press(page, "erasure_confirm")


def test_the_question_before_deleting_tells_of_the_trash(open_page, store, ada):
    store.shop.save(ShopSettings(trash_days=7))
    page = press(details(open_page), "details_delete")
    assert "go to the trash with their history, and can be restored from there for 7 days" in texts(page)
    press(page, "deletion_confirm")
    assert store.customers.get(ada.id) is None
    assert [item.customer.customer_name for item in store.trash.latest(limit=5)] == ["Ada"]


@pytest.mark.parametrize(("role", "offered"), [(Role.STAFF, False), (Role.MANAGER, True), (Role.ADMIN, True)])
def test_only_managers_and_administrators_are_offered_to_erase(open_page, ada, role, offered):
    assert ("details_erase" in button_keys(details(open_page, role))) is offered


def test_a_person_is_erased_when_the_id_is_typed(open_page, store, ada, toasts):
    page = press(details(open_page), "details_erase")
    assert "This cannot be undone" in texts(page)
    confirm(page, "A-1")
    assert not page.exception
    erased = store.customers.get(ada.id)
    assert (erased.customer_id, erased.customer_name, erased.purchase_amount) == (f"erased-{ada.id}", "(erased)", 100)
    assert "erased for good" in toasts(page)[0]
    assert desk_of(page).question is None
    assert shown(page, "customerName") == ["(erased)"]


def test_another_text_erases_nobody(open_page, store, ada):
    page = confirm(press(details(open_page), "details_erase"), "A-2")
    assert "This is not the customer ID; nothing was erased." in texts(page)
    assert store.customers.get(ada.id) == ada
    press(page, "erasure_keep")
    assert desk_of(page).question is None


def test_what_was_typed_over_an_erased_person_is_given_up_and_the_rest_stays(open_page, store, add_customer, ada):
    add_customer("B-1", customer_name="Bea")
    page = type_over(type_over(open_page("customers"), "A-1", customerName="Ada King"), "B-1", customerName="Bee")
    act(tick(page, "A-1"), "details")
    confirm(press(page, "details_erase"), "A-1")
    assert desk_of(page).pending_count == 1
    assert set(shown(page, "customerName")) == {"(erased)", "Bee"}


def test_a_role_taken_away_meanwhile_erases_nobody(open_page, store, ada):
    page = press(details(open_page), "details_erase")
    (user,) = store.users.all()
    store.users.update(user.id, role=Role.STAFF.value)
    confirm(page, "A-1")
    assert store.customers.get(ada.id) == ada
