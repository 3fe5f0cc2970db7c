"""Facts, and what is asked of them, in words: what can be chosen, and what a condition says on its chip.

Everything here is plain text; typed text is in it as typed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from babel.numbers import format_decimal, format_percent

from kinso.models.facts import AMOUNT, CHOICE, DAY, FACTS, MONEY, NUMBER, TEXT, WORDS, YES_NO, Fact, FactType
from kinso.models.fields import FIELDS
from kinso.models.filters import MOST_DAYS, Condition, Filter, Group, Period
from kinso.models.rule_bases import RULE_BASES
from kinso.models.shop import ShopSettings
from kinso.ui.wording import LOCALE, counted, currency_symbol, day, money, number

FILLED = "isFilled"
"""What is asked with `isEmpty` of false, as an operator of its own."""
_COMPARED = {
    ">=": "is at least",
    "<=": "is at most",
    "between": "is between",
    ">": "is more than",
    "<": "is less than",
    "=": "is exactly",
    "!=": "is not",
    "isEmpty": "has none",
    FILLED: "has one",
}
OPERATORS: Mapping[FactType, Mapping[str, str]] = {
    TEXT: {
        "contains": "contains",
        "startsWith": "begins with",
        "=": "is",
        "!=": "is not",
        "in": "is one of",
        "isEmpty": "is empty",
        FILLED: "is not empty",
    },
    AMOUNT: _COMPARED,
    NUMBER: _COMPARED,
    YES_NO: {"=": "is"},
    DAY: {
        "inLast": "in the last … days",
        "notInLast": "not in the last … days",
        "before": "before",
        "after": "after",
        "between": "from … to",
        "=": "on",
        ">=": "on or after",
        "<=": "on or before",
        "isEmpty": "has none",
        FILLED: "has one",
    },
    CHOICE: {"in": "is one of", "!=": "is not", "isEmpty": "has none", FILLED: "has one"},
    WORDS: {"in": "is one of", "isEmpty": "has none", FILLED: "has one"},
}
"""What can be chosen, by the type of the fact, the most useful first."""
_NEVER_EMPTY = frozenset(
    {
        *(field.name for field in FIELDS if field.is_required),
        *("purchaseAmount", "spent", "saleCount", "refundCount", "itemsBought", "toThreshold"),
        *("createdAt", "updatedAt"),
    }
)
_EMPTINESS = frozenset({"isEmpty", FILLED})
_SIGNS = {">=": "≥", "<=": "≤", ">": ">", "<": "<", "=": "=", "!=": "≠"}
_DAYS = {
    "before": "before",
    "after": "after",
    "<": "before",
    ">": "after",
    ">=": "on or after",
    "<=": "on or before",
    "=": "on",
    "!=": "not on",
}
_TEXTS = {"contains": "contains", "startsWith": "begins with", "=": "is", "!=": "is not"}
YES, NO = "Yes", "No"
_YES_AND_NO = {
    "membershipStatus": ("Member", "Not a member"),
    "hasPhone": ("Has a phone number", "Has no phone number"),
    "hasEmail": ("Has an e-mail address", "Has no e-mail address"),
    "hasAddress": ("Has an address", "Has no address"),
    "everMember": ("Ever a member", "Never a member"),
    "excludedFromActivation": ("Excluded from activation", "Not excluded from activation"),
    "eligible": ("Eligible", "Not eligible"),
    "likelyTwin": ("A likely duplicate", "No likely duplicate"),
}
_MOST_NAMED = 3
_LONGEST_SHOWN = 40
_COMMA_AS_POINT = re.compile(r"-?\d+,\d{1,2}")

_GROUPS: Mapping[str, Sequence[str]] = {
    "Buying": (
        *("purchaseAmount", "spent", "saleCount", "averageSale", "largestSale", "lastPurchase", "firstPurchase"),
        *("daysSinceLastPurchase", "overdueBy", "usualDaysBetween", "itemsBought", "refundCount", "refundShare"),
        *("paymentMethods", "purchaseWeekdays", "purchaseHours", "rfm"),
    ),
    "Membership": (
        *("membershipStatus", "memberSince", "memberBy", "everMember", "eligible", "toThreshold"),
        "excludedFromActivation",
    ),
    "Contact": ("customerName", "customerId", "contactInfo", "hasPhone", "hasEmail", "hasAddress"),
}
_OTHERS = "Record"


def grouped_facts() -> dict[str, str]:
    """Every fact, by name, with what it is called in a list of all: `Buying · Spent`; groups stay together."""
    known = [(group, name) for group, names in _GROUPS.items() for name in names if name in FACTS]
    named = {name for _, name in known}
    others = [(_OTHERS, name) for name in FACTS if name not in named]
    return {name: f"{group} · {FACTS[name].label}" for group, name in (*known, *others)}


def operators_of(fact: Fact) -> dict[str, str]:
    """What can be chosen for this fact, in words."""
    left_out = _EMPTINESS if fact.name in _NEVER_EMPTY else ()
    return {key: words for key, words in OPERATORS[fact.type].items() if key not in left_out}


def chosen_operator(condition: Condition) -> str:
    """Which of the operators to choose from says this."""
    if condition.operator == "isEmpty" and not condition.value:
        return FILLED
    if condition.operator == "contains" and condition.fact.type is WORDS:
        return "in"
    if condition.operator == "=" and condition.fact.type is CHOICE:
        return "in"
    return condition.operator


def is_money(fact: Fact, shop: ShopSettings) -> bool:
    """Whether its numbers are amounts in the shop's currency; what is lacking to the threshold may be purchases."""
    if fact.unit == "threshold":
        basis = RULE_BASES.get(shop.threshold_basis)
        return basis is not None and not basis.unit.noun
    return fact.unit == MONEY


def unit_in_words(fact: Fact, shop: ShopSettings) -> str:
    """What is typed for a number of this fact: `Amount ($)`, `Days`, `Percent`."""
    if is_money(fact, shop):
        return f"Amount ({currency_symbol(shop)})"
    return {"days": "Days", "share": "Percent"}.get(fact.unit or "", "Number")


def number_typed(text: str, fact: Fact) -> Decimal | None:
    """What was typed for a number of this fact; None for what is none. A share is typed in percent."""
    bare = "".join(text.split()).rstrip("%")
    bare = bare.replace(",", "." if _COMMA_AS_POINT.fullmatch(bare) else "")
    if not re.fullmatch(r"-?(\d{1,15}(\.\d{0,6})?|\.\d{1,6})", bare):
        return None
    return Decimal(bare) / 100 if fact.unit == "share" else Decimal(bare)


def days_typed(text: str) -> int | None:
    """A number of days as it was typed; None for what is none or asks for too many."""
    bare = "".join(text.split()).replace(",", "")
    days = int(bare) if re.fullmatch(r"[0-9]{1,6}", bare) else 0
    return days if 1 <= days <= MOST_DAYS else None


def number_as_typed(value: Decimal, fact: Fact) -> str:
    """A number as somebody would type it: `500`, `12.5`."""
    return f"{(value * 100 if fact.unit == 'share' else value).normalize():f}"


def yes_or_no(fact: Fact) -> tuple[str, str]:
    """What a fact with two values says for either: `Member`, `Not a member`."""
    return _YES_AND_NO.get(fact.name, (f"{fact.label}: yes", f"{fact.label}: no"))


def option_in_words(fact: Fact, option: str) -> str:
    """`09:00` for an hour; other words begin with a capital."""
    if fact.name == "purchaseHours":
        return f"{option}:00"
    return f"{option[:1].upper()}{option[1:]}" if option in fact.options else option


def condition_in_words(condition: Condition, shop: ShopSettings) -> str:
    """`Spent in the last 30 days ≥ $500`, `Last purchase not in the last 90 days`, `Not a member`."""
    fact, value = condition.fact, condition.value
    if fact.type is YES_NO:
        yes, no = yes_or_no(fact)
        return yes if value == (condition.operator == "=") else no
    what = f"{fact.label}{_period_in_words(condition.period)}"
    if condition.operator == "isEmpty":
        return f"{what}: {'none' if value else 'any'}"
    if fact.type in (AMOUNT, NUMBER):
        return f"{what} {_numbers(condition, shop)}"
    if fact.type is DAY:
        return f"{what} {_days(condition)}"
    if fact.type is TEXT:
        return f"{what} {_texts(condition)}"
    words = _either([option_in_words(fact, each) for each in (value if isinstance(value, tuple) else (value,))])
    return f"{what}: {'not ' if condition.operator == '!=' else ''}{words}"


def filter_in_words(filter: Filter, shop: ShopSettings) -> str:
    """All of it, with groups inside of it in brackets."""
    if isinstance(filter, Condition):
        return condition_in_words(filter, shop)
    parts = [f"({words})" if isinstance(part, Group) else words for part, words in _parts_in_words(filter, shop)]
    if filter.kind == "not":
        return f"not {parts[0]}"
    return (" and " if filter.kind == "all" else " or ").join(parts) or "everyone"


def value_in_words(fact: Fact, value: Any, shop: ShopSettings) -> str:
    """A value of a fact, as programs are told it, for a column of words; nothing is empty."""
    match value:
        case None:
            return ""
        case bool():
            return YES if value else NO
        case list():
            return ", ".join(option_in_words(fact, str(each)) for each in value)
        case int() | float():
            return _number(fact, Decimal(str(value)), shop)
        case _ if fact.type is DAY:
            return day(date.fromisoformat(value))
        case _:
            return option_in_words(fact, str(value))


def _parts_in_words(group: Group, shop: ShopSettings) -> list[tuple[Filter, str]]:
    return [(part, filter_in_words(part, shop)) for part in group.parts]


def _period_in_words(period: Period | None) -> str:
    if period is None:
        return ""
    if period.last_days is not None:
        return f" in the last {counted(period.last_days, 'day')}"
    ends = (("from", period.first), ("to", period.last))
    return "".join(f" {word} {day(end)}" for word, end in ends if end)


def _numbers(condition: Condition, shop: ShopSettings) -> str:
    fact, value = condition.fact, condition.value
    if condition.operator == "between":
        low, high = (_number(fact, each, shop) for each in value)
        return f"between {low} and {high}"
    if condition.operator == "in":
        return f"= {_either([_number(fact, each, shop) for each in value])}"
    return f"{_SIGNS[condition.operator]} {_number(fact, value, shop)}"


def _number(fact: Fact, value: Decimal, shop: ShopSettings) -> str:
    if is_money(fact, shop):
        return money(value, shop).removesuffix(".00")
    if fact.unit == "share":
        return str(format_percent(value, "#,##0.##%", locale=LOCALE))
    plain = str(format_decimal(value, "#,##0.######", locale=LOCALE))
    return f"{plain} {'day' if value == 1 else 'days'}" if fact.unit == "days" else plain


def _days(condition: Condition) -> str:
    value = condition.value
    match condition.operator:
        case "inLast" | "notInLast":
            last = "today" if value == 1 else f"in the last {counted(value, 'day')}"
            return last if condition.operator == "inLast" else f"not {last}"
        case "between":
            return f"from {day(value[0])} to {day(value[1])}"
        case "in":
            return f"on {_either([day(each) for each in value])}"
        case operator:
            return f"{_DAYS[operator]} {day(value)}"


def _texts(condition: Condition) -> str:
    if condition.operator == "in":
        return f"is {_either([_quoted(each) for each in condition.value])}"
    return f"{_TEXTS[condition.operator]} {_quoted(condition.value)}"


def _quoted(text: str) -> str:
    return f"“{text if len(text) <= _LONGEST_SHOWN else f'{text[: _LONGEST_SHOWN - 1]}…'}”"


def _either(words: Sequence[str]) -> str:
    if len(words) > _MOST_NAMED + 1:
        words = [*words[:_MOST_NAMED], f"{number(len(words) - _MOST_NAMED)} others"]
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last
