"""What must hold for the ledger and the memberships of one customer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from kinso.database.adoption import EARLIER
from kinso.models.money import read_stored_amount
from kinso.models.purchases import PURCHASES, TYPED
from kinso.repository.shop import Dossier

Document = Mapping[str, Any]

_KINDS = {*PURCHASES, *TYPED}


def kind_problems(entries: Sequence[Document]) -> Iterator[str]:
    """Entries of which something is not what it must be."""
    for entry in entries:
        said = entry.get("saleId")
        if entry.get("kind") not in _KINDS:
            yield f"the entry {said} of its ledger has no known kind"
        amount = entry.get("amount")
        if isinstance(amount, bool) or not isinstance(amount, int | float) or not math.isfinite(amount):
            yield f"the amount of the entry {said} of its ledger is not a number"
        if not isinstance(said, str):
            yield f"an entry of its ledger has no sale ID ({entry.get('_id')})"
        if not isinstance(entry.get("void"), bool):
            yield f"whether the entry {said} of its ledger counts is not told"


def counted_entries(dossier: Dossier) -> list[Document]:
    """What makes up the purchase amount; that of a deleted customer is marked as being in the trash."""
    if dossier.customer is None and dossier.trashed is not None:
        return [entry for entry in dossier.sales if entry.get("trashed") is True]
    return [entry for entry in dossier.sales if entry.get("void") is False]


def sum_problems(dossier: Dossier, stored: Document | None) -> Iterator[str]:
    """The entries that count add up to the purchase amount; those of a deleted customer are in the trash, too."""
    if stored is None:
        if any(entry.get("void") is False for entry in dossier.sales):
            yield "it is gone, but purchases of it still count"
        return
    if dossier.customer is None and any(entry.get("void") is False for entry in dossier.sales):
        yield "it is in the trash, but purchases of it still count"
    counted = counted_entries(dossier)
    total = sum((read_stored_amount(entry.get("amount")) for entry in counted), Decimal("0.00"))
    amount = read_stored_amount(stored.get("purchaseAmount"))
    if total != amount:
        yield f"its purchase amount is {amount}, but its ledger adds up to {total}"
    recorded = {str(change["_id"]) for change in dossier.changes}
    if recorded and any(entry.get("change") and entry["change"] not in recorded for entry in counted):
        yield "the history lacks a change that wrote to its ledger"
    if recorded and any(entry.get("voidedBy") and entry["voidedBy"] not in recorded for entry in dossier.sales):
        yield "the history lacks a change that took an entry of its ledger back"
    bought = (entry for entry in dossier.sales if entry.get("kind") in PURCHASES)
    if dossier.customer is not None and any(entry.get("revenueOnly") is True for entry in bought):
        yield "what it bought counts twice in the revenue"


def moment_problems(counted: Sequence[Document]) -> Iterator[str]:
    """A refund counts where its sale does, everything else on its own date."""
    sold = {entry.get("saleId"): entry.get("soldAt") for entry in counted if entry.get("kind") == "sale"}
    for entry in counted:
        own, is_refund = entry.get("soldAt"), entry.get("kind") == "refund"
        if entry.get("countsAt") != (sold.get(entry.get("refundOf"), own) if is_refund else own):
            yield f"the {entry.get('kind') or 'entry'} {entry.get('saleId')} counts at another moment than it should"


def refund_problems(counted: Sequence[Document]) -> Iterator[str]:
    """Each refund belongs to a sale, and no more goes back than that came to."""
    left = {
        entry.get("saleId"): read_stored_amount(entry.get("amount")) for entry in counted if entry.get("kind") == "sale"
    }
    for entry in counted:
        if entry.get("kind") != "refund":
            continue
        sale = entry.get("refundOf")
        if sale not in left:
            yield f"the refund {entry.get('saleId')} belongs to no sale"
            continue
        left[sale] += read_stored_amount(entry.get("amount"))
        if left[sale] < 0:
            yield f"more than sale {sale} came to was refunded"


_END_OF_TIME = datetime.max.replace(tzinfo=UTC)


def membership_problems(dossier: Dossier, changes: Sequence[Document]) -> Iterator[str]:
    """Intervals that cannot be, and those that its history does not tell of."""
    problems = list(_impossible_memberships(dossier))
    yield from problems
    if problems or not (dossier.customer or dossier.trashed):
        return
    recorded = sum(not _came_along(interval) for interval in dossier.intervals)
    told = sum(map(_begins_membership, changes))
    if recorded > told:
        yield "a membership of it is recorded that its history does not tell of"
    elif recorded < told:
        yield "its history tells of a membership that is not recorded"


def _came_along(interval: Document) -> bool:
    """Whether the membership is from before Kinso kept records."""
    begun = interval.get("begun")
    return isinstance(begun, Mapping) and begun.get("basis") == "adopted" and begun.get("byName") == EARLIER


def _begins_membership(change: Document) -> bool:
    was, is_now = ((change.get(side) or {}).get("membershipStatus") for side in ("before", "after"))
    return is_now is True and was is not True


def _impossible_memberships(dossier: Dossier) -> Iterator[str]:
    intervals = sorted(dossier.intervals, key=lambda found: (_moment(found, "from"), _moment(found, "to")))
    opened = sum(found.get("to") is None for found in intervals)
    is_member = dossier.customer is not None and dossier.customer.get("membershipStatus") is True
    if is_member and not opened:
        yield "it is a member, but since when is not recorded"
    elif opened and not is_member:
        yield "it is not a member, but a membership of it is recorded as lasting"
    elif opened > 1:
        yield f"{opened} memberships of it are recorded as lasting"
    for found in intervals:
        if bool(found.get("open")) is not (found.get("to") is None):
            yield "a membership of it is marked as lasting but has an end, or the other way round"
        if _moment(found, "to") < _moment(found, "from"):
            yield "a membership of it ends before it begins"
    if any(_moment(later, "from") < _moment(earlier, "to") for earlier, later in pairwise(intervals)):
        yield "two memberships of it overlap"


def _moment(interval: Document, side: str) -> datetime:
    found = interval.get(side)
    return found if isinstance(found, datetime) else _END_OF_TIME
