"""Who did something, and when: whether what is stored about it is what Kinso wrote."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, get_args

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
from kinso.repository.documents import now

Document = Mapping[str, Any]

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


def vanished_from_trash(changes: Sequence[Document], marks: Marks) -> bool:
    """Whether somebody who was deleted, and is nowhere now, must still be in the trash.

    Whom an interrupted run had created is nowhere, for that run never took place.
    """
    last = next((change for change in reversed(changes) if change.get("kind") != "erase"), None)
    if last is None or last.get("after") is not None or not isinstance(last.get("at"), datetime):
        return False
    unmade: bool = last.get("source") == "system" and last.get("undoes") is not None
    deleted_at: datetime = last["at"]
    until = marks.trash_emptied_until
    if unmade or until is None:
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
