"""What must hold for everything that is stored about one customer, whatever happened to it.

Each function yields parts of sentences that follow the customer's ID and a colon.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from kinso.database.adoption import UNREADABLE_AMOUNT
from kinso.database.checksums import Marks
from kinso.database.search import HELPERS, case_duplicate_fields, case_duplicate_key, helper_fields
from kinso.models.fields import FIELDS, SPECIFIED
from kinso.models.money import read_stored_amount
from kinso.models.text import id_key
from kinso.repository.shop import Dossier
from kinso.services.shop.check_ledger import (
    changes_altered,
    counted_entries,
    entries_altered,
    kind_problems,
    membership_problems,
    memberships_altered,
    missing_from_trash,
    moment_problems,
    refund_problems,
    sum_problems,
    trash_altered,
)
from kinso.services.shop.check_merges import Merges, merge_problems

Document = Mapping[str, Any]

_OURS: dict[str, tuple[type, str]] = {
    "membershipHeld": (bool, "true or false"),
    "createdAt": (datetime, "a date"),
    "updatedAt": (datetime, "a date"),
}
_HISTORY_FIELDS = (*(field.name for field in FIELDS), "membershipHeld")
_LONGEST_REASON = 200


@dataclass(frozen=True)
class RolledBack:
    """Runs that were undone, and whom of each (run, customer) they tell to have left as they are."""

    runs: frozenset[str]
    left_alone: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Background:
    """What an examination of one customer has to know of everything else.

    `country` is what the shop's phone numbers were read by, None while they are being read anew. `merges` is who was
    merged into whom.
    """

    rolled_back: RolledBack
    country: str | None
    marks: Marks
    merges: Merges


def problems_of(dossier: Dossier, background: Background) -> Iterator[str]:
    """Everything that is wrong with one customer; what cannot be examined is among it."""
    changes = in_order(dossier.changes)
    stored = _stored(dossier)
    marks = background.marks
    parts: dict[str, Iterator[str]] = {
        "its whereabouts": _whereabouts(dossier, changes, marks),
        "its merges": merge_problems(dossier, background.merges),
        "its deletion": trash_altered(dossier.trashed, changes),
        "its fields": _fields(stored),
        "what it is searched by": _helpers(dossier, background.country),
        "its version": _version(stored, changes),
        "the order of its history": _gaps(changes),
        "the values in its history": _values(stored, changes),
        "what was undone of it": _reverted(changes),
        "who changed it": changes_altered(changes, marks),
        "its memberships": membership_problems(dossier, changes),
        "who decided on its memberships": memberships_altered(dossier.intervals, marks),
        "the kinds in its ledger": kind_problems(dossier.entries),
        "the dates in its ledger": entries_altered(dossier.entries, marks),
        "the sum of its ledger": sum_problems(dossier, stored),
        "its refunds": refund_problems(counted_entries(dossier)),
        "when its purchases count": moment_problems(counted_entries(dossier)),
        "what undone runs left of it": _left_in_force(dossier.key, changes, background.rolled_back),
    }
    for about, problems in parts.items():
        yield from _on_its_own(about, problems)


def not_examined(about: str, error: Exception) -> str:
    """That something could not be examined, as the beginning of a sentence on one line."""
    said = " ".join(str(error).split())[:_LONGEST_REASON]
    return f"{about} cannot be examined ({type(error).__name__}: {said})"


def _on_its_own(about: str, problems: Iterator[str]) -> Iterator[str]:
    try:
        yield from problems
    except Exception as error:
        yield not_examined(about, error)


def _stored(dossier: Dossier) -> Document | None:
    """The customer, wherever it is; None when it is nowhere, or what is in the trash is no customer."""
    if dossier.customer is not None:
        return dossier.customer
    trashed = (dossier.trashed or {}).get("customer")
    return trashed if isinstance(trashed, Mapping) else None


def name_of(dossier: Dossier) -> str:
    """The customer ID, from wherever it is still known, else the `_id`."""
    stored = _stored(dossier) or (dossier.merged or {}).get("customer") or {}
    changes = in_order(dossier.changes)
    return str(stored.get("customerId") or (changes[-1].get("customerId") if changes else "") or dossier.key)


def case_duplicate_of(dossier: Dossier) -> str | None:
    """The compared form of an ID that this customer shares with another one; None when it has its own."""
    customer = dossier.customer
    if customer is None or not isinstance(customer.get(HELPERS), Mapping):
        return None
    key = id_key(str(customer.get("customerId") or ""))
    return key if customer[HELPERS].get("id") == case_duplicate_key(key, customer["_id"]) else None


def unreadable_amount_of(dossier: Dossier) -> str | None:
    """What stood for the purchase amount of a customer that was taken over, until somebody changes the amount."""
    told = (dossier.customer or {}).get(UNREADABLE_AMOUNT)
    is_typed = any("purchaseAmount" in (change.get("after") or {}) for change in dossier.changes)
    return str(told) if told is not None and not is_typed else None


def in_order(changes: Sequence[Document]) -> list[Document]:
    """The changes by version; a deletion comes after what made the version that it deleted."""
    return sorted(changes, key=lambda change: (_version_of(change), change.get("after") is None, str(change["_id"])))


def _whereabouts(dossier: Dossier, changes: Sequence[Document], marks: Marks) -> Iterator[str]:
    last = next((change for change in reversed(changes) if change.get("kind") != "erase"), None)
    deleted = last is not None and last.get("after") is None
    if dossier.customer is not None and dossier.trashed is not None:
        yield "it is both among the customers and in the trash"
    elif dossier.customer is not None and deleted:
        yield "it is there, although its history ends with its deletion"
    elif dossier.trashed is not None and not deleted:
        yield "it is in the trash, but its history does not end with its deletion"
    elif dossier.merged is not None and not deleted:
        yield "it was merged into another customer, but its history does not end with that"
    elif dossier.merged is not None:
        return
    elif dossier.customer is None and dossier.trashed is None and last is not None and not deleted:
        yield "it has a history that does not end with its deletion, but it is gone"
    elif dossier.customer is None and dossier.trashed is None and missing_from_trash(changes, marks):
        yield "it was deleted, but it is not in the trash any more, which was not emptied of it"
    elif dossier.trashed is not None and _stored(dossier) is None:
        yield "what the trash keeps of it is no customer"


def _fields(document: Document | None) -> Iterator[str]:
    if document is None:
        return
    for place, field in enumerate(FIELDS):
        if field.name not in document:
            if place < SPECIFIED:
                yield f"the field {field.name} is missing"
        elif not field.type.is_stored_well(document[field.name]):
            yield f"the field {field.name} is not {field.type.described}"
    for name, (kind, words) in _OURS.items():
        if name not in document:
            yield f"the field {name} is missing"
        elif not isinstance(document[name], kind):
            yield f"the field {name} is not {words}"
    amount = document.get("purchaseAmount")
    if isinstance(amount, int | float) and not isinstance(amount, bool):
        if amount < 0:
            yield f"the purchase amount {amount} is negative"
        elif amount != float(read_stored_amount(amount)):
            yield f"the purchase amount {amount} is not a whole number of cents"


def _helpers(dossier: Dossier, country: str | None) -> Iterator[str]:
    """Those of a deleted customer are worked out anew when it is restored."""
    document = dossier.customer
    if document is None or country is None:
        return
    helpers, expected = document.get(HELPERS), helper_fields(document, country)
    if helpers not in (expected, {**expected, **case_duplicate_fields(expected["id"], document["_id"])}):
        yield "what it is searched and ordered by does not belong to its texts"


def _version(stored: Document | None, changes: Sequence[Document]) -> Iterator[str]:
    if stored is None:
        return
    version = stored.get("version", 0)
    if not isinstance(version, int) or isinstance(version, bool) or version < 0:
        yield "the field version is not a whole number"
        return
    recorded = max(map(_version_of, changes), default=None)
    if recorded is None and version:
        yield f"it is at version {version}, but nothing of that is in its history"
    elif recorded is not None and recorded != version:
        yield f"it is at version {version}, but its history ends at version {recorded}"


def _gaps(changes: Sequence[Document]) -> Iterator[str]:
    for before, after in pairwise(changes):
        reached, version = _version_of(before), _version_of(after)
        expected = reached if after.get("after") is None else reached + 1
        if version > expected:
            yield f"its history lacks what happened between version {reached} and version {version}"
        elif version < expected:
            yield f"its history has version {version} twice"


def _values(stored: Document | None, changes: Sequence[Document]) -> Iterator[str]:
    """What the changes add up to is what is stored, and each begins with what those before it left."""
    values: dict[str, Any] = {}
    for change in changes:
        for name, value in (change.get("before") or {}).items():
            if name in values and values[name] != value:
                yield f"its history does not fit together: version {_version_of(change)} replaced another {name}"
        values.update(change.get("after") or {})
    for name in _HISTORY_FIELDS:
        if stored is not None and name in values and values[name] != stored.get(name):
            yield f"the stored {name} is not what its history says"


def _reverted(changes: Sequence[Document]) -> Iterator[str]:
    """Of two changes that undo the same one, one must itself have been undone before."""
    by: dict[str, Document] = {}
    versions = {str(change["_id"]): _version_of(change) for change in changes}
    for change in reversed(changes):
        undone = change.get("undoes")
        if undone and undone not in versions:
            yield f"version {_version_of(change)} undoes a change that is not in its history"
            continue
        if not undone or str(change["_id"]) in by:
            continue
        if undone in by:
            again = _version_of(by[undone])
            yield f"version {versions.get(undone, '?')} was undone twice, the last time by version {again}"
        else:
            by[undone] = change


def _left_in_force(key: str, changes: Sequence[Document], rolled_back: RolledBack) -> Iterator[str]:
    for place, change in enumerate(changes):
        run = change.get("run")
        if run not in rolled_back.runs or (run, key) in rolled_back.left_alone:
            continue
        if not any(_undoes_or_replaces(later, change) for later in changes[place + 1 :]):
            yield f"version {_version_of(change)} is still in force, although its run {run} was undone"


def _undoes_or_replaces(later: Document, change: Document) -> bool:
    before = change.get("before")
    if later.get("undoes") == str(change["_id"]) or later.get("after") is None or before is None:
        return True
    return change.get("after") is None or not before.keys().isdisjoint(later.get("before") or {})


def _version_of(change: Document) -> int:
    version = change.get("version")
    return version if isinstance(version, int) else -1
