"""Customers as a CSV file, streamed."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from kinso.models.accounts import Actor, Permission
from kinso.models.customers import Customer, CustomerQuery
from kinso.models.transfer.cells import COLUMNS, TEXT_COLUMNS, customer_as_exported, escape_formula, written_cells
from kinso.repository.store import Store
from kinso.services.access import use_case
from kinso.services.csv_writing import Flavour, moment_for, started, stream_csv
from kinso.services.eligibility import eligible_in


@use_case(Permission.EXPORT)
def export_customers(store: Store, actor: Actor, query: CustomerQuery, flavour: Flavour = "excel") -> Iterator[bytes]:
    """The whole result of a query, in its order, as pieces of a CSV file.

    The excel flavour begins with a byte order mark, escapes texts that a spreadsheet would run as formulas, and tells
    dates by the clock of the shop, so that a spreadsheet has real ones; the raw one holds every text as it is stored,
    and dates in ISO 8601 and UTC. `version` and `asExported` tell an import what the file saw. The first piece is read
    before this returns, so an unreachable database is told before anything was sent; while the others are read,
    `DatabaseUnavailable` may be raised as well.
    """
    return started(stream_csv(COLUMNS, _rows(store, query, flavour), flavour))


def _rows(store: Store, query: CustomerQuery, flavour: Flavour) -> Iterator[list[str]]:
    with store.guarded():
        zone = store.shop.get().zone
        for customer in store.customers.iterate(query, eligible=eligible_in(store, query)):
            yield _row(customer, zone, flavour)


def _row(customer: Customer, zone: ZoneInfo, flavour: Flavour) -> list[str]:
    cells = written_cells(customer)
    seen = customer_as_exported(customer.id, cells, customer.created_at, zone)
    if flavour == "excel":
        cells |= {column: escape_formula(cells[column]) for column in TEXT_COLUMNS}
    moments = (moment_for(flavour, moment, zone) for moment in (customer.created_at, customer.updated_at))
    return [*cells.values(), *moments, str(customer.version), seen]
