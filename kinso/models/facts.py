"""Every fact of a customer that can be shown, sorted by and filtered by: what is entered, and what is computed.

A new fact is one more line at the end of this file, and how it is computed in `kinso.repository.facts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from kinso.models.accounts import RegistrationSource
from kinso.models.fields import FIELDS, Field
from kinso.models.payment_methods import PAYMENT_METHODS


@dataclass(frozen=True)
class FactType:
    """What facts of one type can be asked, and whether lists can be sorted by them."""

    key: str
    operators: tuple[str, ...]
    has_order: bool = True


_COMPARED = ("=", "!=", "<", "<=", ">", ">=", "between", "in")
TEXT = FactType("text", ("=", "!=", "in", "contains", "startsWith", "isEmpty"))
AMOUNT = FactType("amount", (*_COMPARED, "isEmpty"))
NUMBER = FactType("number", (*_COMPARED, "isEmpty"))
YES_NO = FactType("yes/no", ("=", "!="))
DAY = FactType("day", (*_COMPARED, "before", "after", "inLast", "notInLast", "isEmpty"))
CHOICE = FactType("choice", ("=", "!=", "in", "isEmpty"))
WORDS = FactType("words", ("contains", "in", "isEmpty"), has_order=False)
_OF_FIELD: Mapping[str, FactType] = {
    "text": TEXT,
    "lines": TEXT,
    "amount": AMOUNT,
    "yes/no": YES_NO,
    "date": DAY,
    "number": NUMBER,
    "choice": CHOICE,
    "tags": WORDS,
}
"""By the key of the type of a field."""

MONEY = "money"


@dataclass(frozen=True)
class Fact:
    """One fact.

    `name` is what programs call it, `label` what people read. `unit` is what its number counts (`money` is the shop's
    currency), `options` are all words that there can be. `description` says what it means and how it is computed. One
    that `takes_period` can also be asked of the purchases of some days only.
    """

    name: str
    label: str
    type: FactType
    description: str
    unit: str | None = None
    options: tuple[str, ...] = ()
    takes_period: bool = False


_DESCRIBED: Mapping[str, str] = {
    "customerId": "The shop's own number, whatever its letter case and kinds of dash and space.",
    "customerName": "The name, whatever its letter case and accents.",
    "contactInfo": "Phone, e-mail or address as it was typed, whatever its letter case and accents.",
    "purchaseAmount": "Everything in the ledger: purchases less refunds, the balance they came with, and corrections.",
    "membershipStatus": "Whether they are a member now.",
    "notes": "What was noted about them, whatever its letter case and accents.",
    "tags": "The tags they have; letter case and accents make no difference.",
}
_AMONG_SALES = "Of sales that were not undone"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOURS = tuple(f"{hour:02}" for hour in range(24))
EARLIER = "earlier application"
REGISTERED_FROM = (*get_args(RegistrationSource), EARLIER)
DECIDED_BY = ("rule", "person", "adopted")
RFM = (
    "champions",
    "loyal",
    "new",
    "promising",
    "needs attention",
    "at risk",
    "cannot lose",
    "sleeping",
    "lost",
)


def _of_field(field: Field) -> Fact:
    type = _OF_FIELD[field.type.key]
    return Fact(
        field.name,
        field.label,
        type,
        _DESCRIBED.get(field.name, f"{field.label} as it was entered."),
        MONEY if type is AMOUNT else None,
        getattr(field.type, "options", ()),
    )


_COMPUTED = (
    Fact("createdAt", "Registered", DAY, "The day on which they were registered."),
    Fact("updatedAt", "Last changed", DAY, "The day of the latest change of any of their data, also by a purchase."),
    Fact(
        "registeredBy",
        "Registered by",
        TEXT,
        "The name of who registered them, as it was then; empty for customers of an earlier application.",
    ),
    Fact(
        "source",
        "Registered from",
        CHOICE,
        "Where they were registered: in the app, by a program (api), from a file (import), on the command line (cli),"
        " by Kinso itself (system), or by an earlier application.",
        options=REGISTERED_FROM,
    ),
    Fact("hasPhone", "Has a phone number", YES_NO, "Whether the contact holds a phone number."),
    Fact("hasEmail", "Has an e-mail address", YES_NO, "Whether the contact holds an e-mail address."),
    Fact(
        "hasAddress",
        "Has an address",
        YES_NO,
        "Whether the contact holds four letters or more beside phone numbers and e-mail addresses.",
    ),
    Fact(
        "saleCount",
        "Purchases",
        NUMBER,
        "How many sales they have; a refunded one is still one, an undone one is none.",
        "purchases",
        takes_period=True,
    ),
    Fact(
        "spent",
        "Spent",
        AMOUNT,
        "Sales less what was refunded of them, which counts when the sale does. Balances that customers came with and"
        " typed corrections do not count.",
        MONEY,
        takes_period=True,
    ),
    Fact(
        "averageSale",
        "Average purchase",
        AMOUNT,
        "Spent divided by the number of purchases, rounded to cents; empty without one.",
        MONEY,
        takes_period=True,
    ),
    Fact(
        "largestSale",
        "Largest purchase",
        AMOUNT,
        "The largest sale, whatever was refunded of it; empty without one.",
        MONEY,
        takes_period=True,
    ),
    Fact("firstPurchase", "First purchase", DAY, "The day of the first sale; empty without one."),
    Fact("lastPurchase", "Last purchase", DAY, "The day of the latest sale; empty without one."),
    Fact(
        "daysSinceLastPurchase",
        "Days since last purchase",
        NUMBER,
        "Days from that of the latest sale to today; 0 if it was today, empty without one.",
        "days",
    ),
    Fact(
        "usualDaysBetween",
        "Usual days between purchases",
        NUMBER,
        "The median of the days from one day with a sale to the next one; empty with fewer than two such days.",
        "days",
    ),
    Fact(
        "overdueBy",
        "Overdue by",
        NUMBER,
        "By how many days more than usual they have bought nothing; 0 if not more, empty where nothing is usual.",
        "days",
    ),
    Fact("refundCount", "Refunds", NUMBER, "How many refunds they have.", "refunds", takes_period=True),
    Fact(
        "refundShare",
        "Share refunded",
        NUMBER,
        "What was refunded divided by all sales, from 0 to 1, with four decimals; empty without a sale.",
        "share",
        takes_period=True,
    ),
    Fact(
        "itemsBought",
        "Items bought",
        NUMBER,
        "The quantities of all lines of their receipts; a sale without lines counts as none.",
        "items",
        takes_period=True,
    ),
    Fact(
        "paymentMethods",
        "Payment methods",
        WORDS,
        f"{_AMONG_SALES}: every way in which they have paid.",
        options=PAYMENT_METHODS,
        takes_period=True,
    ),
    Fact(
        "purchaseWeekdays",
        "Bought on",
        WORDS,
        f"{_AMONG_SALES}: every day of the week on which there was one.",
        options=WEEKDAYS,
    ),
    Fact(
        "purchaseHours",
        "Bought at",
        WORDS,
        f"{_AMONG_SALES}: every hour of the day in which there was one, from 00 to 23.",
        options=HOURS,
    ),
    Fact("memberSince", "Member since", DAY, "The day on which the present membership began; empty for non-members."),
    Fact(
        "memberBy",
        "Member by",
        CHOICE,
        "What made them a member: the rule, a person, or an earlier application (adopted); empty for non-members.",
        options=DECIDED_BY,
    ),
    Fact("everMember", "Ever a member", YES_NO, "Whether they are a member or were one."),
    Fact(
        "excludedFromActivation",
        "Excluded from activation",
        YES_NO,
        "Whether a person made them a non-member, so that no rule makes them a member again.",
    ),
    Fact(
        "toThreshold",
        "To the threshold",
        NUMBER,
        "What they lack to the threshold of the membership rule, in its unit; 0 for whoever has reached it.",
        "threshold",
    ),
    Fact("eligible", "Eligible", YES_NO, "Whether the membership rule would make them a member now."),
    Fact(
        "likelyTwin",
        "Likely duplicate",
        YES_NO,
        "Whether another customer has the same phone number, the same e-mail address, or the same contact as a whole,"
        " unless more than ten have it or they are known to be different people.",
    ),
    Fact(
        "rfm",
        "Kind of buyer",
        CHOICE,
        "By how lately, how often and how much they have bought, each compared with all other buyers of the shop; empty"
        " without a sale.",
        options=RFM,
    ),
)
FACTS: Mapping[str, Fact] = {fact.name: fact for fact in (*map(_of_field, FIELDS), *_COMPUTED)}
"""By name."""
SORTABLE = tuple(fact.name for fact in FACTS.values() if fact.type.has_order)


def fact_json(fact: Fact) -> dict[str, Any]:
    """The fact as JSON values."""
    return {
        "name": fact.name,
        "label": fact.label,
        "type": fact.type.key,
        "unit": fact.unit,
        "operators": list(fact.type.operators),
        "options": list(fact.options),
        "takesPeriod": fact.takes_period,
        "description": fact.description,
    }
