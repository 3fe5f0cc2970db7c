"""Entries of the ledger in words, as plain text."""

from __future__ import annotations

from kinso.models.payment_methods import PaymentMethod
from kinso.models.purchases import EntryKind, LedgerEntry, LedgerLine, items_in_words
from kinso.models.shop import ShopSettings
from kinso.ui.wording import day, money

KINDS: dict[EntryKind, str] = {
    "sale": "Purchase",
    "refund": "Refund",
    "opening": "Opening balance",
    "adjustment": "Adjustment",
}
PAYMENTS: dict[PaymentMethod, str] = {
    "cash": "Cash",
    "card": "Card",
    "mobile": "Mobile payment",
    "transfer": "Bank transfer",
    "other": "Other",
}
_LONGEST_ITEMS = 120


def about(line: LedgerLine, shop: ShopSettings) -> str:
    """What was bought, brought back or changed, in short."""
    entry = line.entry
    match entry.kind:
        case "refund":
            return f"Refund of {entry.refund_of}"
        case "opening":
            return "Amount the customer came with"
        case "adjustment":
            return "Total changed by hand"
        case "sale":
            bought = _short(items_in_words(entry) or entry.note or "")
            return " · ".join(part for part in (bought, *stated_in_words(entry, shop), _refunded(line, shop)) if part)


def sale_in_words(sale: LedgerEntry, shop: ShopSettings) -> str:
    """`3 Nov 2026 · $12.50 · Coffee`: a sale to choose from a list."""
    when = day(sale.sold_at.astimezone(shop.zone).date())
    parts = (when, money(sale.amount, shop), _short(items_in_words(sale)), sale.sale_id)
    return " · ".join(part for part in parts if part)


def stated_in_words(entry: LedgerEntry, shop: ShopSettings) -> list[str]:
    """`a discount of $1.00`: what makes the amount differ from its items."""
    given = (("discount", entry.discount), ("surcharge", entry.surcharge))
    return [f"a {name} of {money(amount, shop)}" for name, amount in given if amount]


def _refunded(line: LedgerLine, shop: ShopSettings) -> str:
    back = line.entry.amount - line.left
    if not back:
        return ""
    return "All refunded" if not line.left else f"{money(back, shop)} refunded"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_ITEMS else f"{text[: _LONGEST_ITEMS - 1].rstrip()}…"
