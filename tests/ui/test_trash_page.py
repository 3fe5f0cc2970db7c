"""The trash page: what is listed, restoring several at once, erasing a person; for every role."""

from datetime import timedelta

import pytest

from kinso.models.accounts import PERMISSIONS, Permission, Role
from kinso.models.customers import CustomerDraft, CustomerQuery
from kinso.models.shop import ShopSettings
from kinso.repository.documents import now
from kinso.services.customers.editing import delete_customer
from kinso.services.history.trash import restore_customers
from kinso.ui.history.trash import SELECTED, table_key
from tests.ui.customers_page import button_keys, press, texts


@pytest.fixture
def deleted(store, manager, add_customer):
    """Three customers who were deleted one after the other."""
    customers = [
        add_customer("A-1", customer_name="Ada", purchase_amount=100, membership_status=True),
        add_customer("B-1", customer_name="Bea"),
        add_customer("C-1", customer_name="<b>Cy</b>"),
    ]
    for customer in customers:
        delete_customer(store, manager, customer.id)
    return customers


def shown(page):
    return page.dataframe[0].value


def tick(page, store, *customer_ids):
    items = store.trash.latest(limit=1000)
    places = [place for place, item in enumerate(items) if item.customer.customer_id in customer_ids]
    assert len(places) == len(customer_ids)
    page.session_state[table_key(items)] = {
        "edited_rows": {place: {SELECTED: True} for place in places},
        "added_rows": [],
        "deleted_rows": [],
    }
    return page.run()


def present(store):
    return sorted(customer.customer_id for customer in store.customers.iterate(CustomerQuery()))


def test_the_last_deleted_come_first_with_who_deleted_them(open_page, deleted):
    table = shown(open_page("trash", Role.MANAGER))
    assert list(table["Customer ID"]) == ["C-1", "B-1", "A-1"]
    assert list(table["Customer name"]) == ["<b>Cy</b>", "Bea", "Ada"]
    assert set(table["Deleted by"]) == {"Manager Person"}
    assert list(table["Membership"]) == ["Non-member", "Non-member", "Member"]
    assert list(table["Total spent"])[-1] == 100.0


def test_the_days_that_are_left_follow_the_setting(open_page, store, deleted):
    store.shop.save(ShopSettings(trash_days=12))
    for customer, age in zip(deleted, (0, 11.5, 13), strict=True):
        at = now() - timedelta(days=age)
        trash = store.connection.database["trash"]
        trash.update_one({"customer.customerId": customer.customer_id}, {"$set": {"deletedAt": at}})
    page = open_page("trash")
    left = dict(zip(shown(page)["Customer ID"], shown(page)["Removed for good"], strict=True))
    assert left == {"A-1": "in 12 days", "B-1": "within a day", "C-1": "within the hour"}
    assert "kept here for 12 days" in texts(page)


def test_an_empty_trash_says_what_it_is_for(open_page, store):
    page = open_page("trash")
    assert "The trash is empty" in texts(page)
    assert "stay here for 30 days" in texts(page)
    assert "trash_restore" not in button_keys(page)


def test_nothing_can_be_pressed_before_something_is_ticked(open_page, store, deleted):
    page = open_page("trash")
    assert page.button(key="trash_restore").disabled
    assert page.button(key="trash_erase").disabled
    tick(page, store, "A-1", "B-1")
    assert page.button(key="trash_restore").label == "Restore 2 customers"
    assert page.button(key="trash_erase").disabled
    tick(page, store, "A-1")
    assert not page.button(key="trash_erase").disabled


def test_an_administrator_decides_for_how_long_deleted_customers_are_kept(open_page, store):
    page = open_page("settings", Role.ADMIN)
    assert page.number_input(key="shop_trash_days").value == 30
    page.number_input(key="shop_trash_days").set_value(7)
    next(button for button in page.button if button.label == "Save settings").click().run()
    assert store.shop.get() == ShopSettings(trash_days=7)
    assert "stay here for 7 days" in texts(open_page("trash"))


class TestRestoring:
    def test_brings_several_back_as_they_were(self, open_page, store, deleted, toasts):
        page = press(tick(open_page("trash", Role.MANAGER), store, "A-1", "C-1"), "trash_restore")
        assert present(store) == ["A-1", "C-1"]
        ada = store.customers.get(deleted[0].id)
        assert (ada.customer_name, ada.membership_status, ada.created_at) == ("Ada", True, deleted[0].created_at)
        assert toasts(page) == ["2 customers restored."]
        assert list(shown(page)["Customer ID"]) == ["B-1"]
        assert page.button(key="trash_restore").disabled

    def test_is_all_or_nothing_and_names_the_taken_id(self, open_page, store, deleted, add_customer):
        add_customer("a-1")
        page = press(tick(open_page("trash"), store, "A-1", "B-1"), "trash_restore")
        refusal = page.error[0].value.replace("\\", "")
        assert "Nobody was restored" in refusal
        assert "A-1" in refusal
        assert present(store) == ["a-1"]
        tick(page, store, "B-1")
        assert not page.error
        press(page, "trash_restore")
        assert present(store) == ["B-1", "a-1"]

    def test_says_when_a_colleague_was_quicker(self, open_page, store, manager, deleted):
        page = tick(open_page("trash"), store, "A-1", "B-1")
        restore_customers(store, manager, [deleted[0].id])
        press(page, "trash_restore")
        assert present(store) == ["A-1"]
        assert list(shown(page)["Customer ID"]) == ["C-1", "B-1"]

    def test_ticks_never_move_to_another_customer(self, open_page, store, manager, add_customer, deleted):
        page = tick(open_page("trash"), store, "C-1")
        delete_customer(store, manager, add_customer("D-1").id)
        page.run()
        assert list(shown(page)["Customer ID"]) == ["D-1", "C-1", "B-1", "A-1"]
        assert page.button(key="trash_restore").disabled

    def test_needs_the_permission_at_that_moment(self, open_page, store, deleted):
        page = tick(open_page("trash"), store, "A-1")
        (user,) = store.users.all()
        store.users.update(user.id, role=Role.STAFF.value)
        press(page, "trash_restore")
        assert present(store) == []


class TestErasing:
    def ask(self, open_page, store, customer_id):
        return press(tick(open_page("trash"), store, customer_id), "trash_erase")

    def confirm(self, page, typed):
        key = page.session_state["erasing"].key
        page.text_input(key=key).set_value(typed)
        return press(page, "erasure_confirm")

    def test_removes_the_person_and_keeps_the_figures(self, open_page, store, deleted, toasts):
        page = self.confirm(self.ask(open_page, store, "A-1"), " a-1 ")
        assert "erased for good" in toasts(page)[0]
        (ada,) = [item.customer for item in store.trash.latest(limit=10) if item.id == deleted[0].id]
        assert (ada.customer_name, ada.purchase_amount, ada.membership_status) == ("(erased)", 100, True)
        assert "Ada" not in list(shown(page)["Customer name"])
        assert "erasure_confirm" not in button_keys(page)

    @pytest.mark.parametrize("typed", ["", "A-", "B-1", "Ada"])
    def test_wants_the_customer_id_typed(self, open_page, store, deleted, typed):
        page = self.confirm(self.ask(open_page, store, "A-1"), typed)
        assert "This is not the customer ID; nothing was erased." in texts(page)
        assert "erasure_confirm" in button_keys(page)
        assert "Ada" in [item.customer.customer_name for item in store.trash.latest(limit=10)]

    def test_can_be_thought_over(self, open_page, store, deleted):
        page = press(self.ask(open_page, store, "A-1"), "erasure_keep")
        assert "erasure_confirm" not in button_keys(page)
        assert "Ada" in [item.customer.customer_name for item in store.trash.latest(limit=10)]

    def test_is_not_offered_without_the_permission(self, open_page, store, deleted, monkeypatch):
        monkeypatch.setitem(PERMISSIONS, Role.MANAGER, PERMISSIONS[Role.MANAGER] - {Permission.ERASE})
        assert "trash_erase" not in button_keys(open_page("trash"))


def test_of_a_very_full_trash_the_last_deleted_are_shown(open_page, store, manager):
    drafts = [CustomerDraft(customer_id=f"X-{n}", customer_name="Same", contact_info="x@shop.com") for n in range(1001)]
    created = store.customers.insert_many(drafts, now())
    store.trash.throw_away([customer.id for customer in created], manager, now())
    page = open_page("trash")
    assert "The last 1,000 of 1,001 customers" in texts(page)
    assert len(shown(page)) == 1000
