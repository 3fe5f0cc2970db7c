"""How facts are computed out of the mirror: filters as conditions, orders, and the values that are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from kinso.mirror.derived import METHOD_BITS
from kinso.mirror.tables import FOLDED, folded_column
from kinso.models.facts import AMOUNT, CHOICE, DAY, HOURS, NUMBER, RFM, TEXT, WEEKDAYS, WORDS, YES_NO, Fact
from kinso.models.fields import BY_NAME, ERASED
from kinso.models.filters import Condition, Filter, Period
from kinso.models.membership import Rule
from kinso.models.payment_methods import PAYMENT_METHODS
from kinso.models.text import fold, id_key
from kinso.repository.conditions import Conditions
from kinso.repository.duplicates import MOST_ALIKE
from kinso.repository.mirrored import amount_of, key_of, utc
from kinso.repository.rule_amounts import eligible, measured, units

Value = Callable[[Any], Any]
"""Makes what is in the mirror what a program is told."""


@dataclass(frozen=True)
class Computed:
    """A fact as an expression over the columns of a relation; `compared` is what it is compared and sorted by."""

    compared: str
    shown: str
    value: Value


class Asked(Conditions):
    """Conditions on customers, with what has to be joined to them; `zone` is there if derived columns are read."""

    def __init__(self) -> None:
        super().__init__()
        self.joins: dict[str, str] = {}
        self.zone: ZoneInfo | None = None

    @property
    def source(self) -> str:
        """What the conditions are on."""
        return " ".join(["customers", *self.joins.values()])


@dataclass(frozen=True)
class FactsNow:
    """The facts of a shop in a time zone, with a rule, as of a day.

    `apart` tells, when it is needed, which pairs of customers (by `_id`) are not the same person.
    """

    zone: ZoneInfo
    today: date
    rule: Rule
    apart: Callable[[], Iterable[tuple[str, str]]] = tuple

    def meeting(self, asked: Asked, filter: Filter) -> str:
        """Who meets a filter, as a condition."""
        if isinstance(filter, Condition):
            return self._meeting_one(asked, filter)
        parts = [f"({self.meeting(asked, part)})" for part in filter.parts]
        if filter.kind == "not":
            return f"NOT {parts[0]}"
        return (" AND " if filter.kind == "all" else " OR ").join(parts) or "true"

    def eligible(self) -> str:
        """Whom the rule would make members now, as a condition."""
        return eligible(self.rule)

    def computed(self, asked: Asked, fact: Fact, period: Period | None = None) -> Computed:
        """How a fact is computed; what it needs is joined to what is asked."""
        if fact.name in BY_NAME:
            return _entered(fact)
        if fact.name in MOMENTS:
            column = MOMENTS[fact.name]
            return Computed(column, column, self._day_of)
        if fact.name in _PLAIN:
            return _PLAIN[fact.name]
        if fact.name == "eligible":
            return _as_it_is(f"coalesce({self.eligible()}, false)")
        if fact.name == "toThreshold":
            return self._to_threshold(asked)
        if fact.name == "likelyTwin":
            return _as_it_is(self._likely_twin())
        asked.zone = self.zone
        if fact.takes_period:
            columns = _OF_PURCHASES if period is None else self._in_period(asked, period)
            return _of_purchases(fact, columns)
        if fact.name == "rfm":
            return self._rfm(asked)
        return _derived(fact, self.today)

    def _meeting_one(self, asked: Asked, condition: Condition) -> str:
        fact = condition.fact
        computed = self.computed(asked, fact, condition.period)
        return f"coalesce({_TESTS[fact.type](self, asked, computed.compared, condition)}, false)"

    def _to_threshold(self, asked: Asked) -> Computed:
        amount = "purchase_amount"
        if self.rule.basis.measure is not None:
            asked.joins["rule"] = f"""LEFT JOIN ({measured(self.rule)}) AS by_rule (rule_customer, rule_amount)
                ON rule_customer = customers.key"""
            amount = "coalesce(rule_amount, 0)"
        smallest = self.rule.basis.unit.smallest
        lacking = f"greatest({units(self.rule.basis, self.rule.threshold)} - {amount}, 0)"
        return Computed(f"({lacking} * {smallest})", lacking, lambda value: _json_number(int(value) * smallest))

    def _likely_twin(self) -> str:
        pairs = [(key_of(one), key_of(other)) for one, other in self.apart()]
        if not pairs:
            return _LIKELY_TWIN
        # Written out, because an order takes no parameters.
        ones = [str(key) for pair in pairs for key in pair]
        others = [str(key) for pair in pairs for key in pair[::-1]]
        is_in_none = f"key NOT IN (SELECT unnest({ones})::HUGEINT)"
        return f"({_LIKELY_TWIN} AND ({is_in_none} OR key IN ({_still_alike(ones, others)})))"

    def _day_of(self, moment: datetime) -> str:
        return moment.replace(tzinfo=UTC).astimezone(self.zone).date().isoformat()

    def _in_period(self, asked: Asked, period: Period) -> Mapping[str, str]:
        first, last = period.days(self.today)
        bounds = [
            f"AND counts_at {sign} {asked.given(self.beginning(day))}"
            for sign, day in ((">=", first), ("<", last + timedelta(days=1) if last else None))
            if day is not None
        ]
        name = f"period{len(asked.joins)}"
        asked.joins[name] = f"""LEFT JOIN (
            SELECT customer,
                count(*) FILTER (kind = 'sale') AS sale_count,
                sum(cents) FILTER (kind = 'sale') AS sold,
                max(cents) FILTER (kind = 'sale') AS largest_sale,
                count(*) FILTER (kind = 'refund') AS refund_count,
                sum(cents) FILTER (kind = 'refund') AS refunded,
                sum(items) FILTER (kind = 'sale') AS items,
                bit_or({METHOD_BITS}) FILTER (kind = 'sale') AS methods
            FROM entries WHERE counts AND kind IN ('sale', 'refund') {" ".join(bounds)} GROUP BY customer
        ) AS {name} (customer_of_{name}, {", ".join(f"{name}_{column}" for column in _OF_PURCHASES)})
        ON customer_of_{name} = customers.key"""
        return {
            column: f"{name}_{column}" if column == "largest_sale" else f"coalesce({name}_{column}, 0)"
            for column in _OF_PURCHASES
        }

    def _rfm(self, asked: Asked) -> Computed:
        edges = {"lately": "last_day", "often": "sale_count", "much": _WHOLE_UNITS}
        asked.joins |= {name: _edges(name, value) for name, value in edges.items()}
        fifths = [_fifth(value, name) for name, value in edges.items()]
        return _as_it_is(f"CASE WHEN sale_count > 0 THEN {_kind_of_buyer(*fifths)} END")

    def beginning(self, day: date) -> datetime:
        """When a day begins, as the mirror holds it."""
        return utc(datetime.combine(day, time(), self.zone).astimezone(UTC))


def needed(facts: FactsNow | None) -> FactsNow:
    """The facts, for a query that cannot do without."""
    if facts is None:
        raise ValueError("A query about facts needs to know how they are computed.")
    return facts


def _as_it_is(sql: str) -> Computed:
    return Computed(sql, sql, lambda value: value)


def _number(sql: str) -> Computed:
    return Computed(sql, sql, _json_number)


def _amount(cents: str) -> Computed:
    return Computed(cents, cents, lambda value: None if value is None else float(amount_of(value)))


def _day(sql: str) -> Computed:
    return Computed(sql, sql, lambda value: None if value is None else value.isoformat())


def _words(mask: str, words: Sequence[str]) -> Computed:
    return Computed(mask, mask, lambda bits: [word for place, word in enumerate(words) if bits >> place & 1])


def _json_number(value: Any) -> int | float | None:
    if value is None:
        return None
    return int(value) if value == int(value) else float(value)


_KEYS = {"customerId": "id_key", "customerName": "name_key", "contactInfo": "contact_key"}
_FOLDED = {field.name: folded_column(field) for field in FOLDED}


def _entered(fact: Fact) -> Computed:
    field = BY_NAME[fact.name]
    column = field.attribute
    compared = _KEYS.get(fact.name) or _FOLDED.get(fact.name) or column
    if fact.type is AMOUNT:
        return _amount(column)
    if fact.type is DAY:
        return _day(column)
    if fact.type is NUMBER:
        return _number(column)
    if fact.type is CHOICE:
        return Computed(f"nullif({column}, '')", column, lambda value: value or None)
    return Computed(compared, column, lambda value: list(value) if isinstance(value, list | tuple) else value)


_OF_PURCHASES = {
    name: name for name in ("sale_count", "sold", "largest_sale", "refund_count", "refunded", "items", "methods")
}
"""The derived columns that can also be computed of some days, in the order in which they are."""


def _of_purchases(fact: Fact, columns: Mapping[str, str]) -> Computed:
    spent = f"({columns['sold']} + {columns['refunded']})"
    count, sold = columns["sale_count"], columns["sold"]
    match fact.name:
        case "saleCount":
            return _number(count)
        case "spent":
            return _amount(spent)
        case "averageSale":
            half_up = f"sign({spent}) * ((2 * abs({spent}) + {count}) // (2 * {count}))"
            return _amount(f"CASE WHEN {count} > 0 THEN {half_up} END")
        case "largestSale":
            return _amount(columns["largest_sale"])
        case "refundCount":
            return _number(columns["refund_count"])
        case "refundShare":
            return _number(f"CASE WHEN {sold} > 0 THEN round(-{columns['refunded']} / {sold}, 4) END")
        case "itemsBought":
            return _number(f"({columns['items']} / 1000)")
        case "paymentMethods":
            return _words(columns["methods"], PAYMENT_METHODS)
        case _:
            raise ValueError(f"{fact.name} is not computed of purchases.")


def _derived(fact: Fact, today: date) -> Computed:
    # The greatest of nothing and a number is that number.
    since = f"CASE WHEN last_day IS NOT NULL THEN greatest(DATE '{today}' - last_day, 0) END"
    match fact.name:
        case "daysSinceLastPurchase":
            return _number(since)
        case "usualDaysBetween":
            return _number("usual_days")
        case "overdueBy":
            return _number(f"CASE WHEN usual_days IS NOT NULL THEN greatest({since} - usual_days, 0) END")
        case _:
            return _DERIVED[fact.name]


MASKS: Mapping[str, Sequence[str]] = {
    "paymentMethods": PAYMENT_METHODS,
    "purchaseWeekdays": WEEKDAYS,
    "purchaseHours": HOURS,
}
"""What has a bit for each of some words."""
_DERIVED = {
    "hasAddress": _as_it_is("has_address"),
    "firstPurchase": _day("first_day"),
    "lastPurchase": _day("last_day"),
    "purchaseWeekdays": _words("weekdays", WEEKDAYS),
    "purchaseHours": _words("hours", HOURS),
    "memberSince": _day("member_since"),
    "memberBy": _as_it_is("member_by"),
    "everMember": _as_it_is("was_member"),
}
_AMONG_FEW = f"HAVING count(*) BETWEEN 2 AND {MOST_ALIKE}"
_LIKELY_TWIN = f"""(
    key IN (
        SELECT customer FROM customer_keys WHERE NOT is_name AND hash IN (
            SELECT hash FROM customer_keys WHERE NOT is_name GROUP BY hash {_AMONG_FEW}
        )
    )
    OR contact_key IN (
        SELECT contact_key FROM customers WHERE contact_key <> '{fold(ERASED)}' GROUP BY contact_key {_AMONG_FEW}
    )
)"""


def _still_alike(ones: Sequence[str], others: Sequence[str]) -> str:
    """Of customers of whom some pairs are apart, those who have something in common with anybody else."""
    apart = f"(SELECT unnest({ones})::HUGEINT, unnest({others})::HUGEINT)"
    return f"""
        SELECT own.customer FROM (
            SELECT customer, hash AS value FROM customer_keys WHERE NOT is_name
            UNION ALL SELECT key, hash(contact_key) FROM customers WHERE contact_key <> '{fold(ERASED)}'
        ) AS own JOIN (
            SELECT customer, hash AS value FROM customer_keys WHERE NOT is_name
            UNION ALL SELECT key, hash(contact_key) FROM customers
        ) AS theirs USING (value)
        WHERE own.customer IN (SELECT unnest({ones})::HUGEINT) AND own.customer <> theirs.customer
        AND (own.customer, theirs.customer) NOT IN {apart}
        AND value IN (
            SELECT value FROM (
                SELECT hash AS value FROM customer_keys WHERE NOT is_name
                UNION ALL SELECT hash(contact_key) FROM customers
            ) GROUP BY value {_AMONG_FEW}
        )"""


_PLAIN = {
    "registeredBy": Computed("registered_by_key", "registered_by", lambda value: value),
    "source": _as_it_is("registered_from"),
    "hasPhone": _as_it_is("has_phone"),
    "hasEmail": _as_it_is("has_email"),
    "excludedFromActivation": _as_it_is("(excluded AND NOT membership_status)"),
}
MOMENTS = {"createdAt": "created_at", "updatedAt": "updated_at"}
"""Days that the mirror has as moments."""


_WHOLE_UNITS = "((sold + refunded) // 100)"
"""Of few different values, which takes a tenth of the time."""


def _edges(name: str, value: str) -> str:
    """The values that end the first to the fourth fifth of all buyers, as columns of what is joined."""
    ends = ", ".join(f"min(value) FILTER (5 * up_to >= {fifth} * everyone) AS {name}{fifth}" for fifth in range(1, 5))
    counted = f"""
        SELECT {value} AS value, sum(count(*)) OVER (ORDER BY {value}) AS up_to, sum(count(*)) OVER () AS everyone
        FROM customers WHERE sale_count > 0 GROUP BY value"""
    return f"CROSS JOIN (SELECT {ends} FROM ({counted})) AS {name}"


def _fifth(value: str, name: str) -> str:
    """In which fifth of all a value is, from 1 to 5; equal values are in the same one."""
    return "(1 + " + " + ".join(f"({value} > {name}{fifth})::INTEGER" for fifth in range(1, 5)) + ")"


def _kind_of_buyer(lately: str, often: str, much: str) -> str:
    """Of the usual kinds: by how lately, and by how often and how much together, each from 1 to 5."""
    value = f"(({often} + {much} + 1) // 2)"
    cases = {
        "champions": f"{lately} >= 4 AND {value} >= 4",
        "loyal": f"({lately} >= 4 AND {value} = 3) OR ({lately} = 3 AND {value} >= 4)",
        "new": f"{lately} = 5 AND {value} = 1",
        "promising": f"{lately} >= 4",
        "needs attention": f"{lately} = 3 AND {value} >= 2",
        "cannot lose": f"{lately} = 1 AND {value} = 5",
        "at risk": f"{lately} <= 2 AND {value} >= 3",
        "sleeping": f"{lately} >= 2",
    }
    tested = " ".join(f"WHEN {condition} THEN '{name}'" for name, condition in cases.items())
    return f"CASE {tested} ELSE '{RFM[-1]}' END"


def _test_text(_now: FactsNow, asked: Asked, column: str, condition: Condition) -> str:
    form = id_key if condition.fact.name == "customerId" else fold
    value = condition.value
    match condition.operator:
        case "isEmpty":
            return f"{column} = ''" if value else f"{column} <> ''"
        case "contains":
            return f"contains({column}, {asked.given(form(value))})"
        case "startsWith":
            return f"starts_with({column}, {asked.given(form(value))})"
        case "in":
            return f"{column} IN ({', '.join(asked.given(form(each)) for each in value)})"
        case _:
            return f"{column} {condition.operator} {asked.given(form(value))}"


def _test_value(_now: FactsNow, asked: Asked, column: str, condition: Condition) -> str:
    """For numbers and for words of which somebody has one."""

    def given(each: Any) -> str:
        if condition.fact.type is AMOUNT:
            return asked.given(int(each * 100))
        return asked.given(float(each) if isinstance(each, Decimal) else each)

    value = condition.value
    match condition.operator:
        case "isEmpty":
            return _is_empty(column, value)
        case "in":
            return f"{column} IN ({', '.join(map(given, value))})"
        case "between":
            return f"{column} BETWEEN {given(value[0])} AND {given(value[1])}"
        case "!=":
            return f"{column} IS DISTINCT FROM {given(value)}"
        case operator:
            return f"{column} {operator} {given(value)}"


def _is_empty(column: str, wanted: bool) -> str:
    return f"{column} IS {'' if wanted else 'NOT '}NULL"


def _test_truth(_now: FactsNow, _asked: Asked, column: str, condition: Condition) -> str:
    return column if condition.value == (condition.operator == "=") else f"NOT {column}"


def _test_day(now: FactsNow, asked: Asked, column: str, condition: Condition) -> str:
    one = timedelta(days=1)

    def given(day: date) -> str:
        return asked.given(now.beginning(day) if condition.fact.name in MOMENTS else day)

    def within(first: date, last: date) -> str:
        return f"{column} >= {given(first)} AND {column} < {given(last + one)}"

    value = condition.value
    match condition.operator:
        case "isEmpty":
            return _is_empty(column, value)
        case "=":
            return within(value, value)
        case "!=":
            return f"NOT coalesce({within(value, value)}, false)"
        case "<" | "before":
            return f"{column} < {given(value)}"
        case "<=":
            return f"{column} < {given(value + one)}"
        case ">" | "after":
            return f"{column} >= {given(value + one)}"
        case ">=":
            return f"{column} >= {given(value)}"
        case "between":
            return within(*value)
        case "in":
            return " OR ".join(f"({within(day, day)})" for day in value)
        case operator:
            last_days = within(now.today - (value - 1) * one, now.today)
            return last_days if operator == "inLast" else f"NOT coalesce({last_days}, false)"


def _test_words(_now: FactsNow, asked: Asked, column: str, condition: Condition) -> str:
    value = condition.value
    wanted = value if condition.operator == "in" else (value,)
    if condition.fact.name in MASKS:
        if condition.operator == "isEmpty":
            return f"{column} {'=' if value else '<>'} 0"
        words = MASKS[condition.fact.name]
        return f"({column} & {sum(1 << words.index(word) for word in dict.fromkeys(wanted))}) <> 0"
    if condition.operator == "isEmpty":
        return f"len({column}) {'=' if value else '>'} 0"
    return f"list_has_any({column}, [{', '.join(asked.given(fold(word)) for word in wanted)}])"


_TESTS = {
    TEXT: _test_text,
    AMOUNT: _test_value,
    NUMBER: _test_value,
    YES_NO: _test_truth,
    DAY: _test_day,
    CHOICE: _test_value,
    WORDS: _test_words,
}
