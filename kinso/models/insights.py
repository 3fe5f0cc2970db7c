"""Figures about the whole customer base."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from kinso.models.money import Figure


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class Statistics(_Model):
    """The six figures of the overview; “this month” is the shop's calendar month.

    `average_purchase_amount` is the total divided by all customers.
    """

    total_customers: int
    members: int
    non_members: int
    new_customers_this_month: int
    average_purchase_amount: Figure
    total_purchase_amount: Figure

    @property
    def membership_rate(self) -> float:
        """Members among all customers, 0 to 1."""
        return self.members / self.total_customers if self.total_customers else 0.0


class MonthCount(_Model):
    """New customers in one calendar month of the shop; `month` is its first day."""

    month: date
    members: int
    non_members: int


class AmountBin(_Model):
    """Customers whose purchase amount is at or above `lower` and below `upper`."""

    lower: Decimal
    upper: Decimal
    members: int
    non_members: int


class SalesMonth(_Model):
    """Purchases in one calendar month of the shop; `month` is its first day.

    `revenue` is sales less what was refunded of them, whenever that was. `weekdays` counts the sales on each day of the
    week, Mondays first. New customers bought for the first time ever in this month, returning ones had bought before.
    """

    month: date
    revenue: Figure
    weekdays: list[int]
    new_customers: int
    returning_customers: int

    @property
    def sales(self) -> int:
        """How many sales there were."""
        return sum(self.weekdays)


class Overview(_Model):
    """Everything the overview page draws about customers."""

    statistics: Statistics
    months: list[MonthCount]
    distribution: list[AmountBin]
