"""What must hold for the ledger and the memberships of one customer, and for who did something and when."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, get_args

from kinso.database.adoption import EARLIER
from kinso.database.checksums import (
    CHECKSUM,
    OF_CHANGE,
    OF_ENTRY,
    OF_RUN,
    OF_SETTINGS_CHANGE,
    Marks,
    checksum_of,
    decision_with_checksum,
    lacks_checksum,
)
from kinso.models.history import ChangeKind
from kinso.models.money import read_stored_amount
from kinso.models.purchases import PURCHASE_KINDS, TYPED_KINDS
from kinso.repository.documents import now
from kinso.repository.merged import GIVEN, STEPS
from kinso.repository.shop import Dossier

Document = Mapping[str, Any]

_KINDS = {*PURCHASE_KINDS, *TYPED_KINDS}


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
        return [entry for entry in dossier.entries if entry.get("trashed") is True]
    return [entry for entry in dossier.entries if entry.get("void") is False]


def sum_problems(dossier: Dossier, stored: Document | None) -> Iterator[str]:
    """The entries that count add up to the purchase amount; those of a deleted customer are in the trash, too."""
    if stored is None:
        if any(entry.get("void") is False for entry in dossier.entries):
            yield "it is gone, but purchases of it still count"
        return
    if dossier.customer is None and any(entry.get("void") is False for entry in dossier.entries):
        yield "it is in the trash, but purchases of it still count"
    counted = counted_entries(dossier)
    total = sum((read_stored_amount(entry.get("amount")) for entry in counted), Decimal("0.00"))
    amount = read_stored_amount(stored.get("purchaseAmount"))
    if total != amount:
        yield f"its purchase amount is {amount}, but its ledger adds up to {total}"
    recorded = {str(change["_id"]) for change in dossier.changes}
    # What came with somebody who was merged into it was written by a change of theirs, and what was given, too.
    own = [entry for entry in counted if not _came_from_elsewhere(entry)]
    if recorded and any(entry.get("change") and entry["change"] not in recorded for entry in own):
        yield "the history lacks a change that wrote to its ledger"
    if recorded and any(
        entry.get("voidedBy") and entry["voidedBy"] not in recorded
        for entry in dossier.entries
        if not _came_from_elsewhere(entry)
    ):
        yield "the history lacks a change that undid an entry of its ledger"
    bought = (entry for entry in dossier.entries if entry.get("kind") in PURCHASE_KINDS)
    if dossier.customer is not None and any(entry.get("revenueOnly") is True for entry in bought):
        yield "what it bought counts twice in the revenue"


def _came_from_elsewhere(entry: Document) -> bool:
    return bool(entry.get(STEPS)) or GIVEN in entry


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
    in_history = sum(map(_begins_membership, changes))
    if recorded > in_history:
        yield "a membership of it is recorded that its history does not tell of"
    elif recorded < in_history:
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


_KINDS_OF_CHANGES = get_args(ChangeKind)
_CLOCKS_DIFFER = timedelta(days=1)
_TOO_EARLY_TO_TELL = timedelta(minutes=1)


def changes_altered(changes: Sequence[Document], marks: Marks) -> Iterator[str]:
    """Each change of which somebody altered who made it or when, or whose maker is not told."""
    for change in changes:
        version = change.get("version")
        if _is_altered(change, OF_CHANGE, marks):
            yield f"who made version {version} or when was altered, or Kinso did not record it"
        elif not isinstance(change.get("at"), datetime):
            yield f"when version {version} was made is not a date"
        elif not isinstance(change.get("byName"), str) or not isinstance(change.get("byId"), str):
            yield f"who made version {version} is not told"
        if change.get("kind") not in _KINDS_OF_CHANGES:
            yield f"version {version} in its history has no known kind"


def entries_altered(entries: Sequence[Document], marks: Marks) -> Iterator[str]:
    """Each entry of the ledger of which somebody altered its dates or who made it."""
    for entry in entries:
        said = f"{entry.get('kind') or 'entry'} {entry.get('saleId')}"
        dates = [name for name in ("soldAt", "countsAt", "recordedAt") if not isinstance(entry.get(name), datetime)]
        if dates:
            yield f"of the {said}, {' and '.join(dates)} is not a date"
        elif _is_altered(entry, OF_ENTRY, marks):
            yield f"the date of the {said} or who recorded it was altered, or Kinso did not record it"
        elif not entry.get(CHECKSUM) and _is_to_come(entry["soldAt"]):
            yield f"the date of the {said} is yet to come"


def memberships_altered(intervals: Sequence[Document], marks: Marks) -> Iterator[str]:
    """Each membership of which somebody altered its moments or who decided on it, or that somebody invented."""
    for interval in intervals:
        for side, moment, words in (("begun", "from", "beginning"), ("ended", "to", "end")):
            decision, at = interval.get(side), interval.get(moment)
            if side == "ended" and decision is None and at is None:
                continue
            if not isinstance(at, datetime):
                yield f"the {words} of a membership of it is not a date"
            elif _is_forged(interval, decision, at, marks):
                yield (
                    f"the {words} of its membership from {_day(interval.get('from'))} was altered, or Kinso did not"
                    " record it"
                )
            elif not (isinstance(decision, Mapping) and decision.get(CHECKSUM)) and _is_to_come(at):
                yield f"the {words} of a membership of it is yet to come"


def run_altered(run: Document, marks: Marks) -> bool:
    """Whether somebody altered who began a run, or when."""
    return _is_altered(run, OF_RUN, marks)


def settings_changes_altered(change: Document, marks: Marks) -> bool:
    """Whether somebody altered who changed settings, or when."""
    return _is_altered(change, OF_SETTINGS_CHANGE, marks)


def missing_from_trash(changes: Sequence[Document], marks: Marks) -> bool:
    """Whether somebody who was deleted, and is nowhere now, must still be in the trash.

    Whom an interrupted run had created is nowhere, for that run never took place.
    """
    last = next((change for change in reversed(changes) if change.get("kind") != "erase"), None)
    if last is None or last.get("after") is not None or not isinstance(last.get("at"), datetime):
        return False
    unregistered: bool = last.get("source") == "system" and last.get("undoes") is not None
    deleted_at: datetime = last["at"]
    until = marks.trash_emptied_until
    if unregistered or until is None:
        return False
    return deleted_at > until + _TOO_EARLY_TO_TELL


def trash_altered(trashed: Document | None, changes: Sequence[Document]) -> Iterator[str]:
    """Whether the trash tells of the deletion what the history does."""
    if trashed is None:
        return
    last = next((change for change in reversed(changes) if change.get("kind") != "erase"), {})
    same = (("deletedAt", "at"), ("byId", "byId"), ("byName", "byName"))
    if not isinstance(trashed.get("deletedAt"), datetime):
        yield "when it was deleted is not a date"
    elif last.get("after", last) is None and any(trashed.get(name) != last.get(other) for name, other in same):
        yield "when it was deleted, or who deleted it, is not what its history says"


def _is_altered(document: Document, fields: tuple[str, ...], marks: Marks) -> bool:
    stored = document.get(CHECKSUM)
    return lacks_checksum(document.get("_id"), marks) if stored is None else stored != checksum_of(document, fields)


def _is_forged(interval: Document, decision: Any, at: datetime, marks: Marks) -> bool:
    if not isinstance(decision, Mapping) or CHECKSUM not in decision:
        return lacks_checksum(interval.get("_id"), marks)
    return bool(decision_with_checksum(str(interval.get("customer")), at, decision)[CHECKSUM] != decision[CHECKSUM])


def _is_to_come(moment: datetime) -> bool:
    return moment > now() + _CLOCKS_DIFFER


def _day(moment: Any) -> str:
    return f"{moment:%Y-%m-%d}" if isinstance(moment, datetime) else "?"
