"""Use cases that read one customer's ledger: figures, entries with a running total, what can be refunded, a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from kinso.errors import CUSTOMER_GONE, NotFound
from kinso.models.accounts import Actor, Permission
from kinso.models.customers import LARGEST_PAGE, Customer
from kinso.models.money import round_to_cents
from kinso.models.purchases import (
    PURCHASE_KINDS,
    LedgerEntry,
    LedgerLine,
    LedgerPage,
    LedgerQuery,
    MonthAmount,
    PurchaseSummary,
    items_in_words,
)
from kinso.models.transfer.cells import Flavour, entry_as_exported, escape_formula
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.insights import month_starts
from kinso.services.permissions import use_case
from kinso.services.transfer.exports import moment_for, started, stream_csv

MOST_MONTHS = 24
COLUMNS = (
    "date",
    "saleId",
    "kind",
    "amount",
    "runningTotal",
    "items",
    "discount",
    "surcharge",
    "paymentMethod",
    "note",
    "refundOf",
    "by",
    "source",
    "recordedAt",
    "customerId",
    "asExported",
)
_TEXTS = frozenset({"saleId", "items", "note", "refundOf", "by", "customerId"})
_NOTHING = Decimal("0.00")


@use_case(Permission.READ)
def summarize_purchases(store: Store, actor: Actor, customer: str) -> PurchaseSummary:
    """The figures of the customer with this `_id`, months in the shop's time zone; zeros for who bought nothing."""
    totals = store.customer_ledger.totals(customer)
    bought = [totals[kind] for kind in PURCHASE_KINDS if kind in totals]
    sales = totals.get("sale")
    total = sum((kind.amount for kind in bought), _NOTHING)
    return PurchaseSummary(
        entries=sum(kind.count for kind in totals.values()),
        count=sales.count if sales else 0,
        total=total,
        average=round_to_cents(total / sales.count) if sales else None,
        last=sales.last if sales else None,
        months=_months(store, customer, min(kind.first for kind in bought)) if bought else [],
    )


@use_case(Permission.READ)
def list_ledger(store: Store, actor: Actor, customer: str, *, page: int, limit: int) -> LedgerPage:
    """One page of everything that makes up the purchase amount of the customer with this `_id`, newest first."""
    limit, query = min(limit, LARGEST_PAGE), LedgerQuery(customer=customer)
    entries, total = store.ledger.find_with_total(query, page=page, limit=limit)
    balance = store.customer_ledger.sum_up_to(entries[0]) if entries else _NOTHING
    lines = []
    for entry, left in zip(entries, _left_of_each(store, entries), strict=True):
        lines.append(LedgerLine(entry, balance, left))
        balance -= entry.amount
    return LedgerPage(lines, page, limit, total)


@use_case(Permission.READ)
def list_refundable(
    store: Store, actor: Actor, customer: str, *, limit: int = 100
) -> list[tuple[LedgerEntry, Decimal]]:
    """The latest sales of which something is left to refund, with how much; among the last `limit` sales."""
    sales = store.customer_ledger.latest_sales(customer, limit=limit)
    return [(sale, left) for sale, left in zip(sales, _left_of_each(store, sales), strict=True) if left > 0]


@use_case(Permission.EXPORT)
def export_purchases(store: Store, actor: Actor, customer: str, flavour: Flavour = "excel") -> Iterator[bytes]:
    """The ledger of one customer as a CSV file that can be imported again, oldest first.

    Flavours are those of all exports. Raises `NotFound` when there is no such customer.
    """
    found = store.customers.get(customer)
    if found is None:
        raise NotFound(CUSTOMER_GONE)
    zone = store.shop.get().zone
    return started(stream_csv(COLUMNS, _rows(store, found, zone, flavour), flavour))


def _months(store: Store, customer: str, first: datetime) -> list[MonthAmount]:
    zone = store.shop.get().zone
    present, begin = now().astimezone(zone), first.astimezone(zone)
    elapsed = (present.year - begin.year) * 12 + present.month - begin.month + 1
    starts = month_starts(present, min(max(elapsed, 1), MOST_MONTHS))
    amounts = store.customer_ledger.spent_between(customer, [start.astimezone(UTC) for start in starts])
    return [MonthAmount(start.date(), amount) for start, amount in zip(starts[:-1], amounts, strict=True)]


def _left_of_each(store: Store, entries: Sequence[LedgerEntry]) -> list[Decimal]:
    refunds = store.ledger.refunded_among([entry for entry in entries if entry.kind == "sale"])
    return [
        entry.amount + sum((refund.amount for refund in refunds.get(entry.sale_id, ())), _NOTHING)
        if entry.kind == "sale"
        else _NOTHING
        for entry in entries
    ]


def _rows(store: Store, customer: Customer, zone: ZoneInfo, flavour: Flavour) -> Iterator[list[str]]:
    balance = _NOTHING
    with store.guarded():
        for entry in store.customer_ledger.oldest_first(customer.id):
            balance += entry.amount
            cells = _cells(entry, customer, balance)
            if flavour == "excel":
                cells |= {name: escape_formula(cells[name]) for name in _TEXTS}
            cells |= {
                "date": moment_for(flavour, entry.sold_at, zone),
                "recordedAt": moment_for(flavour, entry.recorded_at, zone),
                "asExported": entry_as_exported(entry.id, entry.sold_at, zone),
            }
            yield [cells[name] for name in COLUMNS]


def _cells(entry: LedgerEntry, customer: Customer, balance: Decimal) -> dict[str, str]:
    return {
        "saleId": entry.sale_id,
        "kind": entry.kind,
        "amount": f"{entry.amount:.2f}",
        "runningTotal": f"{balance:.2f}",
        "items": items_in_words(entry),
        "discount": "" if entry.discount is None else f"{entry.discount:.2f}",
        "surcharge": "" if entry.surcharge is None else f"{entry.surcharge:.2f}",
        "paymentMethod": entry.payment_method or "",
        "note": entry.note or "",
        "refundOf": entry.refund_of or "",
        "by": entry.by_name,
        "source": entry.source,
        "customerId": customer.customer_id,
    }
