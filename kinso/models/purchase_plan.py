"""What an import of purchases would do, and what it did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, get_args

from kinso.models.csv_plan import NO_OVERLAP, KnownAlready, OpeningBalance, Overlap, PlannedChange, RowError
from kinso.models.run import Run
from kinso.models.sale import PaymentMethod, SaleKind

Unknown = Literal["refuse", "create"]
"""What becomes of purchases whose customer is not known: an error each, or a new customer."""
UNKNOWN: tuple[Unknown, ...] = get_args(Unknown)


@dataclass(frozen=True)
class PurchaseRow:
    """One entry of the ledger, as a file tells it.

    `amount` is signed as in the ledger. `row` counts as a spreadsheet does, `line` is where the row begins in the text.
    `exported_as` is the `_id` of the entry that the row was exported from.
    """

    row: int
    line: int
    sale_id: str
    customer_id: str
    amount: Decimal
    sold_at: datetime
    kind: SaleKind = "sale"
    refund_of: str | None = None
    payment_method: PaymentMethod | None = None
    note: str | None = None
    customer_name: str | None = None
    contact_info: str | None = None
    exported_as: str | None = None


@dataclass(frozen=True)
class PurchaseFigures:
    """What a file holds beside what is stored.

    `new` purchases (or refunds) of `customers` customers, `total` in all, would be recorded, the first one of
    `first_at`, the last one of `last_at`; `recorded` ones are in the ledger already, or twice in the file. `unknown`
    customers are not known yet.
    """

    new: int
    recorded: int
    customers: int
    unknown: int
    total: Decimal
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True)
class PurchasePlan:
    """What an import would do at this moment; with any error it would do nothing.

    `errors` are the first `MOST_ERRORS_SHOWN` of `error_count`, `conflicts` the first of the `conflict_count` purchases
    that were taken back here since the file was exported; `undecided_rows` are those of them about which nothing is
    decided. `overlap` is what has to be decided about opening balances. `needs_date_order` says that some dates can be
    read in two ways. `twins` are the first of the `twin_count` new customers who may be known already.
    `ignored_columns` are headers that mean nothing to Kinso, `notices` whole sentences about how the file was
    understood.
    """

    figures: PurchaseFigures
    unknown: Unknown
    errors: tuple[RowError, ...]
    error_count: int
    ignored_columns: tuple[str, ...]
    notices: tuple[str, ...]
    conflicts: tuple[PlannedChange, ...] = ()
    conflict_count: int = 0
    undecided_rows: int = 0
    overlap: Overlap = NO_OVERLAP
    opening_balance: OpeningBalance | None = None
    needs_date_order: bool = False
    twins: tuple[KnownAlready, ...] = ()
    twin_count: int = 0

    @property
    def overlap_in_words(self) -> str:
        """`2 customers came with a balance that these purchases explain again, 1,250.00 in all`."""
        overlap = self.overlap
        customers = "1 customer" if overlap.customers == 1 else f"{overlap.customers:,} customers"
        return f"{customers} came with a balance that these purchases explain again, {overlap.amount:,} in all"

    @property
    def is_overlap_undecided(self) -> bool:
        """Whether somebody has to say what becomes of opening balances."""
        return self.overlap.customers > 0 and self.opening_balance is None

    @property
    def gives_way(self) -> Overlap:
        """By how much opening balances of how many customers are lowered."""
        return self.overlap if self.opening_balance == "give-way" else NO_OVERLAP


@dataclass(frozen=True)
class PurchaseResult:
    """What an import did; `run` is None when there was nothing to record.

    `activated` counts the customers whom their purchases made members, `gives_way` those whose opening balance was
    lowered.
    """

    run: Run | None
    figures: PurchaseFigures
    created: int
    activated: int
    ignored_columns: tuple[str, ...]
    notices: tuple[str, ...]
    gives_way: Overlap = NO_OVERLAP
    twins: tuple[KnownAlready, ...] = ()
    twin_count: int = 0
