"""The whole ledger as a CSV file, streamed."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from kinso.models.accounts import Actor, Permission
from kinso.models.customers import Customer
from kinso.models.purchases import Sale, items_in_words
from kinso.models.transfer.cells import entry_as_exported, escape_formula
from kinso.repository.store import Store
from kinso.services.access import use_case
from kinso.services.csv_writing import Flavour, moment_for, started, stream_csv
from kinso.services.runs import in_batches

COLUMNS = (
    *("saleId", "customerId", "customerName", "contactInfo", "date", "kind", "amount", "refundOf", "paymentMethod"),
    *("items", "discount", "surcharge", "note", "recordedBy", "asExported"),
)
_TEXTS = frozenset({"saleId", "customerId", "customerName", "contactInfo", "refundOf", "items", "note", "recordedBy"})


@use_case(Permission.EXPORT)
def export_ledger(store: Store, actor: Actor, flavour: Flavour = "excel") -> Iterator[bytes]:
    """All entries that count, by customer and date, as pieces of a CSV file that can be imported again.

    Amounts are signed, so that they add up to the purchase amounts; the items of a receipt are there to be read, an
    import leaves them out. Flavours and failures are those of the export of customers.
    """
    return started(stream_csv(COLUMNS, _rows(store, flavour), flavour))


def _rows(store: Store, flavour: Flavour) -> Iterator[list[str]]:
    with store.guarded():
        zone = store.shop.get().zone
        for batch in in_batches(store.sales.iterate_by_customer()):
            customers = store.customers.get_many(list({sale.customer for sale in batch}))
            for sale in batch:
                if customer := customers.get(sale.customer):
                    yield _row(sale, customer, zone, flavour)


def _row(sale: Sale, customer: Customer, zone: ZoneInfo, flavour: Flavour) -> list[str]:
    cells = {
        "saleId": sale.sale_id,
        "customerId": customer.customer_id,
        "customerName": customer.customer_name,
        "contactInfo": customer.contact_info,
        "date": moment_for(flavour, sale.sold_at, zone),
        "kind": sale.kind,
        "amount": f"{sale.amount:.2f}",
        "refundOf": sale.refund_of or "",
        "paymentMethod": sale.payment_method or "",
        "items": items_in_words(sale),
        "discount": "" if sale.discount is None else f"{sale.discount:.2f}",
        "surcharge": "" if sale.surcharge is None else f"{sale.surcharge:.2f}",
        "note": sale.note or "",
        "recordedBy": sale.by_name,
        "asExported": entry_as_exported(sale.id, sale.sold_at, zone),
    }
    return [escape_formula(cell) if flavour == "excel" and name in _TEXTS else cell for name, cell in cells.items()]
