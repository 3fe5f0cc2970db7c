"""When a refund is dated, and where it counts: never before its sale, and in every sum over a period where that is."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo


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
