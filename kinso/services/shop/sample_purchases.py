"""What the invented customers bought: the same purchases every time, which add up to their purchase amounts."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from kinso.models.money import CENT
from kinso.models.payment_methods import PaymentMethod
from kinso.models.purchases import PurchaseItem

_COUNTS = range(1, 9)
_SHARES = (22, 25, 18, 12, 9, 6, 5, 3)
_BEFORE_THE_LEDGER = 0.08
"""How many came with an amount of which nobody knows what it consists of."""
_REFUNDED = 0.06
_METHODS: tuple[PaymentMethod, ...] = ("cash", "card", "mobile", "transfer")
_METHOD_SHARES = (30, 45, 20, 5)
_MONTHS = (0.6, 0.6, 0.8, 0.9, 0.9, 0.7, 0.6, 0.7, 0.8, 0.9, 1.2, 1.6)
"""How busy a shop is from January to December."""
_WEEKDAYS = (0.6, 0.6, 0.7, 1.0, 1.2, 1.3, 0.5)
_BUSIEST = max(_MONTHS) * max(_WEEKDAYS)
_TRIES = 6
_OPENS, _MINUTES_OPEN, _MINUTES_OF_A_DAY = timedelta(hours=9), 11 * 60, 24 * 60
_STAYED = 0.4
"""How many never stopped coming."""
_LONGEST_UNTIL_REFUND = timedelta(days=30)


@dataclass(frozen=True)
class SamplePurchase:
    """One sale; `refunded` of its amount went back at `refunded_at`. What it consists of is not known of all."""

    amount: Decimal
    sold_at: datetime
    payment_method: PaymentMethod
    refunded: Decimal = Decimal("0.00")
    refunded_at: datetime | None = None
    items: Sequence[PurchaseItem] = ()
    discount: Decimal | None = None


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
    last = until if chance.random() < _STAYED else _between(0.2 + 0.8 * chance.random(), since, until)
    moments = [since, *sorted(_moment(chance, since, last) for _ in parts[1:])]
    return [
        _purchase(chance, part, sold_at, until, is_refunded=place == refunded)
        for place, (part, sold_at) in enumerate(zip(parts, moments, strict=True))
    ]


def _purchase(
    chance: random.Random, cents: int, sold_at: datetime, until: datetime, *, is_refunded: bool
) -> SamplePurchase:
    method = chance.choices(_METHODS, _METHOD_SHARES)[0]
    back = chance.randint(1, 2 * cents) * CENT if is_refunded else Decimal("0.00")
    amount = cents * CENT + back
    items, discount = sample_basket(chance, amount)
    refunded_at = _between(chance.random(), sold_at, min(until, sold_at + _LONGEST_UNTIL_REFUND))
    return SamplePurchase(amount, sold_at, method, back, refunded_at if is_refunded else None, items, discount)


def _parts(chance: random.Random, cents: int, count: int) -> list[int]:
    """That many parts of an amount, none of them nothing."""
    weights = [0.2 + chance.random() for _ in range(count)]
    spare, total = cents - count, sum(weights)
    parts = [1 + int(spare * weight / total) for weight in weights]
    parts[0] += cents - sum(parts)
    return parts


def _moment(chance: random.Random, since: datetime, until: datetime) -> datetime:
    """A moment while the shop is open, more likely one when it is busy."""
    for _ in range(_TRIES):
        found = _between(chance.random(), since, until)
        if chance.random() * _BUSIEST < _MONTHS[found.month - 1] * _WEEKDAYS[found.weekday()]:
            break
    return min(max(while_open(found), since), until)


def while_open(moment: datetime) -> datetime:
    """The same day at an hour at which shops are open; the earlier the moment, the earlier."""
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    minutes = (moment - day) // timedelta(minutes=1)
    return day + _OPENS + timedelta(minutes=minutes * _MINUTES_OPEN // _MINUTES_OF_A_DAY)


def _between(share: float, since: datetime, until: datetime) -> datetime:
    span = (until - since) // timedelta(milliseconds=1)
    return since + timedelta(milliseconds=int(span * share))


_GOODS = (
    *(("Notebook", "3.90"), ("Ballpoint pen", "1.20"), ("Tea towel", "7.50"), ("Mug", "9.90"), ("Candle", "6.40")),
    *(("Scarf", "24.90"), ("Cushion", "29.00"), ("Basket", "18.50"), ("Teapot", "34.00"), ("Table lamp", "59.00")),
    *(("Jute bag", "12.80"), ("Soap", "4.60"), ("Honey 500 g", "8.90"), ("Green tea 100 g", "6.80")),
    *(("Blanket", "79.00"), ("Rug", "149.00"), ("Chair", "189.00"), ("Small table", "265.00"), ("Wardrobe", "690.00")),
)
_WEIGHED = ("Spices, weighed", "Loose tea, weighed", "Fabric, cut to size", "Gift card", "Made to measure")
_WITHOUT_ITEMS = 0.2
"""How many receipts say only what was paid."""
_DISCOUNTED = 0.08
_MOST_ITEMS = 5


def sample_basket(chance: random.Random, amount: Decimal) -> tuple[list[PurchaseItem], Decimal | None]:
    """Items that come to this amount, and the discount that was given on them; no items on some receipts."""
    if chance.random() < _WITHOUT_ITEMS:
        return [], None
    discount = _discount(amount) if chance.random() < _DISCOUNTED else None
    left = amount + (discount or Decimal(0))
    items: list[PurchaseItem] = []
    for name, price in chance.sample(_GOODS, _MOST_ITEMS):
        unit_price = Decimal(price)
        quantity = min(int(left / unit_price), chance.choice((1, 1, 1, 2, 3)))
        if quantity:
            items.append(_item(name, quantity, unit_price))
            left -= quantity * unit_price
    if left:
        items.append(_item(chance.choice(_WEIGHED), 1, left))
    return items, discount


def _discount(amount: Decimal) -> Decimal | None:
    """A tenth of what the items came to."""
    return (amount / 9).quantize(CENT) or None


def _item(name: str, quantity: int, unit_price: Decimal) -> PurchaseItem:
    return PurchaseItem.model_construct(name=name, quantity=Decimal(quantity), unit_price=unit_price)
