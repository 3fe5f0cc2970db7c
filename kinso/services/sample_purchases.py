"""What the invented customers bought: the same purchases every time, which add up to their purchase amounts."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from kinso.models.money import CENT
from kinso.models.sale import PaymentMethod

_COUNTS = range(1, 9)
_SHARES = (22, 25, 18, 12, 9, 6, 5, 3)
_BEFORE_THE_LEDGER = 0.08
"""How many came with an amount of which nobody knows what it consists of."""
_REFUNDED = 0.06
_METHODS: tuple[PaymentMethod, ...] = ("cash", "card", "mobile", "transfer")
_METHOD_SHARES = (30, 45, 20, 5)
_WEEKEND = (3, 4, 5)
"""From Thursday to Saturday, when shops are busy."""


@dataclass(frozen=True)
class SamplePurchase:
    """One sale; `refunded` of its amount went back at `refunded_at`."""

    amount: Decimal
    sold_at: datetime
    payment_method: PaymentMethod
    refunded: Decimal = Decimal("0.00")
    refunded_at: datetime | None = None


def sample_purchases(number: int, amount: Decimal, since: datetime, until: datetime) -> Sequence[SamplePurchase]:
    """The purchases of the sample with this number, from the registration on; less refunds they make up `amount`.

    Nobody knows the purchases of some.
    """
    chance = random.Random(f"kinso sample purchases {number}")  # noqa: S311  (nothing here is secret)
    cents = int(amount / CENT)
    if not cents or chance.random() < _BEFORE_THE_LEDGER:
        return ()
    parts = _parts(chance, cents, min(cents, chance.choices(_COUNTS, _SHARES)[0]))
    refunded = chance.randrange(len(parts)) if chance.random() < _REFUNDED else -1
    moments = sorted(_moment(chance, since, until) for _ in parts[1:])
    purchases = []
    for place, (part, sold_at) in enumerate(zip(parts, (since, *moments), strict=True)):
        method = chance.choices(_METHODS, _METHOD_SHARES)[0]
        if place == refunded:
            back = chance.randint(1, 2 * part) * CENT
            purchases.append(
                SamplePurchase(part * CENT + back, sold_at, method, back, _between(chance.random(), sold_at, until))
            )
        else:
            purchases.append(SamplePurchase(part * CENT, sold_at, method))
    return purchases


def _parts(chance: random.Random, cents: int, count: int) -> list[int]:
    """That many parts of an amount, none of them nothing."""
    weights = [0.2 + chance.random() for _ in range(count)]
    spare, total = cents - count, sum(weights)
    parts = [1 + int(spare * weight / total) for weight in weights]
    parts[0] += cents - sum(parts)
    return parts


def _moment(chance: random.Random, since: datetime, until: datetime) -> datetime:
    first, second = (_between(chance.random(), since, until) for _ in range(2))
    return first if first.weekday() in _WEEKEND else second


def _between(share: float, since: datetime, until: datetime) -> datetime:
    span = (until - since) // timedelta(milliseconds=1)
    return since + timedelta(milliseconds=int(span * share))
