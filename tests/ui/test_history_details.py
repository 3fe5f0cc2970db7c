"""The history and the membership of one customer, on their page."""

from decimal import Decimal

import pytest

from kinso.models.accounts import Role
from kinso.models.customers import CustomerDraft, CustomerPatch
from kinso.services.customers.editing import create_customer, set_membership, update_customer
from kinso.services.history.undo import revert_change
from kinso.services.membership.activation import activate_at_threshold
from tests.ui.customers_page import button_keys, press, session_of, shown, texts, type_over


@pytest.fixture
def ada(store, staff):
    draft = CustomerDraft(customer_id="A-1", customer_name="Ada", contact_info="ada@shop.com", purchase_amount=1250)
    return create_customer(store, staff, draft)


def open_history(open_page, role, customer):
    page = open_page("customer", role, id=customer.id)
    page.session_state["customer_tab"] = "History"
    return page.run()


def open_membership(open_page, role, customer):
    return open_page("customer", role, id=customer.id)


def said(page):
    return texts(page).replace("\\", "").replace("\u2068", "").replace("\u2069", "")


def latest(store, customer):
    return store.changes.of_customer(customer.id, limit=1)[0]


class TestHistory:
    def test_the_latest_changes_are_told_from_old_to_new(self, open_page, store, staff, ada):
        update_customer(store, staff, ada.id, CustomerPatch(customer_name="Ada Byron", purchase_amount=7))
        page = open_history(open_page, Role.ANALYST, ada)
        assert "Customer name: Ada → Ada Byron; Total spent: $1,250.00 → $7.00" in said(page)
        assert "Registered: Ada, ada@shop.com, $1,250.00, Non-member" in said(page)
        assert "Staff Person · App" in said(page)

    def test_a_button_leads_to_all_of_them(self, open_page, store, staff, ada):
        for amount in range(12):
            update_customer(store, staff, ada.id, CustomerPatch(purchase_amount=amount))
        page = open_history(open_page, Role.ANALYST, ada)
        assert "The latest 10 of 13 changes." in said(page)
        press(page, "all_changes")
        assert page.title[0].value == "History"
        assert page.query_params["of"] == ada.id
        assert "1–13 of 13 changes" in said(page)

    def test_an_analyst_takes_nothing_back(self, open_page, ada):
        keys = button_keys(open_history(open_page, Role.ANALYST, ada))
        assert not [key for key in keys if key.startswith("undo_")]

    def test_a_change_is_undone_after_a_question_and_the_page_shows_it(self, open_page, store, staff, ada, toasts):
        update_customer(store, staff, ada.id, CustomerPatch(customer_name="Bea"))
        page = open_history(open_page, Role.STAFF, ada)
        press(page, f"undo_{latest(store, ada).id}")
        assert "Ada → Bea" in said(page)
        assert store.customers.get(ada.id).customer_name == "Bea"
        press(page, "undoing_confirm")
        assert store.customers.get(ada.id).customer_name == "Ada"
        assert "was undone" in toasts(page)[0]
        assert page.title[0].value == "Ada"
        assert "Customer name: Bea → Ada" in said(page)

    def test_what_was_typed_into_the_grid_stays(self, open_page, store, staff, ada):
        update_customer(store, staff, ada.id, CustomerPatch(customer_name="Bea"))
        page = type_over(open_page("customers", Role.STAFF, id=ada.id), "A-1", contactInfo="new@shop.com")
        page.session_state["customer_tab"] = "History"
        page.query_params["id"] = ada.id
        page.switch_page("../../pages/customer.py").run()
        press(press(page, f"undo_{latest(store, ada).id}"), "undoing_confirm")
        page.switch_page("../../pages/customers.py").run()
        press(page, "refresh_rows")
        assert session_of(page).pending_count == 1
        assert shown(page, "contactInfo") == ["new@shop.com"]
        assert shown(page, "customerName") == ["Ada"]

    def test_a_refusal_is_said_in_place_and_can_be_left(self, open_page, store, staff, ada):
        update_customer(store, staff, ada.id, CustomerPatch(customer_name="Bea"))
        change = latest(store, ada)
        page = press(open_history(open_page, Role.STAFF, ada), f"undo_{change.id}")
        update_customer(store, staff, ada.id, CustomerPatch(customer_name="Cara"))
        press(page, "undoing_confirm")
        assert "customer name changed again since" in page.error[0].value
        press(page, "undoing_keep")
        assert not page.error
        assert f"undo_{change.id}" in button_keys(page)

    def test_taking_the_registration_back_tells_of_the_deletion(self, open_page, store, ada):
        page = press(open_history(open_page, Role.MANAGER, ada), f"undo_{latest(store, ada).id}")
        press(page, "undoing_confirm")
        assert not page.exception
        assert store.customers.get(ada.id) is None
        assert "Ada (A-1) was deleted" in said(page)


class TestMembership:
    def test_a_rule_is_told_with_its_threshold_and_the_amount_then(self, open_page, store, staff, ada):
        activate_at_threshold(store, staff, 1000)
        update_customer(store, staff, ada.id, CustomerPatch(purchase_amount=5))
        told = said(open_membership(open_page, Role.ANALYST, ada))
        assert "**Member since" in told
        assert "membership threshold of $1,000.00 with purchases of $1,250.00; activated by Staff Person." in told

    def test_a_person_is_named(self, open_page, store, manager, ada):
        set_membership(store, manager, ada.id, membership_status=True)
        told = said(open_membership(open_page, Role.STAFF, ada))
        assert "Made a member by Manager Person, with purchases of $1,250.00." in told

    def test_who_was_made_a_non_member_is_told_to_stay_one(self, open_page, store, staff, manager, ada):
        activate_at_threshold(store, staff, 1000)
        set_membership(store, manager, ada.id, membership_status=False)
        told = said(open_membership(open_page, Role.STAFF, ada))
        assert "**Not a member**" in told
        assert "Made a non-member by Manager Person on" in told
        assert "the threshold does not activate them again." in told
        assert open_membership(open_page, Role.STAFF, ada).expander[0].label == "Earlier memberships: 1"
        assert "activated by Staff Person. Ended by Manager Person." in told

    def test_who_ceased_by_an_undo_is_not_excluded(self, open_page, store, staff, manager, ada):
        set_membership(store, staff, ada.id, membership_status=True)
        revert_change(store, manager, latest(store, ada).id)
        told = said(open_membership(open_page, Role.STAFF, ada))
        assert "Ended by Manager Person on" in told
        assert "does not activate" not in told

    def test_who_never_was_one(self, open_page, ada):
        assert "Never was one, as far as is recorded." in said(open_membership(open_page, Role.STAFF, ada))

    def test_a_member_without_a_record_is_one_all_the_same(self, open_page, add_customer):
        ada = add_customer("X-1", membership_status=True)
        assert "Since before Kinso kept records" in said(open_membership(open_page, Role.STAFF, ada))

    def test_a_member_who_was_taken_over_is_told_so(self, open_page, store, add_customer):
        ada = add_customer("X-1", membership_status=True, purchase_amount=Decimal(30))
        begun = {"basis": "adopted", "byName": "An earlier application", "amount": 30.0}
        store.connection.database["memberships"].insert_one(
            {"customer": ada.id, "from": ada.created_at, "to": None, "open": True, "begun": begun}
        )
        told = said(open_membership(open_page, Role.STAFF, ada))
        assert "Was a member already when Kinso took the customers over, with purchases of $30.00." in told
