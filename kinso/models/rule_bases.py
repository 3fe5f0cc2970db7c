"""What a membership rule may be based on: each thing of a customer that a threshold can be compared with.

Everything that decides, shows or asks about the rule derives from the entries at the end of this file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from kinso.errors import Conflict
from kinso.models.money import CENT, check_amount


@dataclass(frozen=True)
class Unit:
    """What a threshold is measured in: money of the shop, or a number of things that `noun` names in the singular.

    `smallest` is what no threshold is a part of, `suggested` a usual threshold, `step` how far a form goes at once.
    Customers `verb` an amount, or `less` than it.
    """

    key: str
    smallest: Decimal
    suggested: Decimal
    step: Decimal
    verb: str
    less: str
    noun: str = ""

    @property
    def nothing(self) -> Decimal:
        """0, with as many decimals as amounts have."""
        return self.smallest * 0

    def check(self, value: Any) -> Decimal:
        """A threshold that somebody reaches only by buying; raises ValueError with a sentence part."""
        amount = check_amount(value)
        if amount % self.smallest:
            raise ValueError(f"must be a whole number of {self.noun}s, such as {self.suggested}")
        if amount <= 0:
            what = "a number" if self.noun else "an amount"
            raise ValueError(f"must be more than 0; enter {what} such as {self.suggested}")
        return amount.quantize(self.smallest)

    def in_words(self, amount: Decimal) -> str:
        """For records and answers to programs, which have no currency: `1,000.00`, `5 purchases`."""
        if not self.noun:
            return f"{amount:,.2f}"
        return f"{amount:,.0f} {self.noun}{'' if amount == 1 else 's'}"


MONEY = Unit("amount", CENT, Decimal(1000), Decimal(100), verb="spent", less="less")
PURCHASES = Unit("count", Decimal(1), Decimal(5), Decimal(1), verb="made", less="fewer", noun="purchase")


Measure = Literal["spent", "sales", "refunded sales"]
"""What can be measured of a customer in the ledger, where undone entries never count.

What they bought, less what was refunded of it; how many sales they have; how many of these were refunded in full.
"""


@dataclass(frozen=True)
class RuleBasis:
    """One thing that a threshold can be compared with, and what it is called.

    `key` is stored and sent. `choice` is what the form offers, with a `note` on what does not count. `name` goes on
    after “by” and at the beginning of a reason, `column` is the heading of a table, `reach` what somebody has who comes
    up to the threshold, which is written in place of the braces.
    `measure` tells what is added up or taken off (1 or -1); without it the purchase amount counts as it is stored with
    the customer. Without `months` a whole lifetime counts, else so many months up to today.
    """

    key: str
    unit: Unit
    choice: str
    name: str
    column: str
    reach: str
    measure: Mapping[Measure, int] | None = None
    months: int | None = None
    note: str = ""

    def __reduce__(self) -> tuple[Callable[[str], RuleBasis], tuple[str]]:
        return basis_of, (self.key,)

    @property
    def title(self) -> str:
        """The name as it begins a sentence or labels something."""
        return self.name[0].upper() + self.name[1:]

    @property
    def within(self) -> str:
        """The time that counts, to go on with after a space; empty for a lifetime."""
        return f"in the last {self.months} months" if self.months else ""


def basis_of(key: str) -> RuleBasis:
    """The basis with this key; raises `Conflict` for one that is stored and not known."""
    try:
        return RULE_BASES[key]
    except KeyError as error:
        sentence = f"The membership rule counts “{key}”, which this Kinso does not know"
        raise Conflict(f"{sentence}; a manager can choose what counts on the page Membership.") from error


def check_basis(key: str) -> str:
    """The key of a basis that was sent; raises ValueError with a sentence part."""
    if key not in RULE_BASES:
        raise ValueError(f"must be one of {', '.join(RULE_BASES)}")
    return key


_DATED_ONLY = (
    "Only purchases with a date count for the last 12 months, less what was refunded of them whenever that was."
    " Balances that customers came with and typed corrections of their amounts do not count."
)
_SALES_ONLY = (
    "Every recorded sale counts as one purchase, unless all of it was refunded. Balances that customers came with and"
    " typed corrections of their amounts do not count."
)

LIFETIME = RuleBasis(
    key="lifetime",
    unit=MONEY,
    choice="Everything that a customer ever bought",
    name="purchase amount",
    column="Total spent",
    reach="a purchase amount of {} or more",
)
"""Also that of runs and shops that say nothing about it."""
_ENTRIES = (
    LIFETIME,
    RuleBasis(
        key="last-12-months",
        unit=MONEY,
        choice="What a customer bought in the last 12 months",
        name="purchases of the last 12 months",
        column="Last 12 months",
        reach="purchases in the last 12 months of {} or more",
        measure={"spent": 1},
        months=12,
        note=_DATED_ONLY,
    ),
    RuleBasis(
        key="purchases",
        unit=PURCHASES,
        choice="How many purchases a customer ever made",
        name="number of purchases",
        column="Purchases",
        reach="{} or more",
        measure={"sales": 1, "refunded sales": -1},
        note=_SALES_ONLY,
    ),
    RuleBasis(
        key="purchases-last-12-months",
        unit=PURCHASES,
        choice="How many purchases a customer made in the last 12 months",
        name="number of purchases in the last 12 months",
        column="Last 12 months",
        reach="{} or more in the last 12 months",
        measure={"sales": 1, "refunded sales": -1},
        months=12,
        note=_SALES_ONLY,
    ),
)
RULE_BASES: dict[str, RuleBasis] = {basis.key: basis for basis in _ENTRIES}
"""By key, in the order of the form."""
