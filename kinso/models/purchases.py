"""What the ledger tells about one customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from kinso.models.customer import Customer
from kinso.models.money import written_price
from kinso.models.rule import Rule
from kinso.models.sale import Sale, SaleItem

Standing = Literal["member", "held", "eligible", "short"]
"""`held`: a person made them a non-member, so no rule activates them; `short`: they have not spent enough."""


@dataclass(frozen=True)
class MonthAmount:
    """Purchases in a calendar month of the shop, less what was refunded of them; `month` is its first day."""

    month: date
    amount: Decimal


@dataclass(frozen=True)
class PurchaseSummary:
    """A customer's purchases in figures; `count` is that of sales, `total` what they brought, less refunds.

    `entries` counts everything in the ledger, `average` is `total` divided by `count`, None without a sale. `months`
    end with the present one and begin with that of the first purchase, or later where there would be too many.
    """

    entries: int
    count: int
    total: Decimal
    average: Decimal | None
    last: datetime | None
    months: list[MonthAmount]


@dataclass(frozen=True)
class LedgerLine:
    """An entry, the sum of all entries up to it (its own included), and what is left of it if it is a sale."""

    entry: Sale
    running: Decimal
    left: Decimal


@dataclass(frozen=True)
class LedgerPage:
    """Some entries, newest first; `total` counts all of the customer's."""

    lines: list[LedgerLine]
    page: int
    limit: int
    total: int


@dataclass(frozen=True)
class MembershipStanding:
    """Where a customer stands as to membership, and why.

    `amount` is what they spent as far as `rule` counts it, `missing` what they lack to its threshold (0 for none).
    """

    customer: Customer
    standing: Standing
    rule: Rule
    amount: Decimal
    missing: Decimal

    @property
    def is_below(self) -> bool:
        """Whether this is a member who spent less than the threshold."""
        return self.standing == "member" and self.missing > 0


def items_in_words(entry: Sale) -> str:
    """`2 × Coffee at 3.50, Cake at 4.00`: every item of a receipt with its unit price, as plain text."""
    return ", ".join(f"{_how_many(item)}{item.name} at {written_price(item.unit_price)}" for item in entry.items)


def _how_many(item: SaleItem) -> str:
    return "" if item.quantity == 1 else f"{item.quantity.normalize():f} × "
