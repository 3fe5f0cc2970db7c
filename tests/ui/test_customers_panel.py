"""A customer beside the list, the groups above it, and what a person has it show."""

from decimal import Decimal

import pytest

from kinso.models.accounts import Role
from tests.ui.customers_page import button_keys, press, session_of, shown, someone_deletes, texts, type_over


def opened(page, customer):
    """The page after a touch of the customer's card, or Enter on their name."""
    page.text_input(key="open_customer").set_value(customer.id).run()
    return page


class TestPanel:
    def test_it_tells_who_it_is_why_they_are_no_member_and_what_they_bought(self, open_page, ada):
        said = texts(opened(open_page("customers", Role.STAFF), ada))
        assert "Non-member" in said
        assert "the threshold is" in said
        assert "in total" in said
        assert "Open the whole page" in said

    @pytest.mark.parametrize(
        ("role", "offered"),
        [
            (Role.ANALYST, set()),
            (Role.STAFF, {"panel_record_purchase", "panel_refund", "panel_edit", "panel_make_a_member"}),
        ],
    )
    def test_it_offers_what_the_role_allows(self, open_page, ada, role, offered):
        page = opened(open_page("customers", role), ada)
        assert {key for key in button_keys(page) if key.startswith("panel_")} == offered

    def test_what_is_decided_in_it_is_saved(self, open_page, store, ada):
        page = press(opened(open_page("customers", Role.STAFF), ada), "panel_make_a_member")
        press(page, "membership_confirm")
        assert store.customers.get(ada.id).membership_status

    def test_who_was_deleted_meanwhile_is_told_about(self, open_page, store, toasts, ada, bob):
        page = open_page("customers", Role.STAFF)
        someone_deletes(store, ada)
        opened(page, ada)
        assert not page.exception
        assert session_of(page).question is None
        assert len(toasts(page)) == 1

    def test_what_was_typed_into_the_list_stays_while_somebody_is_looked_at(self, open_page, ada, bob):
        page = type_over(open_page("customers", Role.STAFF), "C-2", contactInfo="typed@example.com")
        opened(page, ada)
        assert session_of(page).pending_count == 1


class TestGroups:
    @pytest.fixture(autouse=True)
    def people(self, add_customer):
        for number in range(4):
            add_customer(f"C-{number}", purchase_amount=number * 10, tags=["tea"] if number else [])

    def test_each_group_is_told_with_its_count_and_total(self, open_page):
        page = open_page("customers", Role.ANALYST)
        page.selectbox(key="grouping").set_value("tags").run()
        table = page.dataframe[0].value
        assert table["group"].tolist() == ["tea", "(none)"]
        assert table["customers"].tolist() == [3, 1]
        assert table["spent"].tolist() == [60.0, 0.0]
        assert "2 groups" in texts(page)

    def test_the_address_says_how_the_list_is_grouped(self, open_page):
        page = open_page("customers", Role.ANALYST, grouping="Membership")
        assert page.dataframe[0].value["group"].tolist() == ["Not a member"]


def test_the_columns_are_remembered_beyond_the_session(open_page, store, ada):
    page = open_page("customers", Role.STAFF)
    page.multiselect(key="columns").set_value(["tags", "usualDaysBetween"]).run()
    assert "fact_usualDaysBetween" in page.dataframe[0].value
    [user] = store.users.all()
    assert store.users.columns_of(user.id) == ("tags", "usualDaysBetween")
    assert shown(page) == ["C-1"]
    assert store.customers.get(ada.id).purchase_amount == Decimal(100)
