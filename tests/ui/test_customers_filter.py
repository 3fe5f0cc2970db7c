"""Conditions on facts above the list of customers, and columns of facts in it."""

import json
from decimal import Decimal

import pytest

from kinso.models.accounts import Role
from tests.ui.customers_page import act, bulk_of, button_keys, press, session_of, shown, texts, type_over

SPENT = {"fact": "purchaseAmount", "is": ">=", "value": 30}
MEMBER = {"fact": "membershipStatus", "is": "=", "value": True}


@pytest.fixture(autouse=True)
def people(add_customer):
    return [
        add_customer(f"C-{number}", purchase_amount=number * 10, membership_status=number == 1) for number in range(6)
    ]


def opened(open_page, *conditions, role=Role.STAFF, kind="all"):
    written = conditions[0] if len(conditions) == 1 else {kind: list(conditions)}
    return open_page("customers", role, **({"filter": json.dumps(written)} if conditions else {}))


def chips(page):
    """The words of the conditions, in their order."""
    labels = [popover.proto.popover.label for popover in page.get("popover")]
    labels = [label for label in labels if not label.startswith("Segment")]
    first = labels.index("Download") + 1
    return [label.replace("\\", "") for label in labels[first : labels.index("Add filter")]]


def open_popover(page, slot="new"):
    page.session_state[f"condition_open_{slot}"] = True
    return page.run()


def choose(page, fact, slot="new"):
    return page.selectbox(key=f"condition_{slot}_fact").set_value(fact).run()


class TestAdding:
    @pytest.mark.parametrize("role", [Role.ANALYST, Role.STAFF, Role.MANAGER])
    def test_a_condition_is_counted_added_and_removed(self, open_page, role):
        page = choose(open_popover(opened(open_page, role=role)), "purchaseAmount")
        assert "Give a value to see how many match." in texts(page)
        page.text_input(key="condition_new_purchaseAmount_>=_value").set_value("30").run()
        assert "**3 customers** match" in texts(page)
        press(page, "condition_new_done")
        assert chips(page) == ["Total spent ≥ $30"]
        assert set(shown(page)) == {"C-3", "C-4", "C-5"}
        assert "1–3 of 3 customers" in texts(page)
        assert json.loads(page.query_params["filter"]) == SPENT
        assert "condition_new_done" not in button_keys(page)

        press(page, "remove_condition_0")
        assert chips(page) == []
        assert len(shown(page)) == 6
        assert not page.query_params.get("filter")

    def test_the_count_is_of_all_conditions_together(self, open_page):
        page = choose(open_popover(opened(open_page, SPENT)), "customerId")
        page.selectbox(key="condition_new_customerId_operator").set_value("=").run()
        page.text_input(key="condition_new_customerId_=_value").set_value("c-5").run()
        assert "**1 customer** matches" in texts(page)

    def test_nothing_is_added_without_a_value(self, open_page, toasts):
        page = choose(open_popover(opened(open_page)), "purchaseAmount")
        page.text_input(key="condition_new_purchaseAmount_>=_value").set_value("much").run()
        press(page, "condition_new_done")
        assert toasts(page) == ["This filter has no value yet."]
        assert chips(page) == []

    def test_what_would_be_too_long_for_an_address_is_not_added(self, open_page, toasts):
        page = choose(open_popover(opened(open_page, SPENT)), "tags")
        many = [f"{number}{'x' * 190}" for number in range(45)]
        page.session_state["condition_new_tags_in_value"] = many
        press(page, "condition_new_done")
        assert toasts(page) == ["All filters together are too long for an address; use fewer values."]
        assert chips(page) == ["Total spent ≥ $30"]

    @pytest.mark.parametrize(
        ("fact", "operator", "typed", "written"),
        [
            ("spent", "between", {"from": "9", "to": "5"}, {"value": [5, 9]}),
            ("rfm", "in", {"value": ["lost"]}, {"value": ["lost"]}),
            ("tags", "isFilled", {}, {"is": "isEmpty", "value": False}),
            ("refundShare", ">=", {"value": "12.5"}, {"value": 0.125}),
        ],
    )
    def test_every_kind_of_value_can_be_typed(self, open_page, fact, operator, typed, written):
        page = choose(open_popover(opened(open_page)), fact)
        page.selectbox(key=f"condition_new_{fact}_operator").set_value(operator).run()
        for part, value in typed.items():
            inputs = page.multiselect if isinstance(value, list) else page.text_input
            inputs(key=f"condition_new_{fact}_{operator}_{part}").set_value(value).run()
        press(page, "condition_new_done")
        assert json.loads(page.query_params["filter"]) == {"fact": fact, "is": operator, **written}

    def test_days_have_a_usual_number_and_yes_or_no_a_usual_answer(self, open_page):
        page = press(choose(open_popover(opened(open_page)), "createdAt"), "condition_new_done")
        assert chips(page) == ["Registered in the last 90 days"]
        page = press(choose(open_popover(page), "membershipStatus"), "condition_new_done")
        assert chips(page) == ["Registered in the last 90 days", "Member"]
        assert shown(page) == ["C-1"]

    def test_purchases_can_be_those_of_some_days(self, open_page):
        page = choose(open_popover(opened(open_page)), "saleCount")
        page.text_input(key="condition_new_saleCount_>=_value").set_value("1").run()
        page.selectbox(key="condition_new_saleCount_when").set_value("The last … days").run()
        page.text_input(key="condition_new_saleCount_last").set_value("30").run()
        press(page, "condition_new_done")
        assert chips(page) == ["Purchases in the last 30 days ≥ 1"]


class TestChips:
    def test_a_chip_opens_with_what_it_asks_and_can_be_changed(self, open_page):
        page = open_popover(opened(open_page, SPENT, MEMBER), "0")
        value = page.text_input(key="condition_0_purchaseAmount_>=_value")
        assert value.value == "30"
        value.set_value("10").run()
        press(page, "condition_0_done")
        assert chips(page) == ["Total spent ≥ $10", "Member"]
        assert shown(page) == ["C-1"]

    def test_two_are_joined_by_all_or_any(self, open_page):
        page = opened(open_page, SPENT, MEMBER)
        assert "Nobody found" in texts(page)
        page.segmented_control(key="conditions_kind").set_value("any").run()
        assert set(shown(page)) == {"C-1", "C-3", "C-4", "C-5"}
        assert list(json.loads(page.query_params["filter"])) == ["any"]
        press(page, "remove_condition_0")
        assert shown(page) == ["C-1"]
        assert not [each for each in page.segmented_control if each.key == "conditions_kind"]

    def test_all_are_cleared_at_once(self, open_page):
        page = opened(open_page, SPENT, {"fact": "hasEmail", "is": "=", "value": True})
        press(page, "clear_conditions")
        assert chips(page) == []
        assert "clear_conditions" not in button_keys(page)
        assert len(shown(page)) == 6

    def test_a_group_of_conditions_is_told_and_can_only_be_removed(self, open_page):
        page = opened(open_page, {"all": [{"not": MEMBER}, SPENT]})
        assert "It can only be removed." in texts(page)
        assert chips(page) == ["not Member", "Total spent ≥ $30"]
        press(page, "remove_condition_0")
        assert len(shown(page)) == 3

    def test_typed_text_is_only_text(self, open_page):
        page = opened(open_page, {"fact": "customerName", "is": "contains", "value": "**b** :smile: [x](y)"})
        (label,) = (each.proto.popover.label for each in page.get("popover") if "contains" in each.proto.popover.label)
        assert r"\*\*b\*\*" in label


@pytest.mark.parametrize(
    "bad", ["x", "[]", "{}", '{"fact":"shoe size","is":"=","value":1}', '{"any":[]}', "[" * 9000, '{"fact":["spent"]}']
)
def test_a_filter_that_cannot_be_understood_is_told_and_left_out(open_page, bad):
    page = open_page("customers", Role.STAFF, filter=bad, member="Members")
    assert not page.exception
    assert "The filter in this address cannot be understood, so it is left out." in texts(page)
    assert shown(page) == ["C-1"]


class TestUnsavedChanges:
    def test_another_filter_asks_first_and_staying_shows_the_present_one(self, open_page):
        page = type_over(opened(open_page, SPENT), "C-5", customerName="Typed")
        press(page, "remove_condition_0")
        assert "What should happen before it is left?" in texts(page)
        assert len(shown(page)) == 3
        press(page, "leaving_stay")
        page.run()
        assert chips(page) == ["Total spent ≥ $30"]
        assert session_of(page).pending_count == 1

    def test_discarding_goes_on_to_the_other_filter(self, open_page):
        page = type_over(opened(open_page, SPENT), "C-5", customerName="Typed")
        press(press(page, "remove_condition_0"), "leaving_discard")
        assert len(shown(page.run())) == 6


def test_everyone_who_matches_is_changed_and_nobody_else(open_page, store, people):
    page = act(opened(open_page, SPENT, {"fact": "membershipStatus", "is": "=", "value": False}), "members")
    said = texts(page).replace("\\", "")
    assert "customers with Total spent ≥ $30, Not a member" in said
    press(page, "bulk_confirm")
    while bulk_of(page).job is not None:
        page.run()
    after = [store.customers.get(person.id).membership_status for person in people]
    assert after == [False, True, False, True, True, True]


def test_the_list_can_be_sorted_by_facts(open_page):
    page = open_page("customers", Role.ANALYST, sort="To the threshold", order="Ascending")
    assert shown(page)[0] == "C-5"


class TestColumns:
    def test_facts_can_be_added_and_are_only_read(self, open_page):
        page = opened(open_page)
        page.multiselect(key="columns").set_value(["toThreshold", "hasEmail"]).run()
        table = page.dataframe[0].value
        assert table["fact_hasEmail"].tolist() == ["Yes"] * 6
        assert str(table["fact_lastPurchase"].dtype).startswith("datetime64")
        assert Decimal(str(table["fact_toThreshold"][0])) == Decimal("950")
        columns = json.loads(page.data_editor[0].proto.columns)
        assert all(columns[name]["disabled"] for name in ("fact_toThreshold", "fact_hasEmail", "fact_lastPurchase"))

    def test_what_was_typed_stays_when_columns_change(self, open_page):
        page = type_over(opened(open_page), "C-5", customerName="Typed")
        page.multiselect(key="columns").set_value(["hasEmail"]).run()
        assert session_of(page).pending_count == 1
        assert "Typed" in shown(page, "customerName")
