"""What must hold for everything that is stored about one customer, whatever happened to it.

Each function yields parts of sentences that follow the customer's ID and a colon.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from kinso.database.search import HELPERS, helper_fields, twin_fields, twin_key
from kinso.models.folding import id_key
from kinso.models.money import read_stored_amount
from kinso.models.sale import PURCHASES
from kinso.repository.checks import Dossier

Document = Mapping[str, Any]

_TYPES: dict[str, tuple[type | tuple[type, ...], str]] = {
    "customerId": (str, "a text"),
    "customerName": (str, "a text"),
    "contactInfo": (str, "a text"),
    "purchaseAmount": ((int, float), "a number"),
    "membershipStatus": (bool, "true or false"),
    "membershipHeld": (bool, "true or false"),
    "createdAt": (datetime, "a date"),
    "updatedAt": (datetime, "a date"),
}
_HISTORY_FIELDS = tuple(name for name in _TYPES if name not in ("createdAt", "updatedAt"))
_END_OF_TIME = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class RolledBack:
    """Runs that were taken back, and whom of each (run, customer) they tell to have left as they are."""

    runs: frozenset[str]
    left_alone: frozenset[tuple[str, str]]


def problems_of(dossier: Dossier, rolled_back: RolledBack, country: str | None) -> Iterator[str]:
    """Everything that is wrong with one customer.

    `country` is what the shop's phone numbers were read by, None while they are being read anew.
    """
    changes = in_order(dossier.changes)
    stored = dossier.customer or (dossier.trashed or {}).get("customer")
    yield from _whereabouts(dossier, changes)
    if stored is not None:
        yield from _fields(stored)
        yield from _helpers(dossier, country)
        yield from _version(stored, changes)
    yield from _gaps(changes)
    yield from _values(stored, changes)
    yield from _taken_back_twice(changes)
    yield from _memberships(dossier)
    yield from _ledger(dossier, stored)
    yield from _left_in_force(dossier.key, changes, rolled_back)


def name_of(dossier: Dossier) -> str:
    """The customer ID, from wherever it is still known, else the `_id`."""
    stored = dossier.customer or (dossier.trashed or {}).get("customer") or {}
    changes = in_order(dossier.changes)
    return str(stored.get("customerId") or (changes[-1].get("customerId") if changes else "") or dossier.key)


def twin_of(dossier: Dossier) -> str | None:
    """The compared form of an ID that this customer shares with another one; None when it has its own."""
    customer = dossier.customer
    if customer is None or not isinstance(customer.get(HELPERS), Mapping):
        return None
    key = id_key(str(customer.get("customerId") or ""))
    return key if customer[HELPERS].get("id") == twin_key(key, customer["_id"]) else None


def in_order(changes: Sequence[Document]) -> list[Document]:
    """The changes by version; a deletion comes after what made the version that it deleted."""
    return sorted(changes, key=lambda change: (_version_of(change), change.get("after") is None, str(change["_id"])))


def _whereabouts(dossier: Dossier, changes: Sequence[Document]) -> Iterator[str]:
    last = next((change for change in reversed(changes) if change.get("kind") != "erase"), None)
    deleted = last is not None and last.get("after") is None
    if dossier.customer is not None and dossier.trashed is not None:
        yield "it is both among the customers and in the trash"
    elif dossier.customer is not None and deleted:
        yield "it is there, although its history ends with its deletion"
    elif dossier.trashed is not None and not deleted:
        yield "it is in the trash, but its history does not end with its deletion"
    elif dossier.customer is None and dossier.trashed is None and last is not None and not deleted:
        yield "it has a history that does not end with its deletion, but it is gone"


def _fields(document: Document) -> Iterator[str]:
    for name, (kind, words) in _TYPES.items():
        value = document.get(name)
        if name not in document:
            yield f"the field {name} is missing"
        elif not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
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
    if helpers not in (expected, {**expected, **twin_fields(expected["id"], document["_id"])}):
        yield "what it is searched and ordered by does not belong to its texts"


def _version(stored: Document, changes: Sequence[Document]) -> Iterator[str]:
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


def _taken_back_twice(changes: Sequence[Document]) -> Iterator[str]:
    """Of two changes that take the same one back, one must have been taken back itself before."""
    by: dict[str, Document] = {}
    versions = {str(change["_id"]): _version_of(change) for change in changes}
    for change in reversed(changes):
        undone = change.get("undoes")
        if not undone or str(change["_id"]) in by:
            continue
        if undone in by:
            again = _version_of(by[undone])
            yield f"version {versions.get(undone, '?')} was taken back twice, the last time by version {again}"
        else:
            by[undone] = change


def _memberships(dossier: Dossier) -> Iterator[str]:
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


def _ledger(dossier: Dossier, stored: Document | None) -> Iterator[str]:
    """The entries that count add up to the purchase amount; those of a deleted customer are in the trash, too."""
    if stored is None:
        if any(entry.get("void") is False for entry in dossier.sales):
            yield "it is gone, but purchases of it still count"
        return
    counted = [entry for entry in dossier.sales if entry.get("void") is False]
    if dossier.customer is None:
        if counted:
            yield "it is in the trash, but purchases of it still count"
        counted = [entry for entry in dossier.sales if entry.get("trashed") is True]
    total = sum((read_stored_amount(entry.get("amount")) for entry in counted), Decimal("0.00"))
    amount = read_stored_amount(stored.get("purchaseAmount"))
    if total != amount:
        yield f"its purchase amount is {amount}, but its ledger adds up to {total}"
    recorded = {str(change["_id"]) for change in dossier.changes}
    if recorded and any(entry.get("change") and entry["change"] not in recorded for entry in counted):
        yield "the history lacks a change that wrote to its ledger"
    bought = (entry for entry in dossier.sales if entry.get("kind") in PURCHASES)
    if dossier.customer is not None and any(entry.get("revenueOnly") is True for entry in bought):
        yield "what it bought counts twice in the revenue"
    yield from _refunds(counted)
    yield from _moments(counted)


def _moments(counted: Sequence[Document]) -> Iterator[str]:
    """A refund counts where its sale does, everything else on its own date."""
    sold = {entry.get("saleId"): entry.get("soldAt") for entry in counted if entry["kind"] == "sale"}
    for entry in counted:
        own = entry.get("soldAt")
        if entry.get("countsAt") != (sold.get(entry.get("refundOf"), own) if entry["kind"] == "refund" else own):
            yield f"the {entry['kind']} {entry.get('saleId')} counts at another moment than it should"


def _refunds(counted: Sequence[Document]) -> Iterator[str]:
    left = {
        entry.get("saleId"): read_stored_amount(entry.get("amount")) for entry in counted if entry["kind"] == "sale"
    }
    for entry in counted:
        if entry["kind"] != "refund":
            continue
        sale = entry.get("refundOf")
        if sale not in left:
            yield f"the refund {entry.get('saleId')} belongs to no sale"
            continue
        left[sale] += read_stored_amount(entry.get("amount"))
        if left[sale] < 0:
            yield f"more than sale {sale} came to was refunded"


def _left_in_force(key: str, changes: Sequence[Document], rolled_back: RolledBack) -> Iterator[str]:
    for place, change in enumerate(changes):
        run = change.get("run")
        if run not in rolled_back.runs or (run, key) in rolled_back.left_alone:
            continue
        if not any(_takes_back_or_replaces(later, change) for later in changes[place + 1 :]):
            yield f"version {_version_of(change)} is still in force, although its run {run} was taken back"


def _takes_back_or_replaces(later: Document, change: Document) -> bool:
    before = change.get("before")
    if later.get("undoes") == str(change["_id"]) or later.get("after") is None or before is None:
        return True
    return change.get("after") is None or not before.keys().isdisjoint(later.get("before") or {})


def _version_of(change: Document) -> int:
    version = change.get("version")
    return version if isinstance(version, int) else -1


def _moment(interval: Document, side: str) -> datetime:
    found = interval.get(side)
    return found if isinstance(found, datetime) else _END_OF_TIME
