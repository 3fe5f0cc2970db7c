"""What must hold for the memberships of one customer; parts of sentences that follow the customer's ID and a colon."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from kinso.database.adoption import EARLIER
from kinso.repository.shop import Dossier

Document = Mapping[str, Any]

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
