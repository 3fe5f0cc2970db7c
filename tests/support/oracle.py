"""What questions about many customers are answered with by looking at every document, one after the other."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from kinso.database.country import country_of
from kinso.database.search import number_keys, words_of
from kinso.models.customers import Customer, CustomerQuery
from kinso.models.membership import Rule
from kinso.models.money import read_stored_amount
from kinso.models.phones import looks_like_a_number, parts_of_number
from kinso.models.text import fold
from kinso.repository.documents import to_customer
from kinso.repository.store import Store


class Oracle:
    """Reads everything anew; simple, slow and without an opinion of its own."""

    def __init__(self, store: Store) -> None:
        database = store.connection.database
        self.documents = list(database["customers"].find())
        self.entries = list(database["sales"].find())
        self.memberships = list(database["memberships"].find())
        self.country = country_of(database)

    @property
    def customers(self) -> list[Customer]:
        return [to_customer(document) for document in self.documents]

    def ordered(self, query: CustomerQuery) -> list[str]:
        """The `_id`s of the result in the order of the query."""
        chosen = [each for each in self.documents if self._is_wanted(each, query)]
        is_descending = query.sort_order == "desc"
        if query.sort_by == "membershipStatus":
            chosen.sort(key=lambda each: (each["search"]["name"].encode(), each["_id"]))
            chosen.sort(key=lambda each: each["membershipStatus"], reverse=is_descending)
        else:
            chosen.sort(key=lambda each: (_ORDER[query.sort_by](each), each["_id"]), reverse=is_descending)
        return [str(each["_id"]) for each in chosen]

    def spent(self, rule: Rule) -> dict[str, Decimal]:
        """What counts of each customer, also of those who have nothing."""
        spent = {str(each["_id"]): Decimal(0) for each in self.documents}
        if rule.basis.measure is None:
            return {str(each["_id"]): read_stored_amount(each["purchaseAmount"]) for each in self.documents}
        left: Counter[str] = Counter()
        for entry in self._counting():
            if entry["kind"] in ("sale", "refund"):
                left[entry["saleId"] if entry["kind"] == "sale" else entry["refundOf"]] += round(entry["amount"] * 100)
        refunded = {entry["refundOf"] for entry in self._counting() if entry["kind"] == "refund"}
        for entry in self._counting():
            is_recent = rule.since is None or entry["countsAt"] >= rule.since
            if entry["kind"] == "sale" and entry["customer"] in spent and is_recent:
                id = entry["saleId"]
                is_kept = id not in refunded or left[id] > 0
                spent[entry["customer"]] += Decimal(left[id]) / 100 if "spent" in rule.basis.measure else is_kept
        return spent

    def revenue(self, boundaries: list[datetime]) -> list[Decimal]:
        """Sales less refunds from each boundary to the next, also of those who were deleted."""
        purchases = [each for each in self._counting_for_revenue() if each["kind"] in ("sale", "refund")]
        return [
            sum(
                (read_stored_amount(each["amount"]) for each in purchases if start <= each["countsAt"] < end),
                Decimal(0),
            )
            for start, end in pairwise(boundaries)
        ]

    def buyers(self, boundaries: list[datetime]) -> list[tuple[int, int]]:
        """How many bought something from each boundary to the next, and how many of them for the first time ever."""
        sales = self._sales_of_all()
        first = {
            each["customer"]: min(one["soldAt"] for one in sales if one["customer"] == each["customer"])
            for each in sales
        }
        return [
            (
                len({each["customer"] for each in sales if start <= each["countsAt"] < end}),
                sum(start <= moment < end for moment in first.values()),
            )
            for start, end in pairwise(boundaries)
        ]

    def weekdays(self, boundaries: list[datetime]) -> list[list[int]]:
        """How many sales there were on each day of the week from each boundary to the next."""
        days = [
            Counter(each["countsAt"].weekday() for each in self._sales_of_all() if start <= each["countsAt"] < end)
            for start, end in pairwise(boundaries)
        ]
        return [[counted[day] for day in range(7)] for counted in days]

    def members_at(self, moment: datetime) -> int:
        return sum(each["from"] <= moment and (not each["to"] or each["to"] > moment) for each in self.memberships)

    def sales(self) -> list[str]:
        """The sale IDs of all entries that count, the newest first."""
        newest_first = sorted(self._counting(), key=lambda each: (each["soldAt"], each["_id"]), reverse=True)
        return [entry["saleId"] for entry in newest_first]

    def _sales_of_all(self) -> list[dict]:
        return [each for each in self._counting_for_revenue() if each["kind"] == "sale"]

    def _counting_for_revenue(self) -> list[dict]:
        """Also what deleted customers bought."""
        trashed = (each for each in self.entries if each.get("revenueOnly") and each.get("trashed"))
        return [*self._counting(), *trashed]

    def _counting(self) -> list[dict]:
        return [each for each in self.entries if not each["void"]]

    def _is_wanted(self, document: dict, query: CustomerQuery) -> bool:
        is_member = query.membership_status in (None, document["membershipStatus"])
        return is_member and (not fold(query.search) or self._has(document["search"], query.search))

    def _has(self, helpers: dict, text: str) -> bool:
        if looks_like_a_number(text):
            return self._has_literally(helpers, text)
        words = words_of(text)
        if len(words) < 2:
            return any(self._has_literally(helpers, each) for each in (text, *filter(looks_like_a_number, words)))
        of_numbers = [word for word in words if looks_like_a_number(word)]
        others = [word for word in words if word not in of_numbers]
        if not all(self._has_literally(helpers, word) for word in of_numbers):
            return False
        begun = all(re.search(rf"(?<![^\s'(\[]){re.escape(word)}", helpers["text"]) for word in others)
        return begun or (all(word in helpers["text"] for word in others) and self._has_literally(helpers, text))

    def _has_literally(self, helpers: dict, text: str) -> bool:
        if fold(text) in helpers["text"]:
            return True
        if not looks_like_a_number(text):
            return False
        parts = any(part in helpers["text"] for part in parts_of_number(text, self.country))
        return parts or not set(number_keys(text, self.country)).isdisjoint(helpers["keys"])


_ORDER: dict[str, Callable[[dict], object]] = {
    "customerId": lambda each: each["search"]["id"].encode(),
    "customerName": lambda each: each["search"]["name"].encode(),
    "contactInfo": lambda each: each["search"]["contact"].encode(),
    "purchaseAmount": lambda each: each["purchaseAmount"],
    "createdAt": lambda each: each["createdAt"],
    "updatedAt": lambda each: each["updatedAt"],
}
