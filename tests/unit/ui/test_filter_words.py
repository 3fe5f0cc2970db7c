from decimal import Decimal

import pytest

from kinso.models.facts import FACTS, YES_NO
from kinso.models.filters import read_filter
from kinso.models.shop import ShopSettings
from kinso.ui.customers.filter_words import (
    FILLED,
    chosen_operator,
    condition_in_words,
    days_typed,
    filter_in_words,
    grouped_facts,
    number_as_typed,
    number_typed,
    operators_of,
    option_in_words,
    unit_in_words,
    value_in_words,
)

SHOP = ShopSettings()


def condition(fact, operator, value, **period):
    return read_filter({"fact": fact, "is": operator, "value": value} | ({"period": period} if period else {}))


def written(fact, operator, value, **period):
    return condition_in_words(condition(fact, operator, value, **period), SHOP)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("spent", ">=", 500), "Spent ≥ $500"),
        (("spent", "between", [99.5, 1000]), "Spent between $99.50 and $1,000"),
        (("spent", "in", [1, 2]), "Spent = $1 or $2"),
        (("toThreshold", "<=", 200), "To the threshold ≤ $200"),
        (("saleCount", "!=", 3), "Purchases ≠ 3"),
        (("overdueBy", ">", 1), "Overdue by > 1 day"),
        (("daysSinceLastPurchase", "<=", 30), "Days since last purchase ≤ 30 days"),
        (("refundShare", ">", 0.125), "Share refunded > 12.5%"),
        (("lastPurchase", "notInLast", 90), "Last purchase not in the last 90 days"),
        (("lastPurchase", "inLast", 1), "Last purchase today"),
        (("lastPurchase", "before", "2026-11-03"), "Last purchase before 3 Nov 2026"),
        (("lastPurchase", ">=", "2026-11-03"), "Last purchase on or after 3 Nov 2026"),
        (("lastPurchase", "!=", "2026-11-03"), "Last purchase not on 3 Nov 2026"),
        (("lastPurchase", "between", ["2026-01-01", "2026-01-31"]), "Last purchase from 1 Jan 2026 to 31 Jan 2026"),
        (("lastPurchase", "in", ["2026-01-01", "2026-01-31"]), "Last purchase on 1 Jan 2026 or 31 Jan 2026"),
        (("lastPurchase", "isEmpty", True), "Last purchase: none"),
        (("lastPurchase", "isEmpty", False), "Last purchase: any"),
        (("membershipStatus", "=", True), "Member"),
        (("membershipStatus", "!=", True), "Not a member"),
        (("hasPhone", "=", False), "Has no phone number"),
        (("customerName", "contains", "an"), "Customer name contains “an”"),
        (("customerName", "startsWith", "A"), "Customer name begins with “A”"),
        (("customerName", "in", ["A", "B"]), "Customer name is “A” or “B”"),
        (("rfm", "in", ["lost", "at risk"]), "Kind of buyer: Lost or At risk"),
        (("rfm", "!=", "lost"), "Kind of buyer: not Lost"),
        (("tags", "contains", "vip"), "Tags: vip"),
        (("purchaseHours", "in", ["09", "10"]), "Bought at: 09:00 or 10:00"),
    ],
)
def test_a_condition_in_words(asked, words):
    assert written(*asked) == words


@pytest.mark.parametrize(
    ("period", "words"),
    [
        ({"lastDays": 30}, "Spent in the last 30 days ≥ $500"),
        ({"from": "2026-01-01"}, "Spent from 1 Jan 2026 ≥ $500"),
        ({"from": "2026-01-01", "to": "2026-01-31"}, "Spent from 1 Jan 2026 to 31 Jan 2026 ≥ $500"),
    ],
)
def test_a_period_in_words(period, words):
    assert written("spent", ">=", 500, **period) == words


def test_of_many_values_the_first_are_named():
    assert written("tags", "in", list("abcd")) == "Tags: a, b, c or d"
    assert written("tags", "in", list("abcdef")) == "Tags: a, b, c or 3 others"


def test_a_long_text_is_cut():
    assert written("notes", "contains", "x" * 60) == f"Notes contains “{'x' * 39}…”"


def test_groups_inside_are_in_brackets():
    spent, member = ({"fact": "spent", "is": ">", "value": 1}, {"fact": "eligible", "is": "=", "value": True})
    both = read_filter({"all": [{"any": [spent, member]}, {"not": member}]})
    assert filter_in_words(both, SHOP) == "(Spent > $1 or Eligible) and (not Eligible)"
    assert filter_in_words(read_filter({"all": []}), SHOP) == "everyone"


def test_every_fact_can_be_chosen_once_and_asked_something_it_can_be_asked():
    labels = grouped_facts()
    assert set(labels) == set(FACTS)
    assert len(set(labels.values())) == len(labels)
    for fact in FACTS.values():
        asked = {"isEmpty" if key == FILLED else key for key in operators_of(fact)}
        assert asked
        assert asked <= set(fact.type.operators)


def test_every_operator_has_words():
    values = {"between": [1, 2], "in": [1], "isEmpty": True}
    for fact in (FACTS["spent"], FACTS["refundShare"]):
        for operator in fact.type.operators:
            assert written(fact.name, operator, values.get(operator, 1))
    days = {"between": ["2026-01-01"] * 2, "in": ["2026-01-01"], "isEmpty": True, "inLast": 2, "notInLast": 2}
    for operator in FACTS["createdAt"].type.operators:
        assert written("createdAt", operator, days.get(operator, "2026-01-01"))


def test_what_is_never_empty_is_not_asked_for_it():
    assert "isEmpty" not in operators_of(FACTS["spent"])
    assert "isEmpty" in operators_of(FACTS["lastPurchase"])
    assert list(operators_of(FACTS["eligible"])) == ["="]
    assert FACTS["eligible"].type is YES_NO


@pytest.mark.parametrize(
    ("asked", "operator"),
    [
        (("lastPurchase", "isEmpty", True), "isEmpty"),
        (("lastPurchase", "isEmpty", False), FILLED),
        (("tags", "contains", "a"), "in"),
        (("rfm", "=", "lost"), "in"),
        (("customerName", "contains", "a"), "contains"),
    ],
)
def test_the_operator_that_says_it(asked, operator):
    assert chosen_operator(condition(*asked)) == operator


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("500", "500"),
        (" 1,000 ", "1000"),
        ("1,234.50", "1234.50"),
        ("84,5", "84.5"),
        ("-3", "-3"),
        (".5", "0.5"),
        ("", None),
        ("abc", None),
        ("1e5", None),
        ("NaN", None),
        ("1.2.3", None),
    ],
)
def test_typed_numbers(typed, number):
    assert number_typed(typed, FACTS["spent"]) == (None if number is None else Decimal(number))


@pytest.mark.parametrize(
    ("typed", "days"),
    [("90", 90), (" 1,000 ", 1000), ("0", None), ("36526", None), ("", None), ("-1", None), ("١", None)],
)
def test_typed_days(typed, days):
    assert days_typed(typed) == days


def test_a_share_is_typed_in_percent():
    assert number_typed("12.5 %", FACTS["refundShare"]) == Decimal("0.125")
    assert number_as_typed(Decimal("0.125"), FACTS["refundShare"]) == "12.5"
    assert number_as_typed(Decimal("500.00"), FACTS["spent"]) == "500"


@pytest.mark.parametrize(
    ("fact", "label"),
    [("spent", "Amount ($)"), ("overdueBy", "Days"), ("refundShare", "Percent"), ("saleCount", "Number")],
)
def test_what_is_typed_for_a_number(fact, label):
    assert unit_in_words(FACTS[fact], SHOP) == label


def test_what_is_lacking_to_a_threshold_of_purchases_is_no_money():
    shop = ShopSettings(threshold=5, threshold_basis="purchases")
    lacking = condition("toThreshold", "<=", 2)
    assert condition_in_words(lacking, shop) == "To the threshold ≤ 2"
    assert unit_in_words(lacking.fact, shop) == "Number"


@pytest.mark.parametrize(
    ("fact", "value", "words"),
    [
        ("hasPhone", True, "Yes"),
        ("rfm", "at risk", "At risk"),
        ("rfm", None, ""),
        ("tags", ["vip", "b"], "vip, b"),
        ("lastPurchase", "2026-11-03", "3 Nov 2026"),
        ("spent", 12.5, "$12.50"),
    ],
)
def test_values_in_words(fact, value, words):
    assert value_in_words(FACTS[fact], value, SHOP) == words


def test_options_begin_with_a_capital():
    assert option_in_words(FACTS["paymentMethods"], "cash") == "Cash"
    assert option_in_words(FACTS["tags"], "vip") == "vip"
