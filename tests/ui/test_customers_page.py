"""The list of customers: who sees what, and what is shown."""

import pytest

from kinso.models.accounts import Role
from kinso.models.customers import CustomerQuery
from tests.ui.customers_page import (
    act,
    button_keys,
    press,
    session_of,
    shown,
    someone_deletes,
    texts,
    tick,
    type_over,
)

EVERYONE = CustomerQuery()


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
        assert "add_customer" in button_keys(page)

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
            ("Total spent", "C-00", "C-59"),
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
        page = open_page("customers", Role.ANALYST, q="a&b", member="Members", sort="Total spent", order="Ascending")
        links = [html.value for html in page.html if "/download/customers.csv" in html.value]
        assert len(links) == 2
        assert all(
            "search=a%26b&amp;membershipStatus=true&amp;sortBy=purchaseAmount&amp;sortOrder=asc" in link
            for link in links
        )
        assert ["flavour=excel" in link for link in links] == [True, False]


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


def test_a_list_and_its_total_are_asked_for_once_and_not_again(open_page, ada, bob, questions):
    page = open_page("customers")
    questions.clear()

    page.session_state["q"] = "ada"
    page.run()
    assert [question.split()[0] for question in questions] == ["CREATE", *["SELECT"] * 5]
    assert sum("searched" in question for question in questions) == 2
    questions.clear()

    page.run()
    assert questions == []
