"""Cells that are typed over: saved, left, changed by others at the same time, conflicting."""

from decimal import Decimal

import pytest

from kinso.models.accounts import Role
from kinso.services.application import ApplicationContext, use_application
from kinso.ui.feedback import FAILED
from tests.ui.customers_page import (
    button_keys,
    press,
    session_of,
    shown,
    someone_changes,
    someone_deletes,
    texts,
    tick,
    type_over,
)


class TestEditing:
    def test_nothing_can_be_saved_before_something_is_typed(self, open_page, ada):
        page = open_page("customers", Role.STAFF)
        assert not {"save_changes", "discard_changes"} & button_keys(page)
        tick(page, "C-1")
        assert "save_changes" not in button_keys(page)

    def test_cells_are_saved_together_and_counted(self, open_page, store, toasts, ada, bob):
        page = open_page("customers", Role.STAFF)
        type_over(page, "C-1", customerName="Ada King", purchaseAmount=250.5, membershipStatus=True)
        type_over(page, "C-2", customerId="B-2", contactInfo="+880 171 555")
        assert "5 unsaved changes" in [popover.proto.popover.label for popover in page.get("popover")]
        press(page, "save_changes")
        assert toasts(page) == ["Saved 5 changes of 2 customers."]
        saved = store.customers.get(ada.id)
        assert (saved.customer_name, saved.purchase_amount, saved.membership_status) == (
            "Ada King",
            Decimal("250.50"),
            True,
        )
        assert store.customers.get(bob.id).customer_id == "B-2"
        assert set(shown(page)) == {"C-1", "B-2"}
        assert "save_changes" not in button_keys(page)

    def test_the_change_is_recorded_under_the_name_of_who_made_it(self, open_page, store, ada):
        page = open_page("customers", Role.STAFF)
        press(type_over(page, "C-1", customerName="Ada King"), "save_changes")
        (change,) = store.changes.of_customer(ada.id, limit=5)
        assert (change.by_name, change.after) == ("Staff Person", {"customerName": "Ada King"})

    def test_what_was_typed_back_is_no_change(self, open_page, ada):
        page = type_over(open_page("customers", Role.STAFF), "C-1", customerName="Someone else", purchaseAmount=100)
        assert session_of(page).pending_count == 1
        type_over(page, "C-1", customerName="Ada Lovelace")
        assert session_of(page).pending_count == 0
        assert "save_changes" not in button_keys(page)

    def test_discarding_shows_what_is_stored(self, open_page, store, toasts, ada):
        page = type_over(open_page("customers", Role.STAFF), "C-1", customerName="Someone else")
        press(page, "discard_changes")
        assert toasts(page) == ["1 change discarded."]
        assert shown(page, "customerName") == ["Ada Lovelace"]
        assert store.customers.get(ada.id) == ada

    def test_a_bad_cell_is_named_and_stays_while_good_ones_are_saved(self, open_page, store, toasts, ada, bob):
        page = open_page("customers", Role.STAFF)
        type_over(page, "C-1", contactInfo="abc", customerName="Ada King")
        type_over(page, "C-2", customerName=None, purchaseAmount=-1)
        press(page, "save_changes")
        assert toasts(page) == [
            "Saved 1 change of Ada King (C\\-1).",
            "3 changes not saved; the reason is on the page.",
        ]
        said = page.error[0].value
        assert "C\\-1: Contact is too short; use at least 5 characters\\." in said
        assert "C\\-2: Customer name is required\\." in said
        assert "C\\-2: Total spent cannot be negative; enter 0 or more\\." in said
        assert store.customers.get(ada.id).customer_name == "Ada King"
        assert store.customers.get(bob.id) == bob
        assert session_of(page).pending_count == 3
        assert dict(zip(shown(page), shown(page, "contactInfo"), strict=True))["C-1"] == "abc"

        type_over(page, "C-1", contactInfo="ada@king.com")
        type_over(page, "C-2", customerName="Bob Bit", purchaseAmount=5)
        press(page, "save_changes")
        assert toasts(page) == ["Saved 3 changes of 2 customers."]
        assert not page.error
        assert store.customers.get(ada.id).contact_info == "ada@king.com"
        assert store.customers.get(bob.id).purchase_amount == Decimal("5.00")

    def test_an_id_of_another_customer_is_refused_in_any_letter_case(self, open_page, store, ada, bob):
        page = type_over(open_page("customers", Role.STAFF), "C-2", customerId="c-1", customerName="Bob Bit")
        press(page, "save_changes")
        assert "is already taken" in page.error[0].value
        assert store.customers.get(bob.id).customer_id == "C-2"
        assert store.customers.get(bob.id).customer_name == "Bob Bit"

    def test_an_edit_lands_on_its_customer_even_when_the_order_has_changed(self, open_page, store, add_customer, ada):
        page = type_over(open_page("customers", Role.STAFF), "C-1", customerName="Ada King")
        for number in range(5):
            add_customer(f"NEW-{number}")
        press(page, "save_changes")
        assert store.customers.get(ada.id).customer_name == "Ada King"
        assert [c.customer_name for c in store.customers.iterate(session_of(page).grid.view.query)].count(
            "Ada King"
        ) == 1

    def test_ticks_survive_a_save(self, open_page, ada, bob):
        page = tick(open_page("customers", Role.STAFF), "C-1")
        press(type_over(page, "C-2", customerName="Bob Bit"), "save_changes")
        assert [row.base.customer_id for row in session_of(page).grid.selection()] == ["C-1"]

    def test_whoever_lost_the_permission_meanwhile_saves_nothing_and_loses_nothing(self, open_page, store, toasts, ada):
        page = type_over(open_page("customers", Role.STAFF), "C-1", customerName="Ada King")
        for user in store.users.all():
            store.users.update(user.id, role=Role.ANALYST.value)
        press(page, "save_changes")
        assert "Your role (analyst) does not allow this" in toasts(page)[0]
        assert store.customers.get(ada.id) == ada
        assert session_of(page).pending_count == 1

    def test_nothing_typed_is_lost_while_the_database_is_away(self, open_page, store, settings, ada):
        page = type_over(open_page("customers", Role.STAFF), "C-1", customerName="Ada King")
        with use_application(ApplicationContext(settings, store)):
            page.run()
            assert page.exception
        page.session_state[FAILED] = True
        page.run()
        assert session_of(page).pending_count == 1
        assert shown(page, "customerName") == ["Ada King"]

    def test_a_save_that_the_database_missed_is_made_up_for(self, open_page, store, settings, toasts, ada):
        page = type_over(open_page("customers", Role.STAFF), "C-1", customerName="Ada King")
        with use_application(ApplicationContext(settings, store)):
            press(page, "save_changes")
            assert page.exception
        page.run()
        assert toasts(page) == ["Saved 1 change of Ada King (C\\-1)."]
        assert store.customers.get(ada.id).customer_name == "Ada King"

    def test_amounts_are_rounded_to_cents(self, open_page, store, ada):
        page = type_over(open_page("customers", Role.STAFF), "C-1", purchaseAmount=10.005)
        press(page, "save_changes")
        assert store.customers.get(ada.id).purchase_amount == Decimal("10.01")

    @pytest.mark.parametrize("name", ["<b>Bold</b> **stars** [a](b)", "محمد العلوي", "🦊 Foxy", "x" * 200, "a  b"])
    def test_names_are_saved_and_shown_as_typed(self, open_page, store, ada, name):
        page = type_over(open_page("customers", Role.STAFF), "C-1", customerName=name)
        press(page, "save_changes")
        assert shown(page, "customerName") == [name]
        assert store.customers.get(ada.id).customer_name == name


class TestLeaving:
    @pytest.fixture
    def page(self, open_page, add_customer):
        for number in range(30):
            add_customer(f"C-{number:02d}")
        page = open_page("customers", Role.STAFF, size="25", sort="Customer ID", order="Ascending")
        return type_over(page, "C-03", customerName="Typed")

    def test_another_page_is_not_shown_before_a_decision(self, page):
        page.pagination[0].set_value(2).run()
        assert "**1 change** in this list is not saved" in texts(page)
        assert shown(page)[0] == "C-00"
        assert session_of(page).pending_count == 1

    def test_staying_keeps_what_was_typed_and_the_page_number(self, page):
        page.pagination[0].set_value(2).run()
        press(page, "leaving_stay")
        assert page.pagination[0].value == 1
        assert "leaving_stay" not in button_keys(page)
        assert session_of(page).pending_count == 1

    def test_discarding_goes_on(self, page, store):
        page.pagination[0].set_value(2).run()
        press(page, "leaving_discard")
        assert shown(page)[0] == "C-25"
        assert store.customers.get_by_customer_id("C-03").customer_name == "Name of C-03"

    def test_saving_goes_on(self, page, store, toasts):
        page.pagination[0].set_value(2).run()
        press(page, "leaving_save")
        assert toasts(page) == ["Saved 1 change of Typed (C\\-03)."]
        assert shown(page)[0] == "C-25"
        assert store.customers.get_by_customer_id("C-03").customer_name == "Typed"

    def test_what_cannot_be_saved_keeps_the_list(self, page):
        type_over(page, "C-04", contactInfo="abc")
        page.pagination[0].set_value(2).run()
        press(page, "leaving_save")
        assert shown(page)[0] == "C-00"
        assert page.pagination[0].value == 1
        assert "1 change not saved" in page.error[0].proto.title
        assert session_of(page).pending_count == 1

    @pytest.mark.parametrize(
        ("control", "value"),
        [
            ("q", "C-2"),
            ("member", "Members"),
            ("sort", "Contact"),
            ("order", "Descending"),
            ("size", 50),
        ],
    )
    def test_every_filter_asks_first_and_shows_its_old_value_after_staying(self, page, control, value):
        before = page.session_state[control]
        page.get_by_key(control).set_value(value).run()
        assert "leaving_stay" in button_keys(page)
        press(page, "leaving_stay")
        assert page.session_state[control] == before
        assert shown(page)[3] == "C-03"
        assert session_of(page).pending_count == 1

    def test_going_to_another_page_of_the_app_and_back_loses_nothing(self, page, store):
        type_over(page, "C-05", contactInfo="also typed")
        page.switch_page("../../pages/overview.py").run()
        page.switch_page("../../pages/customers.py").run()
        assert session_of(page).pending_count == 2
        assert shown(page, "customerName")[3] == "Typed"
        press(page, "save_changes")
        assert store.customers.get_by_customer_id("C-05").contact_info == "also typed"

    def test_coming_back_without_changes_shows_what_is_stored_now(self, page, store, add_customer):
        press(page, "discard_changes")
        page.switch_page("../../pages/overview.py").run()
        add_customer("A-00")
        page.switch_page("../../pages/customers.py").run()
        assert shown(page)[0] == "A-00"


class TestOthersAtTheSameTime:
    def test_rows_changed_meanwhile_are_announced_and_shown_on_demand(self, open_page, store, ada, bob):
        page = open_page("customers", Role.STAFF)
        assert "refresh_rows" not in button_keys(page)
        someone_changes(store, ada, {"customerName": "Ada King"})
        page.run()
        assert page.button(key="refresh_rows").label == "1 row changed meanwhile · Refresh"
        press(page, "refresh_rows")
        assert set(shown(page, "customerName")) == {"Ada King", "Bob Byte"}
        assert "refresh_rows" not in button_keys(page)

    def test_ones_own_save_is_not_announced(self, open_page, ada):
        page = type_over(open_page("customers", Role.STAFF), "C-1", customerName="Ada King", contactInfo="abc")
        press(page, "save_changes")
        assert "refresh_rows" not in button_keys(page)

    def test_a_refresh_keeps_what_was_typed(self, open_page, store, ada, bob):
        page = type_over(open_page("customers", Role.STAFF), "C-1", contactInfo="mine@example.com")
        someone_changes(store, ada, {"customerName": "Ada King"})
        someone_deletes(store, bob)
        press(page.run(), "refresh_rows")
        assert shown(page, "customerName") == ["Ada King"]
        assert shown(page, "contactInfo") == ["mine@example.com"]
        assert session_of(page).pending_count == 1

    def test_different_fields_of_one_customer_are_merged(self, open_page, store, toasts, ada):
        page = type_over(open_page("customers", Role.STAFF), "C-1", customerName="Ada King")
        someone_changes(store, ada, {"contactInfo": "theirs@example.com"})
        press(page, "save_changes")
        assert toasts(page) == ["Saved 1 change of Ada King (C\\-1)."]
        merged = store.customers.get(ada.id)
        assert (merged.customer_name, merged.contact_info) == ("Ada King", "theirs@example.com")

    def test_a_customer_who_was_deleted_keeps_its_row_until_discarded(self, open_page, store, ada, bob):
        page = type_over(open_page("customers", Role.STAFF), "C-1", customerName="Ada King")
        someone_deletes(store, ada)
        press(page, "save_changes")
        assert "was deleted by someone else meanwhile" in page.error[0].value
        assert "Ada King" in shown(page, "customerName")
        press(page, "discard_changes")
        assert shown(page) == ["C-2"]


class TestConflicts:
    @pytest.fixture
    def page(self, open_page, store, ada, bob):
        page = open_page("customers", Role.STAFF)
        type_over(page, "C-1", customerName="Mine", contactInfo="mine@example.com", purchaseAmount=7)
        theirs = {"customerName": "Theirs", "contactInfo": "theirs@example.com"}
        someone_changes(store, ada, theirs)
        return press(page, "save_changes")

    def sides(self, page):
        _unsaved, *sides = (text.value for text in page.text)
        return sides

    def choose(self, page, *choices):
        serial = session_of(page).question.serial
        for place, choice in enumerate(choices):
            page.segmented_control(key=f"conflict_{serial}_{place}").set_value(choice)
        return page.run()

    def test_both_sides_and_what_was_before_are_shown_and_nothing_is_overwritten(self, page, store, ada):
        assert self.sides(page) == [
            *("Ada Lovelace", "Theirs", "Mine"),
            *("ada@example.com", "theirs@example.com", "mine@example.com"),
        ]
        stored = store.customers.get(ada.id)
        assert (stored.customer_name, stored.contact_info) == ("Theirs", "theirs@example.com")
        assert stored.purchase_amount == Decimal("7.00")
        assert session_of(page).pending_count == 2

    def test_each_field_is_decided_by_itself(self, page, store, toasts, ada):
        assert page.button(key="conflicts_apply").disabled
        self.choose(page, "Keep theirs", "Use mine")
        press(page, "conflicts_apply")
        stored = store.customers.get(ada.id)
        assert (stored.customer_name, stored.contact_info) == ("Theirs", "mine@example.com")
        assert toasts(page) == ["Kept theirs for 1 cell.", "Saved 1 change of Theirs (C\\-1)."]
        assert session_of(page).pending_count == 0

    def test_a_decision_can_wait_and_is_not_forgotten(self, page, store, ada):
        press(page, "conflicts_later")
        assert "2 cells changed by someone else too" in texts(page)
        press(page, "decide_conflicts")
        self.choose(page, "Keep theirs", "Keep theirs")
        press(page, "conflicts_apply")
        assert store.customers.get(ada.id).customer_name == "Theirs"
        assert session_of(page).pending_count == 0
        assert "decide_conflicts" not in button_keys(page)

    def test_saving_again_without_a_decision_asks_again(self, page, store, ada):
        press(page, "conflicts_later")
        press(page, "save_changes")
        assert "conflicts_apply" in button_keys(page)
        assert store.customers.get(ada.id).customer_name == "Theirs"

    def test_mine_is_checked_against_yet_another_change(self, page, store, ada):
        self.choose(page, "Use mine", "Keep theirs")
        someone_changes(store, ada, {"customerName": "Third"})
        press(page, "conflicts_apply")
        assert store.customers.get(ada.id).customer_name == "Third"
        assert self.sides(page) == ["Theirs", "Third", "Mine"]
