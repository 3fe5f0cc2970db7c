"""Customers as a CSV file, streamed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from kinso.models.csv_cells import COLUMNS, TEXT_COLUMNS, escape_formula, written_cells
from kinso.models.customer import Customer, CustomerQuery
from kinso.models.user import Actor, Permission
from kinso.repository.store import Store
from kinso.services.access import use_case
from kinso.services.csv_writing import started, stream_csv
from kinso.services.eligibility import eligible_in

Flavour = Literal["excel", "raw"]


@use_case(Permission.EXPORT)
def export_customers(store: Store, actor: Actor, query: CustomerQuery, flavour: Flavour = "excel") -> Iterator[bytes]:
    """The whole result of a query, in its order, as pieces of a CSV file.

    The excel flavour begins with a byte order mark and escapes texts that a spreadsheet would run as formulas; the raw
    one holds every text as it is stored. The first piece is read before this returns, so an unreachable database is
    told before anything was sent; while the others are read, `DatabaseUnavailable` may be raised as well.
    """
    for_excel = flavour == "excel"
    return started(stream_csv(COLUMNS, _rows(store, query, escaping=for_excel), for_excel=for_excel))


def _rows(store: Store, query: CustomerQuery, *, escaping: bool) -> Iterator[list[str]]:
    with store.guarded():
        for customer in store.customers.iterate(query, eligible=eligible_in(store, query)):
            yield _row(customer, escaping=escaping)


def _row(customer: Customer, *, escaping: bool) -> list[str]:
    cells = written_cells(customer)
    if escaping:
        cells |= {column: escape_formula(cells[column]) for column in TEXT_COLUMNS}
    return [cells[column] for column in COLUMNS]
