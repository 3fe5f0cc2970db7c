"""Use cases that read what happened to customers, as pages and as a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from kinso.models.accounts import Actor, Permission
from kinso.models.history import Change, HistoryPage, HistoryQuery
from kinso.models.transfer.cells import Flavour, escape_formula
from kinso.repository.store import Store
from kinso.services.permissions import use_case
from kinso.services.shop.settings import in_the_shops_time
from kinso.services.transfer.exports import moment_for, started, stream_csv

COLUMNS = ("at", "customerId", "kind", "field", "before", "after", "by", "source", "reason", "run")
HIDDEN = frozenset({"membershipHeld", "createdAt"})
"""Recorded for undoing changes; nothing that people enter."""


@use_case(Permission.READ)
def list_history(store: Store, actor: Actor, query: HistoryQuery, *, page: int, limit: int) -> HistoryPage:
    """One page of changes, newest first."""
    query = _with_merged(store, in_the_shops_time(store, query))
    total = store.changes.count(query)
    items = store.changes.find(query, page=page, limit=limit) if (page - 1) * limit < total else []
    return HistoryPage(items=items, page=page, limit=limit, total=total)


@use_case(Permission.READ)
def list_people_in_history(store: Store, actor: Actor) -> list[str]:
    """The names of everyone who ever changed a customer."""
    return store.changes.names_of_people()


@use_case(Permission.EXPORT)
def export_history(store: Store, actor: Actor, query: HistoryQuery, flavour: Flavour = "excel") -> Iterator[bytes]:
    """The whole result as a CSV file, one row for each field that changed; flavours are those of all exports."""
    return started(_history_file(store, _with_merged(store, in_the_shops_time(store, query)), flavour))


def _with_merged(store: Store, query: HistoryQuery) -> HistoryQuery:
    """The changes of a customer are also those of everybody who was merged into them."""
    if not query.customer:
        return query
    customer = store.merged.way_up(query.customer)[-1]
    return query.model_copy(update={"customer": customer, "also": tuple(store.merged.all_in(customer))})


def _history_file(store: Store, query: HistoryQuery, flavour: Flavour) -> Iterator[bytes]:
    with store.guarded():
        zone = store.shop.get().zone
        rows = (row for change in store.changes.iterate(query) for row in _rows(change, zone, flavour))
        yield from stream_csv(COLUMNS, rows, flavour)


def _rows(change: Change, zone: ZoneInfo, flavour: Flavour) -> Iterator[list[str]]:
    before, after = change.before or {}, change.after or {}
    at = moment_for(flavour, change.at, zone)
    # What changed nothing that people enter, such as an erasure, is told as well.
    for field in [name for name in {**before, **after} if name not in HIDDEN] or [""]:
        texts = [change.customer_id, change.kind, field, _written(before, field), _written(after, field)]
        texts += [change.by_name, change.source, change.reason or "", change.run or ""]
        yield [at, *(escape_formula(text) if flavour == "excel" else text for text in texts)]


def _written(side: Mapping[str, Any], field: str) -> str:
    value = side.get(field, "")
    return str(value).lower() if isinstance(value, bool) else str(value)
