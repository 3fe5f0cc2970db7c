"""The page of one customer: what it tells, and editing, deciding on membership, deleting from it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from kinso.models.accounts import Role
from kinso.models.customers import CustomerDraft
from kinso.models.purchases import PurchaseDraft
from kinso.models.shop import ShopSettings
from kinso.repository.documents import now
from kinso.services.customers.editing import create_customer, delete_customer, set_membership
from kinso.services.purchases.recording import record_sale
from tests.support.ledger import enter_purchase
from tests.ui.customers_page import (
    act,
    button_keys,
    press,
    session_of,
    someone_changes,
    someone_deletes,
    texts,
    tick,
    type_over,
)


@pytest.fixture
def ada(store, staff):
    draft = CustomerDraft(
        customer_id="C-1", customer_name="Ada Lovelace", contact_info="ada@example.com", purchase_amount=100
    )
    return create_customer(store, staff, draft)


@pytest.fixture
def open_customer(open_page, ada):
    return lambda role=Role.MANAGER, customer=ada: open_page("customer", role, id=customer.id)


def said(page):
    words = [*(metric.value for metric in page.metric), *(title.value for title in page.title), texts(page)]
    return "\n".join(words).replace("\\", "").replace("\u2068", "").replace("\u2069", "")


def links(page):
    return [element.proto.page + "?" + element.proto.query_string for element in page.get("page_link")]


class TestWhatIsTold:
    @pytest.mark.parametrize("role", [Role.ANALYST, Role.STAFF, Role.MANAGER])
    def test_everyone_reads_the_facts_and_is_offered_what_the_role_allows(self, open_customer, role):
        page = open_customer(role)
        assert not page.exception
        assert "Ada Lovelace" in said(page)
        assert "C-1" in said(page)
        assert "$100.00" in said(page)
        offered = {
            "record_purchase": Role.STAFF,
            "refund_purchase": Role.STAFF,
            "edit_customer": Role.STAFF,
            "change_membership": Role.STAFF,
            "delete_customer": Role.MANAGER,
            "erase_person": Role.MANAGER,
        }
        order = list(Role)
        allowed = {key for key, least in offered.items() if order.index(role) >= order.index(least)}
        assert offered.keys() & button_keys(page) == allowed

    @pytest.mark.parametrize("id", ["", "nonsense", "0123456789abcdef01234567", "{'$gt': ''}"])
    def test_an_address_that_leads_to_nobody_says_so_and_shows_the_way_on(self, open_page, application, id):
        page = open_page("customer", Role.STAFF, id=id)
        assert not page.exception
        assert "There is no such customer" in texts(page)
        assert any("customers" in link for link in links(page))

    def test_what_is_missing_to_membership(self, open_customer, store):
        store.shop.save(ShopSettings(threshold=Decimal("253.20"), currency="BDT"))
        told = said(open_customer(Role.ANALYST))
        assert "**৳153.20 to go.** Spent ৳100.00 in all; the threshold is ৳253.20." in told

    def test_only_a_year_counts_where_the_shop_says_so(self, open_customer, store, ada):
        store.shop.save(ShopSettings(threshold=Decimal(50), threshold_basis="last-12-months"))
        enter_purchase(store, ada, Decimal(20), now() - timedelta(days=30))
        enter_purchase(store, ada, Decimal(500), now() - timedelta(days=500))
        told = said(open_customer(Role.ANALYST))
        assert "**$30.00 to go.** Spent $20.00 in the last 12 months; the threshold is $50.00." in told

    def test_who_spent_enough_is_eligible(self, open_customer, store):
        store.shop.save(ShopSettings(threshold=Decimal(100)))
        assert "**Eligible.** Spent $100.00 in all" in said(open_customer(Role.ANALYST))

    def test_who_was_made_a_non_member_is_on_hold(self, open_customer, store, manager, ada):
        set_membership(store, manager, ada.id, membership_status=True)
        set_membership(store, manager, ada.id, membership_status=False)
        told = said(open_customer(Role.ANALYST))
        assert "**Not a member any more.**" in told
        assert "Made a non-member by Manager Person on" in told

    def test_a_purchase_that_made_a_member_is_the_reason(self, open_customer, store, staff, ada):
        store.shop.save(ShopSettings(threshold=Decimal(150), activate_on_purchase=True))
        record_sale(store, staff, ada.id, PurchaseDraft(sale_id="S-1", amount=60))
        told = said(open_customer(Role.ANALYST))
        assert "**Member since" in told
        assert (
            "Reached the membership threshold by a purchase that Staff Person recorded: "
            "Sale S-1 brought the total to 160.00; the threshold was 150.00." in told
        )

    def test_unsaved_changes_in_the_list_are_mentioned(self, open_page, ada):
        page = type_over(open_page("customers", Role.STAFF), "C-1", customerName="Typed")
        act(tick(page, "C-1"), "details")
        assert "1 unsaved change of yours in the list of customers." in said(page)
        assert session_of(page).pending_count == 1


class TestEditing:
    def edit(self, page, **values):
        editing = page.session_state["customer_card"].question
        for name, value in values.items():
            page.get_by_key(editing.key(name)).set_value(value)
        return press(page, "editing_save")

    def test_everything_can_be_changed(self, open_customer, store, toasts, ada):
        page = press(open_customer(Role.STAFF), "edit_customer")
        self.edit(
            page,
            customerId="A-1",
            customerName="Ada King",
            contactInfo="ada@king.com",
            purchaseAmount=1.5,
            membershipStatus=True,
        )
        stored = store.customers.get(ada.id)
        assert (stored.customer_id, stored.customer_name, stored.contact_info) == ("A-1", "Ada King", "ada@king.com")
        assert (stored.purchase_amount, stored.membership_status) == (Decimal("1.50"), True)
        assert toasts(page) == ["Saved 5 changes of Ada King (A\\-1)."]
        assert page.session_state["customer_card"].question is None
        assert "Ada King" in said(page)

    def test_a_lower_amount_that_leaves_a_member_below_the_threshold_is_told(self, open_customer, store, toasts, ada):
        someone_changes(store, ada, {"membershipStatus": True})
        page = self.edit(press(open_customer(Role.STAFF), "edit_customer"), purchaseAmount=1.5)
        assert [toast.replace("\\", "") for toast in toasts(page)] == [
            "Saved 1 change of Ada Lovelace (C-1).",
            "Ada Lovelace (C-1) is still a member, $1.50 of $1,000.00.",
        ]

    def test_a_bad_field_is_named_beside_it_and_keeps_what_was_typed(self, open_customer, store, add_customer, ada):
        add_customer("C-2")
        page = press(open_customer(Role.STAFF), "edit_customer")
        self.edit(page, contactInfo="abc", customerId="C-2")
        editing = page.session_state["customer_card"].question
        assert page.text_input(key=editing.key("contactInfo")).value == "abc"
        wrong = [text.value for text in page.markdown if ":red[" in text.value]
        assert ["Contact is too short" in wrong[0], "is already taken" in wrong[1]] == [True, True]
        assert store.customers.get(ada.id) == ada

    def test_what_was_not_touched_is_never_written_over_what_a_colleague_saved(self, open_customer, store, toasts, ada):
        page = press(open_customer(Role.STAFF), "edit_customer")
        someone_changes(store, ada, {"purchaseAmount": 444.0})
        self.edit(page, customerName="Ada King", contactInfo="x")
        assert toasts(page)[0] == "Saved 1 change of Ada King (C\\-1)."
        editing = page.session_state["customer_card"].question
        assert page.number_input(key=editing.key("purchaseAmount")).value == 444.0
        self.edit(page, contactInfo="ada@king.com")
        assert toasts(page)[-1] == "Saved 1 change of Ada King (C\\-1)."
        stored = store.customers.get(ada.id)
        assert (stored.customer_name, stored.contact_info) == ("Ada King", "ada@king.com")
        assert stored.purchase_amount == Decimal("444.00")

    def test_cancelling_changes_nothing(self, open_customer, store, ada):
        page = press(press(open_customer(Role.STAFF), "edit_customer"), "editing_cancel")
        assert page.session_state["customer_card"].question is None
        assert store.customers.get(ada.id) == ada

    @pytest.mark.parametrize(("choice", "name"), [("Use mine", "Mine"), ("Keep theirs", "Theirs")])
    def test_a_conflict_is_decided_like_in_the_list(self, open_customer, store, ada, choice, name):
        page = press(open_customer(Role.STAFF), "edit_customer")
        someone_changes(store, ada, {"customerName": "Theirs"})
        self.edit(page, customerName="Mine", contactInfo="new@example.com")
        assert {"Ada Lovelace", "Theirs", "Mine"} <= {text.value for text in page.text}
        serial = page.session_state["customer_card"].question.serial
        page.segmented_control(key=f"conflict_{serial}_0").set_value(choice).run()
        press(page, "conflicts_apply")
        stored = store.customers.get(ada.id)
        assert (stored.customer_name, stored.contact_info) == (name, "new@example.com")
        assert page.session_state["customer_card"].question is None

    def test_a_customer_deleted_meanwhile_is_told(self, open_customer, store, toasts, ada):
        page = press(open_customer(Role.STAFF), "edit_customer")
        someone_deletes(store, ada)
        self.edit(page, customerName="Ada King")
        assert "was deleted by someone else meanwhile; nothing was saved." in toasts(page)[-1]
        assert "was deleted" in said(page)


class TestMembership:
    def test_it_is_changed_after_a_question(self, open_customer, store, toasts, ada):
        page = press(open_customer(Role.STAFF), "change_membership")
        assert store.customers.get(ada.id) == ada
        press(page, "membership_confirm")
        assert store.customers.get(ada.id).membership_status is True
        assert "is a member now" in toasts(page)[0]
        press(page, "change_membership")
        assert "the threshold does not make them one again" in said(page)
        press(page, "membership_confirm")
        assert store.customers.get(ada.id).excluded is True

    def test_what_someone_else_changed_meanwhile_is_not_decided_over(self, open_customer, store, toasts, ada):
        page = press(open_customer(Role.STAFF), "change_membership")
        someone_changes(store, ada, {"purchaseAmount": 1})
        press(page, "membership_confirm")
        assert store.customers.get(ada.id).membership_status is False
        assert "was changed by someone else meanwhile" in toasts(page)[0]


class TestDeleting:
    def test_a_deleted_customer_is_told_and_restored(self, open_customer, store, toasts, ada):
        page = press(open_customer(Role.MANAGER), "delete_customer")
        assert "Ada Lovelace (C-1)" in said(page)
        press(page, "deletion_confirm")
        assert store.customers.get(ada.id) is None
        assert "Ada Lovelace (C-1) was deleted" in said(page)
        press(page, "customer_restore")
        assert store.customers.get(ada.id).customer_name == "Ada Lovelace"
        assert "$100.00" in said(page)

    def test_who_may_not_restore_is_not_offered_to(self, open_customer, store, manager, ada):
        delete_customer(store, manager, ada.id)
        page = open_customer(Role.STAFF)
        assert "was deleted" in said(page)
        assert "A manager can restore deleted customers from the trash." in said(page)
        assert "customer_restore" not in button_keys(page)

    def test_one_who_was_changed_meanwhile_is_kept(self, open_customer, store, toasts, ada):
        page = press(open_customer(Role.MANAGER), "delete_customer")
        someone_changes(store, ada, {"customerName": "Ada King"})
        press(page, "deletion_confirm")
        assert store.customers.get(ada.id).customer_name == "Ada King"
        assert "not deleted" in toasts(page)[0]

    def test_an_id_that_was_given_away_is_named(self, open_customer, store, manager, add_customer, toasts, ada):
        delete_customer(store, manager, ada.id)
        add_customer("C-1")
        press(open_customer(Role.MANAGER), "customer_restore")
        assert store.customers.get(ada.id) is None
