"""What a receipt comes to, and when a refund is dated."""

from __future__ import annotations

from datetime import datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from kinso.errors import FieldError, InvalidInput
from kinso.models.purchases import PurchaseDraft

_NOTHING = Decimal("0.00")


def amount_paid(draft: PurchaseDraft) -> Decimal:
    """What was paid, as it is said or as it comes from the items; raises `InvalidInput` when neither tells."""
    if draft.amount is not None:
        return draft.amount
    if draft.items_total is None:
        raise InvalidInput([FieldError("amount", "Amount is required.")])
    paid = draft.items_total + _difference_stated(draft)
    if paid < 0:
        sentence = f"Discount is more than the items come to, {draft.items_total:,}; correct one of both."
        raise InvalidInput([FieldError("discount", sentence)])
    return paid


def check_receipt(draft: PurchaseDraft) -> None:
    """Raise `InvalidInput` when the amount is not what the items come to with what is said about the difference."""
    if draft.items_total is None:
        _refuse_without_items(draft)
    elif draft.amount is not None and draft.amount != draft.items_total + _difference_stated(draft):
        raise InvalidInput([FieldError("amount", _unexplained(draft, draft.amount, draft.items_total))])


def receipt_of(draft: PurchaseDraft) -> dict[str, Any]:
    """What is kept with the entry beside its amount."""
    return {"items": draft.items, "discount": draft.discount or None, "surcharge": draft.surcharge or None}


def _difference_stated(draft: PurchaseDraft) -> Decimal:
    return (draft.surcharge or _NOTHING) - (draft.discount or _NOTHING)


def _refuse_without_items(draft: PurchaseDraft) -> None:
    given = {"discount": draft.discount, "surcharge": draft.surcharge}
    errors = [
        FieldError(name, f"{name.capitalize()} needs items; without them the amount is what was paid, so leave it out.")
        for name, value in given.items()
        if value
    ]
    if errors:
        raise InvalidInput(errors)


def _unexplained(draft: PurchaseDraft, amount: Decimal, items: Decimal) -> str:
    expected = items + _difference_stated(draft)
    stated = [f"a {name} of {value:,}" for name, value in _stated(draft)]
    come_to = f"come to {expected:,} with {' and '.join(stated)}" if stated else f"add up to {items:,}"
    name = "surcharge" if amount > expected else "discount"
    return (
        f"Amount is {amount:,}, but the items {come_to}: say that the difference of {abs(amount - expected):,} is a"
        f" {name}, or leave the amount out."
    )


def _stated(draft: PurchaseDraft) -> list[tuple[str, Decimal]]:
    given = (("discount", draft.discount), ("surcharge", draft.surcharge))
    return [(name, value) for name, value in given if value]


def date_refund(given: datetime, sold_at: datetime, zone: ZoneInfo) -> datetime:
    """When a refund of a sale of `sold_at` happened that somebody dates `given`; both are moments.

    The beginning of a day in the shop's zone stands for that day, so that whoever knows only the day may name that of
    the sale. Raises ValueError with a sentence part for a date before the sale.
    """
    if given >= sold_at:
        return given
    local, sale = given.astimezone(zone), sold_at.astimezone(zone)
    if local.date() == sale.date() and local.time() == time.min:
        return sold_at
    form = "%Y-%m-%d" if local.date() != sale.date() else "%Y-%m-%d %H:%M:%S"
    raise ValueError(
        f"{local.strftime(form)} is before its sale, which was on {sale.strftime(form)};"
        " a refund happens after its sale or on the same day"
    )
