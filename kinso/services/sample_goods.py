"""What the invented customers find on their receipts."""

from __future__ import annotations

import random
from decimal import Decimal

from kinso.models.money import CENT
from kinso.models.purchases import SaleItem

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


def sample_basket(chance: random.Random, amount: Decimal) -> tuple[list[SaleItem], Decimal | None]:
    """Items that come to this amount, and the discount that was given on them; no items on some receipts."""
    if chance.random() < _WITHOUT_ITEMS:
        return [], None
    discount = _discount(amount) if chance.random() < _DISCOUNTED else None
    left = amount + (discount or Decimal(0))
    items: list[SaleItem] = []
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


def _item(name: str, quantity: int, unit_price: Decimal) -> SaleItem:
    return SaleItem.model_construct(name=name, quantity=Decimal(quantity), unit_price=unit_price)
