from decimal import Decimal
from threading import Event

import pytest

from kinso.models.accounts import Role
from kinso.models.customers import CustomerQuery
from kinso.services.application import ApplicationContext, use_application
from kinso.ui.feedback import FAILED
from kinso.ui.job import Job
from tests.ui.customers_page import (
    act,
    bulk_of,
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

EVERYONE = CustomerQuery()


@pytest.fixture
def ada(add_customer):
    return add_customer("C-1", customer_name="Ada Lovelace", contact_info="ada@example.com", purchase_amount=100)


@pytest.fixture
def bob(add_customer):
    return add_customer("C-2", customer_name="Bob Byte", contact_info="bob@example.com", membership_status=True)


class TestRoles:
    def test_an_analyst_reads_without_any_way_to_change(self, open_page, ada):
        page = open_page("customers", Role.ANALYST)
        assert shown(page) == ["C-1"]
        assert "selected" not in page.dataframe[0].value
        assert not page.data_editor
        assert not page.menu_button
        assert not {"save_changes", "discard_changes", "add_customer"} & button_keys(page)

    def test_an_analyst_sees_fresh_rows_with_every_run(self, open_page, store, ada):
        page = open_page("customers", Role.ANALYST)
        someone_deletes(store, ada)
        assert "No customers yet" in texts(page.run())

    def test_others_edit_and_add(self, open_page, ada):
        page = open_page("customers", Role.STAFF)
        assert len(page.data_editor) == 1
        assert {"save_changes", "discard_changes", "add_customer"} <= button_keys(page)

    @pytest.mark.parametrize(("role", "offered"), [(Role.STAFF, False), (Role.MANAGER, True)])
    def test_only_managers_and_administrators_are_offered_to_delete(self, open_page, ada, role, offered):
        page = tick(open_page("customers", role), "C-1")
        assert ("Delete 1 selected" in page.menu_button[0].options) is offered


class TestWhatIsShown:
    @pytest.fixture(autouse=True)
    def people(self, add_customer):
        for number in range(60):
            add_customer(
                f"C-{number:02d}",
                customer_name=f"Person {59 - number:02d}",
                contact_info=f"+880 171-{number:06d}",
                purchase_amount=number * 10,
                membership_status=number % 3 == 0,
            )

    def test_the_newest_come_first_with_their_place_in_the_whole(self, open_page):
        page = open_page("customers", Role.STAFF)
        assert len(shown(page)) == 50
        assert "1–50 of 60 customers" in texts(page)

    def test_the_next_page_shows_the_rest(self, open_page):
        page = open_page("customers", Role.STAFF)
        page.pagination[0].set_value(2).run()
        assert len(shown(page)) == 10
        assert "51–60 of 60 customers" in texts(page)

    @pytest.mark.parametrize(
        ("text", "found"), [("c-07", {"C-07"}), ("PERSON 07", {"C-52"}), ("880171000007", {"C-07"})]
    )
    def test_the_search_looks_at_id_name_and_contact_in_any_case(self, open_page, text, found):
        page = open_page("customers", Role.STAFF)
        page.text_input(key="q").set_value(text).run()
        assert set(shown(page)) == found

    def test_the_name_filter_looks_at_names_only(self, open_page):
        page = open_page("customers", Role.STAFF)
        page.text_input(key="name").set_value("person 1").run()
        assert len(shown(page)) == 10
        page.text_input(key="name").set_value("C-1").run()
        assert "Nobody found" in texts(page)

    def test_members_and_non_members_are_told_apart(self, open_page):
        page = open_page("customers", Role.STAFF)
        page.segmented_control(key="member").set_value("Members").run()
        assert "1–20 of 20 customers" in texts(page)
        assert all(shown(page, "membershipStatus"))
        page.segmented_control(key="member").set_value("Non-members").run()
        assert "1–40 of 40 customers" in texts(page)

    @pytest.mark.parametrize(
        ("column", "first", "last"),
        [
            ("Customer ID", "C-00", "C-59"),
            ("Customer name", "C-59", "C-00"),
            ("Contact", "C-00", "C-59"),
            ("Purchase amount", "C-00", "C-59"),
            ("Registered", "C-00", "C-59"),
            ("Last change", "C-00", "C-59"),
        ],
    )
    def test_every_column_sorts_the_whole_list_both_ways(self, open_page, column, first, last):
        page = open_page("customers", Role.STAFF, sort=column, order="Ascending")
        assert shown(page)[0] == first
        page.segmented_control(key="order").set_value("Descending").run()
        assert shown(page)[0] == last

    def test_membership_sorts_too(self, open_page):
        page = open_page("customers", Role.STAFF, sort="Membership", order="Descending")
        assert shown(page, "membershipStatus") == [True] * 20 + [False] * 30

    def test_the_address_decides_what_is_shown(self, open_page):
        page = open_page("customers", Role.STAFF, q="C-", size="25", page="3", sort="Customer ID", order="Ascending")
        assert shown(page) == [f"C-{number}" for number in range(50, 60)]

    @pytest.mark.parametrize("bad", ["0", "-1", "999", "abc", "1.5", ""])
    def test_a_page_that_is_none_falls_back_to_the_first(self, open_page, bad):
        page = open_page("customers", Role.STAFF, page=bad)
        assert not page.exception
        assert "1–50 of 60 customers" in texts(page)

    @pytest.mark.parametrize(
        "address",
        [
            {"sort": "shoe size"},
            {"order": "sideways"},
            {"member": "perhaps"},
            {"size": "7"},
            {"size": "1000000"},
            {"sort": "", "order": "", "member": "", "size": ""},
        ],
    )
    def test_other_bad_values_fall_back_calmly_as_well(self, open_page, address):
        page = open_page("customers", Role.STAFF, **address)
        assert not page.exception
        assert "1–50 of 60 customers" in texts(page)

    @pytest.mark.parametrize("text", [".*", "(", "x" * 5000, "\x00", "a\nb", "$where"])
    def test_whatever_is_searched_for_is_only_text(self, open_page, text):
        page = open_page("customers", Role.STAFF, q=text)
        assert not page.exception
        assert "Nobody found" in texts(page) or "of 60 customers" in texts(page)
        assert not (text == ".*" and "of 60" in texts(page))

    def test_a_list_that_became_shorter_falls_back_to_what_is_left(self, open_page, store):
        page = open_page("customers", Role.STAFF, size="25")
        for customer in store.customers.find(EVERYONE, page=1, limit=20):
            someone_deletes(store, customer)
        page.pagination[0].set_value(3).run()
        assert "1–25 of 40 customers" in texts(page)

    def test_a_new_filter_starts_at_the_first_page(self, open_page):
        page = open_page("customers", Role.STAFF, size="25", page="3")
        assert "51–60 of 60" in texts(page)
        page.text_input(key="q").set_value("C-").run()
        assert "1–25 of 60" in texts(page)

    def test_nobody_found_offers_to_clear_the_filters(self, open_page):
        page = open_page("customers", Role.STAFF, q="nobody", member="Members")
        assert "There are no members whose ID, name, contact, notes or tags contains “nobody”." in texts(page)
        press(page, "clear_filters")
        assert "1–50 of 60 customers" in texts(page)

    def test_the_download_is_of_exactly_what_is_filtered(self, open_page):
        page = open_page(
            "customers", Role.ANALYST, q="a&b", member="Members", sort="Purchase amount", order="Ascending"
        )
        links = [html.value for html in page.html if "/download/customers.csv" in html.value]
        assert len(links) == 2
        assert all(
            "search=a%26b&amp;membershipStatus=true&amp;sortBy=purchaseAmount&amp;sortOrder=asc" in link
            for link in links
        )
        assert ["flavour=excel" in link for link in links] == [True, False]


class TestEditing:
    def test_nothing_can_be_saved_before_something_is_typed(self, open_page, ada):
        page = open_page("customers", Role.STAFF)
        assert page.button(key="save_changes").disabled
        assert page.button(key="discard_changes").disabled
        tick(page, "C-1")
        assert page.button(key="save_changes").disabled

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
        assert page.button(key="save_changes").disabled

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
        assert page.button(key="save_changes").disabled

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
        assert "C\\-2: Purchase amount cannot be negative; enter 0 or more\\." in said
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
            ("name", "C-2"),
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


class TestOpening:
    def test_the_menu_leads_to_the_page_of_the_ticked_one(self, open_page, ada, bob):
        page = act(tick(open_page("customers", Role.STAFF), "C-1"), "details")
        assert page.title[0].value == "Ada Lovelace"
        assert page.query_params["id"] == ada.id

    def test_what_was_typed_into_the_list_waits_there(self, open_page, ada):
        page = type_over(open_page("customers", Role.STAFF), "C-1", customerName="Typed")
        act(tick(page, "C-1"), "details")
        page.switch_page("../../pages/customers.py").run()
        assert session_of(page).pending_count == 1
        assert shown(page, "customerName") == ["Typed"]


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
        act(page, "all-members")
        assert "customers whose ID, name, contact, notes or tags contains “C\\-1”: **10 customers**" in texts(page)
        self.wait(press(page, "bulk_confirm"))
        assert toasts(page) == ["10 customers changed to members\\."]
        assert self.members(store) == 20

    def test_cancelling_changes_nobody(self, open_page, store):
        page = open_page("customers", Role.STAFF)
        press(act(page, "all-non-members"), "bulk_cancel")
        assert self.members(store) == 10

    def test_there_is_nothing_to_confirm_when_all_are_so_already(self, open_page):
        page = act(open_page("customers", Role.STAFF, member="Members"), "all-members")
        assert page.button(key="bulk_confirm").disabled

    def test_unsaved_changes_come_first(self, open_page):
        page = type_over(open_page("customers", Role.STAFF), "C-00", customerName="Typed")
        act(page, "all-members")
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


class TestDeleting:
    def test_several_are_deleted_after_they_were_named(self, open_page, store, toasts, add_customer, ada, bob):
        add_customer("C-3")
        page = act(tick(open_page("customers", Role.MANAGER), "C-1", "C-2"), "delete")
        assert "- Bob Byte (C\\-2)\n- Ada Lovelace (C\\-1)" in texts(page)
        press(page, "deletion_confirm")
        assert toasts(page) == ["2 customers deleted."]
        assert shown(page) == ["C-3"]
        assert store.customers.get(ada.id) is None

    def test_keeping_them_deletes_nobody(self, open_page, store, ada):
        press(act(tick(open_page("customers", Role.MANAGER), "C-1"), "delete"), "deletion_keep")
        assert store.customers.get(ada.id) == ada

    def test_changes_typed_in_other_rows_survive(self, open_page, store, ada, bob):
        page = type_over(open_page("customers", Role.MANAGER), "C-2", customerName="Typed")
        press(act(tick(page, "C-1"), "delete"), "deletion_confirm")
        assert shown(page, "customerName") == ["Typed"]
        press(page, "save_changes")
        assert store.customers.get(bob.id).customer_name == "Typed"

    def test_who_was_changed_meanwhile_is_not_deleted(self, open_page, store, toasts, ada):
        page = act(tick(open_page("customers", Role.MANAGER), "C-1"), "delete")
        someone_changes(store, ada, {"customerName": "Theirs"})
        press(page, "deletion_confirm")
        assert "was changed by someone else meanwhile and not deleted" in toasts(page)[0]
        assert store.customers.get(ada.id) is not None

    def test_who_may_not_delete_any_more_is_refused(self, open_page, store, toasts, ada):
        page = act(tick(open_page("customers", Role.MANAGER), "C-1"), "delete")
        for user in store.users.all():
            store.users.update(user.id, role=Role.STAFF.value)
        press(page, "deletion_confirm")
        assert "Your role (staff) does not allow this" in toasts(page)[0]
        assert store.customers.get(ada.id) == ada


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


class TestWithoutCustomers:
    def test_whoever_may_is_offered_to_load_samples(self, open_page, store):
        page = open_page("customers", Role.STAFF)
        assert "No customers yet" in texts(page)
        press(page, "load_sample_data")
        assert store.customers.count(EVERYONE) > 0
        assert page.data_editor

    def test_an_analyst_is_only_told(self, open_page):
        page = open_page("customers", Role.ANALYST)
        assert "No customers yet" in texts(page)
        assert "load_sample_data" not in button_keys(page)
