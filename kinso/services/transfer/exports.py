"""Customers and the ledger as CSV files, streamed, and files on disk that appear when they are complete."""

from __future__ import annotations

import codecs
import csv
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

from kinso.errors import FileInTheWay
from kinso.models.accounts import Actor, Permission
from kinso.models.customers import Customer, CustomerQuery
from kinso.models.facts import FACTS
from kinso.models.purchases import LedgerEntry, items_in_words
from kinso.models.transfer.cells import (
    AS_EXPORTED,
    COLUMNS,
    Flavour,
    entry_as_exported,
    escape_formula,
    local_moment,
    written_moment,
)
from kinso.models.validation import LABELS
from kinso.repository.store import Store
from kinso.services.facts import facts_for, facts_now
from kinso.services.history.runs import in_batches
from kinso.services.permissions import use_case

CHUNK = 64 * 1024
"""Characters that are collected before they are sent."""
UNFINISHED = ".part"
"""How the name of a file ends that is not complete."""
LEDGER_COLUMNS = (
    *("saleId", "customerId", "customerName", "contactInfo", "date", "kind", "amount", "refundOf", "paymentMethod"),
    *("items", "discount", "surcharge", "note", "recordedBy", AS_EXPORTED),
)
_AT_THE_END = ("version", AS_EXPORTED)
_BEFORE = tuple(name for name in COLUMNS if name not in _AT_THE_END)
_TEXTS = frozenset({"saleId", "customerId", "customerName", "contactInfo", "refundOf", "items", "note", "recordedBy"})


@use_case(Permission.EXPORT)
def export_customers(
    store: Store,
    actor: Actor,
    query: CustomerQuery,
    flavour: Flavour = "excel",
    *,
    facts: Sequence[str] = (),
    in_words: bool = False,
) -> Iterator[bytes]:
    """The whole result of a query, in its order, as pieces of a CSV file.

    The excel flavour begins with a byte order mark, escapes texts that a spreadsheet would run as formulas, and tells
    dates by the clock of the shop, so that a spreadsheet has real ones; the raw one holds every text as it is stored,
    and dates in ISO 8601 and UTC. `facts` (names) are further columns; `in_words` gives all the headings that people
    read. An import understands both, and leaves out what is computed. `version` and `asExported` tell it what the file
    saw. The first piece is read before this returns, so an unreachable database is told before anything was sent; while
    the others are read, `DatabaseUnavailable` may be raised as well.
    """
    further = [name for name in dict.fromkeys(facts) if name not in COLUMNS]
    return started(_customers_file(store, query, flavour, [*_BEFORE, *further, *_AT_THE_END], in_words=in_words))


@use_case(Permission.EXPORT)
def export_selected(
    store: Store, actor: Actor, ids: Sequence[str], query: CustomerQuery, flavour: Flavour = "excel"
) -> bytes:
    """The same of the customers with these `_id`s, as far as the query has them, in its order and as a whole."""
    return b"".join(_customers_file(store, query, flavour, among=ids))


@use_case(Permission.EXPORT)
def export_ledger(store: Store, actor: Actor, flavour: Flavour = "excel") -> Iterator[bytes]:
    """All entries that count, by customer and date, as pieces of a CSV file that can be imported again.

    Amounts are signed, so that they add up to the purchase amounts; the items of a receipt are there to be read, an
    import leaves them out. Flavours and failures are those of the export of customers.
    """
    return started(stream_csv(LEDGER_COLUMNS, _ledger_rows(store, flavour), flavour))


def stream_csv(columns: Sequence[str], rows: Iterable[Sequence[str]], flavour: Flavour) -> Iterator[bytes]:
    """An RFC 4180 file in UTF-8, for Excel with a byte order mark; in pieces, so that its size does not matter."""
    buffer = StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(columns)
    start = codecs.BOM_UTF8 if flavour == "excel" else b""
    for row in rows:
        writer.writerow(row)
        if buffer.tell() >= CHUNK:
            yield start + buffer.getvalue().encode()
            start = b""
            buffer.seek(0)
            buffer.truncate()
    if buffer.tell():
        yield start + buffer.getvalue().encode()


def moment_for(flavour: Flavour, moment: datetime, zone: ZoneInfo) -> str:
    """By the clock of the shop in a form that a spreadsheet takes for a date; for programs in ISO 8601 and UTC."""
    return local_moment(moment, zone) if flavour == "excel" else written_moment(moment)


def started(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same pieces with the first one read already, so that what cannot be read is told before anything is sent."""
    first = next(chunks)

    def all_chunks() -> Iterator[bytes]:
        yield first
        yield from chunks

    return all_chunks()


@contextmanager
def new_file(name: str, *, overwrite: bool) -> Iterator[IO[bytes]]:
    """A file that only its owner can read, and that appears under its name when it is complete and on the disk."""
    target = Path(name).absolute()

    def demand_free(_unfinished: Path | None = None) -> None:
        # A device, a pipe or a folder is never replaced.
        if target.exists() and not (overwrite and target.is_file()):
            raise FileInTheWay(name)

    demand_free()
    with completed_file(target, name, demand_free) as file:
        yield file


@contextmanager
def completed_file(target: Path, name: str, finish: Callable[[Path], None]) -> Iterator[IO[bytes]]:
    """A file beside `target` that takes its place at the end, after `finish` saw it; `name` is for messages."""
    try:
        handle, unfinished = tempfile.mkstemp(dir=target.parent, prefix=f"{target.name}.", suffix=UNFINISHED)
    except OSError as error:
        # Nobody knows the temporary name.
        error.filename = name
        raise
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        finish(Path(unfinished))
        Path(unfinished).replace(target)
    except BaseException:
        Path(unfinished).unlink()
        raise


def _customers_file(
    store: Store,
    query: CustomerQuery,
    flavour: Flavour,
    columns: Sequence[str] = COLUMNS,
    *,
    in_words: bool = False,
    among: Sequence[str] | None = None,
) -> Iterator[bytes]:
    with store.guarded():
        facts = facts_now(store) if len(columns) > len(COLUMNS) else facts_for(store, query)
        zone = store.shop.get().zone
        lines = store.exports.lines(query, flavour, zone, facts=facts, columns=columns, among=among)
        yield from stream_csv([_heading(name) for name in columns] if in_words else columns, (), flavour)
        for many in lines:
            yield from (many[start : start + CHUNK] for start in range(0, len(many), CHUNK))


def _heading(column: str) -> str:
    return FACTS[column].label if column not in COLUMNS else LABELS.get(column, column)


def _ledger_rows(store: Store, flavour: Flavour) -> Iterator[list[str]]:
    with store.guarded():
        zone = store.shop.get().zone
        for batch in in_batches(store.ledger.iterate_by_customer()):
            customers = store.customers.get_many(list({entry.customer for entry in batch}))
            for entry in batch:
                if customer := customers.get(entry.customer):
                    yield _ledger_row(entry, customer, zone, flavour)


def _ledger_row(entry: LedgerEntry, customer: Customer, zone: ZoneInfo, flavour: Flavour) -> list[str]:
    cells = {
        "saleId": entry.sale_id,
        "customerId": customer.customer_id,
        "customerName": customer.customer_name,
        "contactInfo": customer.contact_info,
        "date": moment_for(flavour, entry.sold_at, zone),
        "kind": entry.kind,
        "amount": f"{entry.amount:.2f}",
        "refundOf": entry.refund_of or "",
        "paymentMethod": entry.payment_method or "",
        "items": items_in_words(entry),
        "discount": "" if entry.discount is None else f"{entry.discount:.2f}",
        "surcharge": "" if entry.surcharge is None else f"{entry.surcharge:.2f}",
        "note": entry.note or "",
        "recordedBy": entry.by_name,
        AS_EXPORTED: entry_as_exported(entry.id, entry.sold_at, zone),
    }
    return [escape_formula(cell) if flavour == "excel" and name in _TEXTS else cell for name, cell in cells.items()]
