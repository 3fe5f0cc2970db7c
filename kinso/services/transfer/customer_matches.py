"""Whom each row of an import is about, and what the file saw of them when it was exported."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Literal, Protocol

from kinso.errors import AmbiguousCustomerId
from kinso.models.customers import Customer
from kinso.models.history import Change
from kinso.models.text import id_key
from kinso.models.transfer.cells import (
    AS_EXPORTED,
    ExportedCustomer,
    ExportedMoment,
    ascii_digits,
    is_damaged,
    read_exported_customer,
    undamaged_forms,
    written_cells,
    written_value,
)
from kinso.repository.customers_search import ByCustomerId
from kinso.repository.documents import erased_id
from kinso.repository.store import Store
from kinso.services.transfer.reading import CsvFile, Record

_LONGEST_VERSION = 10
Gone = Literal["deleted", "erased", "given away"]


class Seen(Protocol):
    """What a file saw of a customer."""

    def saw(self, field: str, text: str) -> bool:
        """Whether the field was written like this, unescaped."""
        ...


@dataclass(frozen=True)
class SeenVersion:
    """A version of a customer, from the history; `values` are written as in an export."""

    values: Mapping[str, str]

    def saw(self, field: str, text: str) -> bool:
        """Whether the field was written like this, unescaped."""
        return self.values[field] == text


@dataclass(frozen=True)
class Subject:
    """Whom a row is about: somebody who is stored, or a new customer.

    `seen` is what the file saw of them, None when it does not tell; then `bought` is what their purchases come to.
    `gone` says why nobody is there any more who was when the file was exported; with `given away`, somebody else has
    the ID now. `lost_zeros` is the ID that the cell had before a spreadsheet took it for a number, and
    `has_another_id` says that the row was exported for somebody else.
    """

    existing: Customer | None = None
    seen: Seen | None = None
    created: ExportedMoment | None = None
    gone: Gone | None = None
    lost_zeros: str | None = None
    has_another_id: bool = False
    bought: Decimal = Decimal("0.00")


class KnownCustomers:
    """The subjects of some rows, asked for together."""

    def __init__(self, store: Store, file: CsvFile, records: Sequence[Record]) -> None:
        self._store = store
        self._file = file
        self._by_customer_id = self._called(
            id for record in records for id in file.readings(record.cells["customerId"])
        )
        self._seen = {record.row: seen for record in records if (seen := exported_customer(record))}
        here = {customer.id for customer in self._by_customer_id}
        elsewhere = {seen.id for seen in self._seen.values()} - here
        self._by_id = store.customers.get_many(elsewhere)
        self._merged_into = store.merged.holders(elsewhere - self._by_id.keys())
        self._known_once = store.changes.known_customers(elsewhere - self._by_id.keys())
        self._versions = self._seen_versions([record for record in records if record.row not in self._seen])
        self._with_zeros = called_but_for_zeros(
            store, [record.cells["customerId"] for record in records if self._is_unknown(record)]
        )

    def subject(self, record: Record) -> Subject:
        """Whom the row is about; raises `AmbiguousCustomerId`."""
        subject = self._subject(record)
        if subject.existing is None or subject.seen is not None:
            return subject
        return replace(subject, bought=self._bought.get(subject.existing.id, subject.bought))

    @cached_property
    def _bought(self) -> Mapping[str, Decimal]:
        """What was bought by those whose totals the file may bring without having seen it."""
        if "purchaseAmount" not in self._file.columns.values():
            return {}
        return self._store.ledger.bought_by({*(each.id for each in self._by_customer_id), *self._by_id})

    def _subject(self, record: Record) -> Subject:
        found = self._found(record)
        seen = self._seen.get(record.row)
        if seen is None:
            return self._versions.get(record.row) or self._by_its_id(record, found)
        if found and found.id == seen.id:
            return Subject(found, seen)
        if found and self._merged_into.get(seen.id) == found.id:
            return Subject(found, seen)
        before = self._by_id.get(seen.id)
        if before and is_damaged(record.cells["customerId"], before.customer_id):
            return Subject(before, seen, lost_zeros=before.customer_id)
        if not any(seen.saw("customerId", reading) for reading in self._readings(record)):
            # The ID was typed over, so the row is not about the customer any more whom it was exported for.
            return replace(self._by_its_id(record, found), has_another_id=True)
        if before:
            return Subject(before, seen, gone="erased" if before.customer_id == erased_id(before.id) else None)
        if seen.id in self._known_once:
            return Subject(None, seen, seen.created, gone="given away" if found else "deleted")
        # It was exported from another shop.
        return Subject(found, created=seen.created)

    def _called(self, customer_ids: Iterable[str]) -> ByCustomerId:
        return self._store.customers.get_by_customer_ids(customer_ids)

    def _readings(self, record: Record) -> tuple[str, ...]:
        """The IDs that the row may name, the one of a new customer last."""
        return self._file.readings(record.cells["customerId"])

    def _found(self, record: Record) -> Customer | None:
        found = (self._by_customer_id.get(customer_id) for customer_id in self._readings(record))
        return next((customer for customer in found if customer), None)

    def _is_unknown(self, record: Record) -> bool:
        return not any(reading in self._by_customer_id for reading in self._readings(record))

    def _by_its_id(self, record: Record, found: Customer | None) -> Subject:
        if found:
            return Subject(found)
        like = self._with_zeros.get(record.cells["customerId"])
        return Subject(like, lost_zeros=like.customer_id) if like else Subject()

    def _seen_versions(self, records: Sequence[Record]) -> dict[int, Subject]:
        """The subjects of those rows of which only the version came back."""
        versions = {record.row: version for record in records if (version := _version(record)) is not None}
        versioned = [record for record in records if record.row in versions]
        unknown = [record for record in versioned if self._is_unknown(record)]
        called = self._store.changes.last_called(reading for record in unknown for reading in self._readings(record))
        renamed = self._store.customers.get_many(called.values())
        candidates: list[tuple[Record, Customer]] = []
        subjects: dict[int, Subject] = {}
        for record in versioned:
            id = next((called[key] for reading in self._readings(record) if (key := id_key(reading)) in called), None)
            # Whether an ID may mean several customers is told row by row.
            with suppress(AmbiguousCustomerId):
                if customer := renamed.get(id) if id else self._found(record):
                    candidates.append((record, customer))
                elif id:
                    subjects[record.row] = Subject(gone="deleted")
        later = self._later({customer.id: versions[record.row] for record, customer in candidates})
        for record, customer in candidates:
            values = values_at(customer, versions[record.row], later.get(customer.id, ()))
            had_id = values and id_key(values["customerId"]) in map(id_key, self._readings(record))
            if had_id or customer.id not in renamed:
                subjects[record.row] = Subject(customer, SeenVersion(values) if values and had_id else None)
        return subjects

    def _later(self, versions: Mapping[str, int]) -> dict[str, list[Change]]:
        later: dict[str, list[Change]] = {}
        for change in self._store.changes.after_versions(versions):
            later.setdefault(change.customer, []).append(change)
        return later


def called_but_for_zeros(store: Store, unknown: Collection[str]) -> dict[str, Customer]:
    """For each of these unknown IDs the customer whose ID is the same number with leading zeros, if there is one."""
    if not unknown or not store.customers.has_leading_zeros():
        return {}
    forms = {form: cell for cell in unknown for form in undamaged_forms(cell) if form.startswith("0")}
    found: dict[str, Customer] = {}
    for customer in store.customers.get_by_customer_ids(forms) if forms else ():
        if cell := forms.get(customer.customer_id):
            found.setdefault(cell, customer)
    return found


def exported_customer(record: Record) -> ExportedCustomer | None:
    """What the row saw of its customer when it was exported; None when that did not come back whole."""
    return read_exported_customer(record.cells.get(AS_EXPORTED, ""))


def values_at(customer: Customer, version: int, latest_first: Sequence[Change]) -> Mapping[str, str] | None:
    """The cells of an earlier version, from the changes after it; None when the history does not reach back to it."""
    if version > customer.version:
        return None
    values = written_cells(customer)
    reached = customer.version
    for change in latest_first:
        if change.after is None:
            # A deletion changes nothing of what comes back with its undoing.
            continue
        if change.version != reached:
            return None
        if change.before is None and change.kind != "restore":
            return None
        values |= {name: written_value(name, value) for name, value in (change.before or {}).items() if name in values}
        reached -= 1
    return values if reached == version else None


def _version(record: Record) -> int | None:
    text = ascii_digits(record.cells.get("version", "")).strip().removesuffix(".0")
    return int(text) if text.isdecimal() and len(text) < _LONGEST_VERSION else None


_TABLE = """
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA cache_size = -32768;
    CREATE TABLE first_rows (customer TEXT PRIMARY KEY, row INTEGER) WITHOUT ROWID;
"""


class FirstRows:
    """Remembers the first row of each customer."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def row_of(self, customer: str, row: int) -> int:
        """The first row of this customer; `row` when the customer was in none yet."""
        values = (customer, row)
        if self._database.execute("INSERT OR IGNORE INTO first_rows VALUES (?, ?)", values).rowcount:
            return row
        query = "SELECT row FROM first_rows WHERE customer = ?"
        [earlier] = self._database.execute(query, (customer,)).fetchone()
        return int(earlier)


@contextmanager
def first_rows() -> Iterator[FirstRows]:
    """None yet, in a temporary file that vanishes with them."""
    with closing(sqlite3.connect("", isolation_level=None)) as database:
        database.executescript(_TABLE)
        database.execute("BEGIN")
        yield FirstRows(database)
