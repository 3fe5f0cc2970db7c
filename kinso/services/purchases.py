"""Use cases that read one customer's ledger: figures, entries with a running total, what can be refunded, a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from kinso.errors import CUSTOMER_GONE, NotFound
from kinso.models.csv_cells import escape_formula
from kinso.models.customer import LARGEST_PAGE
from kinso.models.money import round_to_cents
from kinso.models.purchases import LedgerLine, LedgerPage, MonthAmount, PurchaseSummary, items_in_words
from kinso.models.sale import PURCHASES, Sale, SaleQuery
from kinso.models.user import Actor, Permission
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.access import use_case
from kinso.services.csv_writing import started, stream_csv
from kinso.services.statistics import month_starts

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
)
_NOTHING = Decimal("0.00")


@use_case(Permission.READ)
def summarize_purchases(store: Store, actor: Actor, customer: str) -> PurchaseSummary:
    """The figures of the customer with this `_id`, months in the shop's time zone; zeros for who bought nothing."""
    totals = store.account.totals(customer)
    bought = [totals[kind] for kind in PURCHASES if kind in totals]
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
    limit, query = min(limit, LARGEST_PAGE), SaleQuery(customer=customer)
    total = store.sales.count(query)
    entries = store.sales.find(query, page=page, limit=limit) if (page - 1) * limit < total else []
    running = store.account.sum_up_to(entries[0]) if entries else _NOTHING
    lines = []
    for entry, left in zip(entries, _left_of_each(store, entries), strict=True):
        lines.append(LedgerLine(entry, running, left))
        running -= entry.amount
    return LedgerPage(lines, page, limit, total)


@use_case(Permission.READ)
def list_refundable(store: Store, actor: Actor, customer: str, *, limit: int = 100) -> list[tuple[Sale, Decimal]]:
    """The latest sales of which something is left to refund, with how much; among the last `limit` sales."""
    sales = store.account.latest_sales(customer, limit=limit)
    return [(sale, left) for sale, left in zip(sales, _left_of_each(store, sales), strict=True) if left > 0]


@use_case(Permission.EXPORT)
def export_purchases(store: Store, actor: Actor, customer: str) -> Iterator[bytes]:
    """The ledger of one customer as a CSV file for Excel, oldest first, dates in ISO 8601 and the shop's time zone.

    Raises `NotFound` when there is no such customer.
    """
    if store.customers.get(customer) is None:
        raise NotFound(CUSTOMER_GONE)
    zone = store.shop.get().zone
    return started(stream_csv(COLUMNS, _rows(store, customer, zone), for_excel=True))


def _months(store: Store, customer: str, first: datetime) -> list[MonthAmount]:
    zone = store.shop.get().zone
    present, begin = now().astimezone(zone), first.astimezone(zone)
    elapsed = (present.year - begin.year) * 12 + present.month - begin.month + 1
    starts = month_starts(present, min(max(elapsed, 1), MOST_MONTHS))
    amounts = store.account.spent_between(customer, [start.astimezone(UTC) for start in starts])
    return [MonthAmount(start.date(), amount) for start, amount in zip(starts[:-1], amounts, strict=True)]


def _left_of_each(store: Store, entries: Sequence[Sale]) -> list[Decimal]:
    refunds = store.sales.refunded_among([entry for entry in entries if entry.kind == "sale"])
    return [
        entry.amount + sum((refund.amount for refund in refunds.get(entry.sale_id, ())), _NOTHING)
        if entry.kind == "sale"
        else _NOTHING
        for entry in entries
    ]


def _rows(store: Store, customer: str, zone: ZoneInfo) -> Iterator[list[str]]:
    running = _NOTHING
    with store.guarded():
        for entry in store.account.oldest_first(customer):
            running += entry.amount
            texts = (entry.payment_method, entry.note, entry.refund_of)
            yield [
                _written(entry.sold_at, zone),
                escape_formula(entry.sale_id),
                entry.kind,
                f"{entry.amount:.2f}",
                f"{running:.2f}",
                escape_formula(items_in_words(entry)),
                *("" if amount is None else f"{amount:.2f}" for amount in (entry.discount, entry.surcharge)),
                *(escape_formula(text or "") for text in texts),
                escape_formula(entry.by_name),
                entry.source,
                _written(entry.recorded_at, zone),
            ]


def _written(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(timespec="seconds")
