"""Customers as a CSV file, streamed."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from io import StringIO
from typing import Literal

from kinso.models.csv_cells import COLUMNS, TEXT_COLUMNS, escape_formula, written_cells
from kinso.models.customer import Customer, CustomerQuery
from kinso.models.user import Actor, Permission
from kinso.repository.store import Store
from kinso.services.access import use_case

Flavour = Literal["excel", "raw"]
CHUNK = 64 * 1024
"""Characters that are collected before they are sent."""


@use_case(Permission.EXPORT)
def export_customers(store: Store, actor: Actor, query: CustomerQuery, flavour: Flavour = "excel") -> Iterator[bytes]:
    """The whole result of a query, in its order, as pieces of an RFC 4180 file in UTF-8.

    The excel flavour begins with a byte order mark and escapes texts that a spreadsheet would run as formulas; the raw
    one holds every text as it is stored. The first piece is read before this returns, so an unreachable database is
    told before anything was sent; while the others are read, `DatabaseUnavailable` may be raised as well.
    """
    chunks = _chunks(store, query, flavour)
    return _with_first(next(chunks), chunks)


def _with_first(first: bytes, others: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from others


def _chunks(store: Store, query: CustomerQuery, flavour: Flavour) -> Iterator[bytes]:
    escaping = flavour == "excel"
    buffer = StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    start = codecs.BOM_UTF8 if escaping else b""
    with store.guarded():
        for customer in store.customers.iterate(query):
            writer.writerow(_row(customer, escaping=escaping))
            if buffer.tell() >= CHUNK:
                yield start + buffer.getvalue().encode()
                start = b""
                buffer.seek(0)
                buffer.truncate()
    if buffer.tell():
        yield start + buffer.getvalue().encode()


def _row(customer: Customer, *, escaping: bool) -> list[str]:
    cells = written_cells(customer)
    if escaping:
        cells |= {column: escape_formula(cells[column]) for column in TEXT_COLUMNS}
    return [cells[column] for column in COLUMNS]
