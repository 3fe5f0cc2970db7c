"""What facts and filters mean, by a look at every document; simple, slow and without SQL."""

from collections import Counter
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from kinso.models.fields import FIELDS
from kinso.models.filters import Condition, Filter, Period
from kinso.models.membership import Rule
from kinso.models.phones import emails_in, numbers_in
from kinso.models.text import fold, id_key
from kinso.repository.store import Store
from tests.support.oracle import Oracle

WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
METHODS = ["cash", "card", "mobile", "transfer", "other"]


class FactOracle:
    """Reads everything anew, as of a day."""

    def __init__(self, store: Store, zone: ZoneInfo, today: date, rule: Rule) -> None:
        self._oracle = Oracle(store)
        self._zone, self.today, self._rule = zone, today, rule
        self._by_rule = self._oracle.spent(rule)
        self._entries: dict[str, list[dict]] = {}
        for entry in self._oracle.entries:
            if not entry["void"] and entry["kind"] in ("sale", "refund"):
                self._entries.setdefault(entry["customer"], []).append(entry)
        self.customers = {each.id: each for each in self._oracle.customers}
        self.documents = {str(each["_id"]): each for each in self._oracle.documents}
        self._apart = [{each["one"], each["other"]} for each in store.connection.database["different_people"].find()]
        self._fifths = self._of_all()

    def day(self, moment: datetime) -> date:
        return moment.astimezone(self._zone).date()

    def value(self, id: str, name: str, period: Period | None = None) -> Any:
        """The fact of a customer as JSON has it."""
        entered = next((field for field in FIELDS if field.name == name), None)
        if entered:
            value = entered.type.to_json(entered.of(self.customers[id]))
            return None if value == "" and entered.type.key == "choice" else value
        return getattr(self, f"_{name}")(id) if period is None else getattr(self, f"_{name}")(id, period)

    def meets(self, id: str, filter: Filter) -> bool:
        if not isinstance(filter, Condition):
            parts = [self.meets(id, part) for part in filter.parts]
            return {"all": all(parts), "any": any(parts), "not": not all(parts)}[filter.kind]
        value = self.value(id, filter.fact.name, filter.period)
        return _TESTS[filter.fact.type.key](self, filter, value)

    def _createdAt(self, id):  # noqa: N802
        return self.day(self.customers[id].created_at).isoformat()

    def _updatedAt(self, id):  # noqa: N802
        return self.day(self.customers[id].updated_at).isoformat()

    def _registeredBy(self, id):  # noqa: N802
        return self.documents[id]["registration"]["byName"]

    def _source(self, id):
        return self.documents[id]["registration"]["source"]

    def _hasPhone(self, id):  # noqa: N802
        return bool(numbers_in(self.customers[id].contact_info, self._oracle.country))

    def _hasEmail(self, id):  # noqa: N802
        return bool(emails_in(self.customers[id].contact_info))

    def _hasAddress(self, id):  # noqa: N802
        words = [word for word in self.customers[id].contact_info.split() if "@" not in word]
        return sum(letter.isalpha() for word in words for letter in word) >= 4

    def _sales(self, id, period=None):
        return [each for each in self._within(id, period) if each["kind"] == "sale"]

    def _refunds(self, id, period=None):
        return [each for each in self._within(id, period) if each["kind"] == "refund"]

    def _within(self, id, period):
        entries = self._entries.get(id, [])
        if period is None:
            return entries
        first, last = period.days(self.today)
        days = [(each, self.day(each["countsAt"])) for each in entries]
        return [each for each, day in days if (not first or day >= first) and (not last or day <= last)]

    def _saleCount(self, id, period=None):  # noqa: N802
        return len(self._sales(id, period))

    def _spent(self, id, period=None):
        return _cents(self._within(id, period)) / 100

    def _averageSale(self, id, period=None):  # noqa: N802
        count = len(self._sales(id, period))
        if not count:
            return None
        cents = Decimal(_cents(self._within(id, period))) / count
        return float(cents.quantize(Decimal(1), ROUND_HALF_UP) / 100)

    def _largestSale(self, id, period=None):  # noqa: N802
        return max((each["amount"] for each in self._sales(id, period)), default=None)

    def _days(self, id):
        return sorted({self.day(each["soldAt"]) for each in self._sales(id)})

    def _firstPurchase(self, id):  # noqa: N802
        return self._days(id)[0].isoformat() if self._days(id) else None

    def _lastPurchase(self, id):  # noqa: N802
        return self._days(id)[-1].isoformat() if self._days(id) else None

    def _daysSinceLastPurchase(self, id):  # noqa: N802
        return max((self.today - self._days(id)[-1]).days, 0) if self._days(id) else None

    def _usualDaysBetween(self, id):  # noqa: N802
        days = self._days(id)
        return median((later - day).days for day, later in pairwise(days)) if days[1:] else None

    def _overdueBy(self, id):  # noqa: N802
        usual = self._usualDaysBetween(id)
        return None if usual is None else max(self._daysSinceLastPurchase(id) - usual, 0)

    def _refundCount(self, id, period=None):  # noqa: N802
        return len(self._refunds(id, period))

    def _refundShare(self, id, period=None):  # noqa: N802
        sold = _cents(self._sales(id, period))
        return round(-_cents(self._refunds(id, period)) / sold, 4) if sold > 0 else None

    def _itemsBought(self, id, period=None):  # noqa: N802
        return round(sum(item["quantity"] for each in self._sales(id, period) for item in each.get("items", ())), 3)

    def _paymentMethods(self, id, period=None):  # noqa: N802
        used = {each.get("paymentMethod") for each in self._sales(id, period)}
        return [method for method in METHODS if method in used]

    def _purchaseWeekdays(self, id):  # noqa: N802
        used = {each["soldAt"].astimezone(self._zone).weekday() for each in self._sales(id)}
        return [WEEKDAYS[number] for number in sorted(used)]

    def _purchaseHours(self, id):  # noqa: N802
        return sorted({f"{each['soldAt'].astimezone(self._zone).hour:02}" for each in self._sales(id)})

    def _held(self, id):
        return [each for each in self._oracle.memberships if each["customer"] == id]

    def _present(self, id):
        return next((each for each in self._held(id) if each["to"] is None), None)

    def _memberSince(self, id):  # noqa: N802
        return self.day(self._present(id)["from"]).isoformat() if self._present(id) else None

    def _memberBy(self, id):  # noqa: N802
        return self._present(id)["begun"]["basis"] if self._present(id) else None

    def _everMember(self, id):  # noqa: N802
        return bool(self._held(id))

    def _excludedFromActivation(self, id):  # noqa: N802
        return self.customers[id].excluded and not self.customers[id].membership_status

    def _toThreshold(self, id):  # noqa: N802
        return float(max(self._rule.threshold - self._by_rule[id], Decimal(0)))

    def _eligible(self, id):
        customer = self.customers[id]
        reached = self._by_rule[id] >= self._rule.threshold
        return reached and not customer.membership_status and not customer.excluded

    def _likelyTwin(self, id):  # noqa: N802
        def marks(document):
            helpers = document["search"]
            return {helpers["contact"], *(key for key in helpers["keys"] if not key.startswith("n "))}

        common = Counter(mark for each in self.documents.values() for mark in marks(each))
        own = {mark for mark in marks(self.documents[id]) if common[mark] <= 10}
        others = [each for other, each in self.documents.items() if other != id and {id, other} not in self._apart]
        return any(own & marks(other) for other in others)

    def _buyer(self, id):
        return self._days(id)[-1], len(self._sales(id)), _cents(self._within(id, None)) // 100

    def _of_all(self):
        buyers = [self._buyer(id) for id in self.customers if self._sales(id)]
        return [[_quantile(sorted(column), place / 5) for place in range(1, 5)] for column in zip(*buyers, strict=True)]

    def _rfm(self, id):
        if not self._sales(id):
            return None
        scores = [
            1 + sum(value > edge for edge in edges) for value, edges in zip(self._buyer(id), self._fifths, strict=True)
        ]
        lately, value = scores[0], (scores[1] + scores[2] + 1) // 2
        rows = {
            5: ["new", "promising", "loyal", "champions", "champions"],
            4: ["promising", "promising", "loyal", "champions", "champions"],
            3: ["sleeping", "needs attention", "needs attention", "loyal", "loyal"],
            2: ["sleeping", "sleeping", "at risk", "at risk", "at risk"],
            1: ["lost", "lost", "at risk", "at risk", "cannot lose"],
        }
        return rows[lately][value - 1]


def _cents(entries):
    return sum(round(each["amount"] * 100) for each in entries)


def _quantile(values, share):
    """The first value that at least so many are not above."""
    counted, total = Counter(values), 0
    for value in sorted(counted):
        total += counted[value]
        if total >= share * len(values):
            return value
    raise AssertionError


def _text(oracle, asked, value):
    form = id_key if asked.fact.name == "customerId" else fold
    have, wanted = form(value), asked.value
    if asked.operator == "isEmpty":
        return (have == "") == wanted
    if asked.operator == "in":
        return have in [form(each) for each in wanted]
    wanted = form(wanted)
    return {
        "=": have == wanted,
        "!=": have != wanted,
        "contains": wanted in have,
        "startsWith": have.startswith(wanted),
    }[asked.operator]


def _compared(operator, have, wanted):
    if operator == "isEmpty":
        return (have is None) == wanted
    if have is None:
        return operator == "!="
    match operator:
        case "=":
            return have == wanted
        case "!=":
            return have != wanted
        case "<":
            return have < wanted
        case "<=":
            return have <= wanted
        case ">":
            return have > wanted
        case ">=":
            return have >= wanted
        case "in":
            return have in wanted
        case "between":
            return wanted[0] <= have <= wanted[1]
    raise AssertionError(operator)


def _number(oracle, asked, value):
    def number(each):
        return each if isinstance(each, bool | None) else float(each)

    wanted = tuple(map(number, asked.value)) if isinstance(asked.value, tuple) else number(asked.value)
    return _compared(asked.operator, number(value), wanted)


def _truth(oracle, asked, value):
    return (value == asked.value) == (asked.operator == "=")


def _day(oracle, asked, value):
    have = date.fromisoformat(value) if value else None
    today, operator = oracle.today, {"before": "<", "after": ">"}.get(asked.operator, asked.operator)
    if operator in ("inLast", "notInLast"):
        is_in = have is not None and today - timedelta(days=asked.value) < have <= today
        return is_in == (operator == "inLast")
    return _compared(operator, have, asked.value)


def _choice(oracle, asked, value):
    return _compared(asked.operator, value, asked.value)


def _words(oracle, asked, value):
    if asked.operator == "isEmpty":
        return (not value) == asked.value
    wanted = asked.value if asked.operator == "in" else (asked.value,)
    return not set(map(fold, value)).isdisjoint(map(fold, wanted))


_TESTS = {
    "text": _text,
    "amount": _number,
    "number": _number,
    "yes/no": _truth,
    "day": _day,
    "choice": _choice,
    "words": _words,
}
