"""Imports in words, as plain text."""

from __future__ import annotations

from decimal import Decimal

from kinso.models.shop import ShopSettings
from kinso.models.transfer.plans import ImportResult, PurchaseFigures, PurchaseResult
from kinso.ui.wording import counted, day, membership, money, number


def purchases_done(result: PurchaseResult, shop: ShopSettings) -> str:
    """What an import of purchases did."""
    figures = result.figures
    if result.run is None:
        return f"Nothing to record: {already(figures)}."
    more = [f"{counted(result.created, 'customer')} created"] if result.created else []
    if result.activated:
        more.append(
            f"{counted(result.activated, 'customer')} made {'a member' if result.activated == 1 else 'members'}"
        )
    if figures.recorded:
        more.append(already(figures))
    if result.gives_way.customers:
        more.append(
            f"opening balances of {counted(result.gives_way.customers, 'customer')} lowered by"
            f" {money(result.gives_way.amount, shop)}"
        )
    return (
        f"{counted(figures.new, 'purchase')} of {counted(figures.customers, 'customer')} recorded,"
        f" {money(figures.total, shop)} in all{''.join(f'; {each}' for each in more)}."
    )


def already(figures: PurchaseFigures) -> str:
    """What of a file was there before."""
    return f"{counted(figures.recorded, 'purchase')} {'was' if figures.recorded == 1 else 'were'} recorded already"


def period(figures: PurchaseFigures, shop: ShopSettings) -> str:
    """The days of the first and the last purchase, in the shop's time zone; nothing when there is none."""
    if figures.first_at is None or figures.last_at is None:
        return ""
    first, last = (day(moment.astimezone(shop.zone).date()) for moment in (figures.first_at, figures.last_at))
    return first if first == last else f"{first} to {last}"


def cell_in_words(field: str, text: str, shop: ShopSettings) -> str:
    """A cell of an export as the pages show such a value, as plain text."""
    match field:
        case "purchaseAmount":
            return money(Decimal(text), shop)
        case "membershipStatus":
            return membership(text == "true")
        case _:
            return text or "(empty)"


def customers_done(result: ImportResult) -> str:
    """What an import of customers did."""
    if result.run is None:
        are = "is" if result.unchanged == 1 else "are"
        return f"Nothing to change: {counted(result.unchanged, 'customer')} {are} as the file says."
    return (
        f"{counted(result.created, 'customer')} created, {number(result.updated)} updated,"
        f" {number(result.unchanged)} left as they were."
    )
