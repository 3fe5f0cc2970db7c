"""What is a filter, and what is said of what is none; the API's tests have the sentences as a program gets them."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinso.models.facts import AMOUNT, DAY, FACTS, NUMBER, WORDS, YES_NO
from kinso.models.filters import Condition, Group, Period, conditions_of, read_filter, written_filter

DAYS = st.dates(date(1900, 1, 1), date(2200, 1, 1)).map(str)
NUMBERS = st.decimals(-(10**9), 10**9, places=2, allow_nan=False).map(float)


def values(fact):
    if fact.type in (AMOUNT, NUMBER):
        return NUMBERS
    if fact.type is YES_NO:
        return st.booleans()
    if fact.type is DAY:
        return DAYS
    return st.sampled_from(fact.options) if fact.options else st.sampled_from(["Ada", "été", "রহিম", "$gt", ".*"])


@st.composite
def conditions(draw):
    fact = draw(st.sampled_from([*FACTS.values()]))
    operator = draw(st.sampled_from(fact.type.operators))
    one = values(fact)
    value = {
        "isEmpty": st.booleans(),
        "inLast": st.integers(1, 400),
        "notInLast": st.integers(1, 400),
        "in": st.lists(one, min_size=1, max_size=4),
        "between": st.tuples(one, one).map(list),
    }.get(operator, one)
    periods = st.sampled_from([{"lastDays": 90}, {"from": "2026-01-01"}, {"from": "2026-01-01", "to": "2026-06-30"}])
    period = {"period": draw(periods)} if fact.takes_period and draw(st.booleans()) else {}
    return {"fact": fact.name, "is": operator, "value": draw(value), **period}


def groups(parts):
    lists = st.lists(parts, min_size=1, max_size=3)
    kinds = [lists.map(lambda each: {"all": each}), lists.map(lambda each: {"any": each})]
    return st.one_of(*kinds, parts.map(lambda each: {"not": each}))


@given(st.one_of(conditions(), groups(conditions()), groups(groups(conditions()))))
def test_what_is_read_and_written_again_is_the_same_filter(written):
    filter = read_filter(written)
    assert written_filter(filter) == written
    assert read_filter(written_filter(filter)) == filter


def test_values_are_those_of_the_type_of_the_fact():
    spent = read_filter({"fact": "spent", "is": ">=", "value": 0.1, "period": {"lastDays": 90}})
    assert spent == Condition(FACTS["spent"], ">=", Decimal("0.1"), Period(last_days=90))
    day = read_filter({"fact": "lastPurchase", "is": "before", "value": "2026-01-31"})
    assert isinstance(day, Condition)
    assert day.value == date(2026, 1, 31)


def test_a_word_is_meant_whatever_its_letter_case():
    filter = read_filter({"fact": "paymentMethods", "is": "contains", "value": "CASH"})
    assert written_filter(filter)["value"] == "cash"


def test_a_period_of_days_ends_today():
    assert Period(last_days=1).days(date(2026, 3, 1)) == (date(2026, 3, 1), date(2026, 3, 1))
    assert Period(last_days=2).days(date(2026, 3, 1)) == (date(2026, 2, 28), date(2026, 3, 1))


def test_all_conditions_are_found_however_deep_they_are():
    one = {"fact": "eligible", "is": "=", "value": True}
    filter = read_filter({"all": [one, {"not": {"any": [one, one]}}]})
    assert isinstance(filter, Group)
    assert len(conditions_of(filter)) == 3


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ([], "must be an object, such as"),
        ({}, "neither a condition with fact, is and value nor one of all, any and not"),
        ({"all": [], "any": []}, "neither a condition"),
        ({"all": {}}, "has “all” without a list of conditions"),
        ({"any": []}, "has “any” of nothing, which nobody meets"),
        ({"$or": []}, "neither a condition"),
        ({"fact": ["spent"], "is": "=", "value": 1}, "asks for the fact that it names, which there is not"),
        ({"fact": "spent", "value": 1}, "asks whether spent “is” that it names; it can be one of ="),
        ({"fact": "spent", "is": "="}, "has no value for spent ="),
        ({"fact": "spent", "is": "=", "value": True}, "its value must be a number"),
        ({"fact": "spent", "is": "=", "value": 10**400}, "its value must be from"),
        ({"fact": "spent", "is": "=", "value": 0.001}, "has more than 2 decimals"),
        ({"fact": "spent", "is": "in", "value": []}, "its value must be a list with something in it"),
        ({"fact": "spent", "is": "in", "value": [1] * 1001}, "can have at most 1,000 values"),
        ({"fact": "spent", "is": "between", "value": [1]}, "must be a list of two"),
        ({"fact": "eligible", "is": "=", "value": 1}, "its value must be true or false"),
        ({"fact": "rfm", "is": "=", "value": "best"}, "its value must be one of champions, loyal"),
        ({"fact": "customerName", "is": "contains", "value": " \u200b "}, "is empty; ask with isEmpty"),
        ({"fact": "customerName", "is": "contains", "value": "a" * 201}, "can have at most 200 characters"),
        ({"fact": "createdAt", "is": "=", "value": 20260131}, "must be a day, such as 2026-01-31"),
        ({"fact": "createdAt", "is": "<=", "value": "9999-12-31"}, "must be a day from 1800-01-01 to 2200-12-31"),
        ({"fact": "createdAt", "is": "=", "value": "0001-01-01"}, "must be a day from 1800-01-01 to 2200-12-31"),
        ({"fact": "createdAt", "is": "inLast", "value": 1.5}, "must be a whole number of days"),
        ({"fact": "spent", "is": "=", "value": 1, "period": {}}, "has a period that is none"),
        ({"fact": "spent", "is": "=", "value": 1, "period": {"last": 3}}, "it takes from and to, or lastDays"),
        ({"fact": "spent", "is": "=", "value": 1, "period": {"from": "x"}}, "must be a day"),
        ({"all": [{"fact": "eligible", "is": "=", "value": True}] * 101}, "has too many conditions; use at most 100"),
        ({"fact": "spent", "is": "=", "value": 1, "note": ""}, "has a condition with “note”; it takes fact, is, value"),
    ],
)
def test_what_is_no_filter_is_refused_with_a_sentence_part(written, sentence):
    with pytest.raises(ValueError, match=r"^[a-z]") as refused:
        read_filter(written)
    assert sentence in str(refused.value)


def test_every_fact_has_a_name_a_label_and_a_sentence_of_its_own():
    for part in ("name", "label", "description"):
        texts = [getattr(fact, part) for fact in FACTS.values()]
        assert len(set(texts)) == len(texts) >= 30
    assert all(fact.description.endswith(".") for fact in FACTS.values())
    assert all(fact.type.has_order == (fact.type is not WORDS) for fact in FACTS.values())
