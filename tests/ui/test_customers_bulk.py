"""What is done to many customers at once, and to who is added from the list."""

from threading import Event

import pytest

from kinso.models.accounts import Role
from kinso.models.customers import CustomerQuery
from kinso.services.transfer.exports import export_selected
from kinso.ui.job import Job
from tests.ui.customers_page import (
    act,
    bulk_of,
    button_keys,
    press,
    session_of,
    shown,
    someone_changes,
    texts,
    tick,
    type_over,
)

EVERYONE = CustomerQuery()


class TestBulk:
    @pytest.fixture(autouse=True)
    def people(self, add_customer):
        for number in range(30):
            add_customer(f"C-{number:02d}", membership_status=number < 10)

    def members(self, store):
        return sum(customer.membership_status for customer in store.customers.iterate(EVERYONE))

    def wait(self, page):
        while bulk_of(page).job is not None:
            page.run()
        return page

    def test_the_ticked_ones_are_changed_and_the_number_really_changed_is_told(self, open_page, store, toasts):
        page = tick(open_page("customers", Role.STAFF), "C-09", "C-10", "C-11")
        act(page, "members")
        assert "1 of them is a member already and stays so." in texts(page)
        assert page.button(key="bulk_confirm").label == "Make 2 customers members"
        self.wait(press(page, "bulk_confirm"))
        assert toasts(page) == ["2 customers changed to members\\."]
        assert self.members(store) == 12

    def test_everyone_who_matches_is_changed_also_on_other_pages(self, open_page, store, toasts):
        page = open_page("customers", Role.STAFF, q="C-1", size="25")
        act(page, "members")
        assert "customers whose ID, name, contact, notes or tags contains “C\\-1”: **10 customers**" in texts(page)
        self.wait(press(page, "bulk_confirm"))
        assert toasts(page) == ["10 customers changed to members\\."]
        assert self.members(store) == 20

    def test_cancelling_changes_nobody(self, open_page, store):
        page = open_page("customers", Role.STAFF)
        press(act(page, "non-members"), "bulk_cancel")
        assert self.members(store) == 10

    def test_there_is_nothing_to_confirm_when_all_are_so_already(self, open_page):
        page = act(open_page("customers", Role.STAFF, member="Members"), "members")
        assert page.button(key="bulk_confirm").disabled

    def test_unsaved_changes_come_first(self, open_page):
        page = type_over(open_page("customers", Role.STAFF), "C-00", customerName="Typed")
        act(page, "members")
        assert "Save or discard your 1 unsaved change first." in texts(page)
        assert page.button(key="bulk_confirm").disabled

    def test_what_is_typed_while_it_works_is_not_lost(self, open_page, toasts):
        page, go_on = open_page("customers", Role.STAFF), Event()
        bulk_of(page).job = Job("Waiting", lambda on_progress: "Done." if go_on.wait(30) else "Never.")
        type_over(page, "C-00", customerName="Typed")
        assert page.get("progress")
        assert page.button(key="save_changes").disabled
        go_on.set()
        self.wait(page)
        assert toasts(page) == ["Done\\."]
        assert session_of(page).pending_count == 1
        assert "Typed" in shown(page, "customerName")

    def test_it_can_be_stopped_and_says_so(self, open_page, toasts):
        page, go_on = open_page("customers", Role.STAFF), Event()

        def work(on_progress):
            assert go_on.wait(30)
            on_progress(1, 10)
            return "Never."

        bulk_of(page).job = Job("Waiting", work)
        press(page.run(), "stop_Waiting")
        assert page.button(key="stop_Waiting").disabled
        go_on.set()
        self.wait(page)
        assert page.error[0].value == "Stopped as you asked; what was done is undone\\."
        assert toasts(page) == ["Nobody was changed."]

    def test_all_shown_are_ticked_at_once_and_unticked(self, open_page):
        page = act(open_page("customers", Role.STAFF, size="25"), "select-all")
        assert page.menu_button[0].label == "Actions · 25 selected"
        act(page, "select-none")
        assert page.menu_button[0].label == "Actions"

    def test_another_list_starts_without_ticks(self, open_page):
        page = act(open_page("customers", Role.STAFF, size="25"), "select-all")
        page.pagination[0].set_value(2).run()
        assert page.menu_button[0].label == "Actions"


def ended(page, key):
    """Once the run of this panel has."""
    while page.session_state["run_panels"][key].job is not None:
        page.run()
    return page


class TestDeleting:
    def test_several_are_deleted_after_they_were_named_and_an_undo_brings_them_back(
        self, open_page, store, toasts, add_customer, ada, bob
    ):
        add_customer("C-3")
        page = act(tick(open_page("customers", Role.MANAGER), "C-1", "C-2"), "delete")
        assert "- Bob Byte (C\\-2)\n- Ada Lovelace (C\\-1)" in texts(page)
        ended(press(page, "bulk_delete_confirm"), "bulk_delete")
        assert toasts(page) == ["2 customers deleted\\."]
        assert shown(page) == ["C-3"]
        assert store.customers.get(ada.id) is None
        [run] = store.runs.recent(limit=5)
        press(page, f"report_undo_{run.id}")
        ended(press(page, "undo_confirm"), "undo")
        assert set(shown(page)) == {"C-1", "C-2", "C-3"}

    def test_keeping_them_deletes_nobody(self, open_page, store, ada):
        press(act(tick(open_page("customers", Role.MANAGER), "C-1"), "delete"), "bulk_delete_keep")
        assert store.customers.get(ada.id) == ada

    def test_all_in_the_list_are_deleted_when_none_is_selected(self, open_page, store, toasts, add_customer, ada):
        add_customer("X-1")
        add_customer("X-2")
        page = act(open_page("customers", Role.MANAGER, q="X-"), "delete")
        assert "**2 customers**" in texts(page)
        ended(press(page, "bulk_delete_confirm"), "bulk_delete")
        assert store.customers.get_by_customer_id("X-1") is None
        assert store.customers.get(ada.id) == ada

    def test_who_was_changed_meanwhile_is_not_deleted(self, open_page, store, toasts, ada):
        page = tick(open_page("customers", Role.MANAGER), "C-1")
        someone_changes(store, ada, {"customerName": "Theirs"})
        act(page, "delete")
        ended(press(page, "bulk_delete_confirm"), "bulk_delete")
        assert toasts(page) == ["0 customers deleted\\. 1 changed meanwhile and stay\\."]
        assert store.customers.get(ada.id) is not None

    def test_who_may_not_delete_any_more_is_refused(self, open_page, store, toasts, ada):
        page = act(tick(open_page("customers", Role.MANAGER), "C-1"), "delete")
        for user in store.users.all():
            store.users.update(user.id, role=Role.STAFF.value)
        ended(press(page, "bulk_delete_confirm"), "bulk_delete")
        assert store.customers.get(ada.id) == ada

    def test_staff_is_not_offered_what_it_may_not_do(self, open_page, ada):
        may = {"Delete all 1 in this list", "Erase personal data of all 1 in this list"}
        assert not may & set(open_page("customers", Role.STAFF).menu_button[0].options)
        assert may <= set(open_page("customers", Role.MANAGER).menu_button[0].options)


class TestEditing:
    @pytest.fixture(autouse=True)
    def people(self, add_customer):
        for number in range(4):
            add_customer(f"C-{number}", tags=["old"] if number == 0 else [], notes="First" if number == 0 else "")

    def tags(self, store):
        return [each.tags for each in sorted(store.customers.iterate(EVERYONE), key=lambda each: each.customer_id)]

    def test_tags_are_added_to_all_in_the_list_and_said_before(self, open_page, store, toasts):
        page = act(open_page("customers", Role.STAFF), "add-tags")
        assert page.button(key="bulk_edit_confirm").disabled
        assert page.multiselect[-1].options == ["old"]
        page.multiselect[-1].set_value(["old"]).run()
        assert "1 of them is so already and stays so." in texts(page)
        assert page.button(key="bulk_edit_confirm").label == "Change 3 customers"
        ended(press(page, "bulk_edit_confirm"), "bulk_edit")
        assert toasts(page) == ["Tags of 3 customers changed\\."]
        assert self.tags(store) == [("old",)] * 4

    def test_tags_are_removed_from_the_selected(self, open_page, store):
        page = act(tick(open_page("customers", Role.STAFF), "C-0", "C-1"), "remove-tags")
        page.multiselect[-1].set_value(["old"]).run()
        ended(press(page, "bulk_edit_confirm"), "bulk_edit")
        assert self.tags(store) == [()] * 4

    def test_a_note_is_added_below_or_put_in_place(self, open_page, store):
        page = act(tick(open_page("customers", Role.STAFF), "C-0"), "append-notes")
        page.text_input[-1].set_value("Card sent").run()
        ended(press(page, "bulk_edit_confirm"), "bulk_edit")
        assert store.customers.get_by_customer_id("C-0").notes == "First\nCard sent"

    def test_what_cannot_be_a_tag_is_said_and_not_offered(self, open_page):
        page = act(open_page("customers", Role.STAFF), "add-tags")
        page.multiselect[-1].set_value(["a,b"]).run()
        assert "comma" in texts(page)
        assert page.button(key="bulk_edit_confirm").disabled


class TestDownloading:
    def test_exactly_the_selected_ones_are_in_the_file(self, open_page, store, staff, add_customer, ada, bob):
        add_customer("C-3")
        page = open_page("customers", Role.STAFF)
        assert not page.get("download_button")
        tick(page, "C-1", "C-3")
        labels = [each.proto.label for each in page.get("download_button")]
        assert labels == ["Selected as CSV for Excel", "Selected as CSV with raw values"]
        ids = [row.base.id for row in session_of(page).grid.selection()]
        file = export_selected(store, staff, ids, session_of(page).grid.view.query, "raw").decode()
        assert [line.split(",")[0] for line in file.splitlines()] == ["customerId", "C-3", "C-1"]


class TestErasing:
    def test_it_takes_the_number_of_them_and_offers_no_undo(self, open_page, store, toasts, ada, bob):
        page = act(open_page("customers", Role.MANAGER), "erase")
        assert "This cannot be undone." in texts(page)
        page.text_input[-1].set_value("3").run()
        assert page.button(key="bulk_erase_confirm").disabled
        page.text_input[-1].set_value("2").run()
        ended(press(page, "bulk_erase_confirm"), "bulk_erase")
        assert toasts(page) == ["The personal data of 2 customers was erased for good\\."]
        assert store.customers.get(ada.id).customer_name == "(erased)"
        assert not any(key.startswith("report_undo_") for key in button_keys(page))


class TestAdding:
    def test_a_customer_is_added_in_a_dialog_and_shown(self, open_page, store, toasts, ada):
        page = press(open_page("customers", Role.STAFF), "add_customer")
        page.text_input(key="adding_1_customerId").set_value("N-1")
        page.text_input(key="adding_1_customerName").set_value("Grace Hopper")
        page.text_input(key="adding_1_contactInfo").set_value("grace@example.com")
        press(page, "adding_1_save")
        assert toasts(page) == ["Grace Hopper \\(N\\-1\\) is registered\\."]
        assert shown(page) == ["N-1", "C-1"]
        assert "adding_2_save" not in button_keys(page)

    def test_cancelling_adds_nobody(self, open_page, store, ada):
        page = press(open_page("customers", Role.STAFF), "add_customer")
        page.text_input(key="adding_1_customerId").set_value("N-1")
        press(page, "adding_1_cancel")
        assert "adding_1_save" not in button_keys(page)
        assert shown(page) == ["C-1"]

    def test_what_was_typed_in_the_grid_survives(self, open_page, ada):
        page = type_over(open_page("customers", Role.STAFF), "C-1", customerName="Typed")
        press(page, "add_customer")
        page.text_input(key="adding_1_customerId").set_value("N-1")
        page.text_input(key="adding_1_customerName").set_value("Grace Hopper")
        page.text_input(key="adding_1_contactInfo").set_value("grace@example.com")
        press(page, "adding_1_save")
        assert session_of(page).pending_count == 1
