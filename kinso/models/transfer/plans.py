"""What an import of customers or purchases would do, and what it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from kinso.models.customers import LikelyDuplicate
from kinso.models.history import Run
from kinso.models.payment_methods import PaymentMethod
from kinso.models.purchases import EntryKind
from kinso.models.transfer.dates import DateOrder

MOST_ERRORS_SHOWN = 100
MOST_DUPLICATES_SHOWN = 100
MOST_CHANGES_SHOWN = 1000
"""Of changes and of conflicts in a plan; a report lists all."""

Side = Literal["mine", "theirs"]
"""Whose value stays where both sides changed it: that of the file, or the one that is stored."""
SIDES: tuple[Side, ...] = get_args(Side)
Damaged = Literal["refuse", "mend"]
"""What becomes of numbers that a spreadsheet has spoilt: an error each, or what is stored is meant."""
OpeningBalance = Literal["give-way", "keep"]
"""What becomes of a balance that a customer came with when purchases explain the same money: it is lowered by what they
explain, or both count."""
OPENING_BALANCES: tuple[OpeningBalance, ...] = get_args(OpeningBalance)
ChangeOfPlan = Literal["new", "change", "conflict", "gone"]


@dataclass(frozen=True)
class RowError:
    """What is wrong with one row.

    `row` counts as a spreadsheet does, with the header in row 1; `line` is where the row begins in the text file. They
    differ below a cell with line breaks.
    """

    row: int
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        place = f"Row {self.row}" if self.row == self.line else f"Row {self.row} (line {self.line})"
        return f"{place}: {self.message}"


@dataclass(frozen=True)
class ImportChoices:
    """What a person or a program decided about a file; what is None has to be decided when it matters.

    `conflicts` says whose values stay where the file and somebody here changed the same since the file was exported,
    `rows` says it for single rows by their number. `date_order` tells how 03.04.2024 is meant.
    """

    conflicts: Side | None = None
    rows: Mapping[int, Side] = field(default_factory=dict)
    date_order: DateOrder | None = None
    damaged: Damaged = "refuse"
    opening_balance: OpeningBalance | None = None

    def side_of(self, row: int) -> Side | None:
        """Whose values stay in this row."""
        return self.rows.get(row, self.conflicts)


UNDECIDED = ImportChoices()


@dataclass(frozen=True)
class PlannedChange:
    """One thing that an import would do or has to ask about; values are written as in an export.

    `new` is a customer who would be registered, with no field of their own. `change` and `conflict` concern one cell:
    as it is `stored`, as the `file` has it and, of a conflict, as it was `before` both were changed (None when that is
    not known). `gone` is a customer who was deleted, or a purchase that was undone, since the file was exported.
    """

    row: int
    customer_id: str
    kind: ChangeOfPlan
    field: str
    stored: str
    file: str
    before: str | None = None


@dataclass(frozen=True)
class Overlap:
    """Money that may be explained twice: `amount` of what `customers` customers came with or bought.

    Of a file of purchases it is what the new ones explain of balances that were recorded after their day; of a file of
    customers it is what was bought by those whose totals it brings.
    """

    customers: int = 0
    amount: Decimal = Decimal("0.00")

    def with_another(self, amount: Decimal) -> Overlap:
        """With this amount of one more customer."""
        return Overlap(self.customers + 1, self.amount + amount)


NO_OVERLAP = Overlap()


@dataclass(frozen=True)
class KnownAlready:
    """A customer who would be registered, and the likeliest one who may be the same person."""

    row: int
    customer_id: str
    customer_name: str
    duplicate: LikelyDuplicate

    def __str__(self) -> str:
        return (
            f"Row {self.row}: {self.customer_name} ({self.customer_id}) may be known already: {self.duplicate.message}"
        )


@dataclass(frozen=True)
class ImportPlan:
    """What an import would do at this moment; with any error it would do nothing.

    `errors` are the first `MOST_ERRORS_SHOWN` of `error_count`; `changes` and `conflicts` the first
    `MOST_CHANGES_SHOWN` of theirs. `conflicting_rows` are those with a conflict; `undecided_rows` those of them that
    nothing is decided about. `duplicates` are the first of the `duplicate_count` new customers who may be known
    already. `overlap` is what the customers bought here whose totals the file brings, without having seen their
    purchases. `needs_date_order` says that some dates can be read in two ways, `damaged` how many cells a spreadsheet
    has spoilt. `ignored_columns` are headers that mean nothing to Kinso, `notices` whole sentences about how the file
    was understood. `digest` is equal for plans that mean the same.
    """

    create: int
    update: int
    unchanged: int
    errors: tuple[RowError, ...]
    error_count: int
    ignored_columns: tuple[str, ...]
    notices: tuple[str, ...]
    changes: tuple[PlannedChange, ...] = ()
    change_count: int = 0
    conflicts: tuple[PlannedChange, ...] = ()
    conflict_count: int = 0
    conflicting_rows: int = 0
    undecided_rows: int = 0
    needs_date_order: bool = False
    damaged: int = 0
    duplicates: tuple[KnownAlready, ...] = ()
    duplicate_count: int = 0
    overlap: Overlap = NO_OVERLAP
    digest: str = ""

    @property
    def writes(self) -> int:
        """How many customers would be written."""
        return self.create + self.update


@dataclass(frozen=True)
class ImportResult:
    """What an import did; `run` is None when there was nothing to change.

    `duplicates` are the first of the `duplicate_count` new customers who may have been known already, unless a plan
    told them.
    """

    run: Run | None
    created: int
    updated: int
    unchanged: int
    ignored_columns: tuple[str, ...]
    notices: tuple[str, ...]
    duplicates: tuple[KnownAlready, ...] = ()
    duplicate_count: int = 0


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
    kind: EntryKind = "sale"
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
    that were undone here since the file was exported; `undecided_rows` are those of them about which nothing is
    decided. `overlap` is what has to be decided about opening balances. `needs_date_order` says that some dates can be
    read in two ways. `duplicates` are the first of the `duplicate_count` new customers who may be known already.
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
    duplicates: tuple[KnownAlready, ...] = ()
    duplicate_count: int = 0

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
    duplicates: tuple[KnownAlready, ...] = ()
    duplicate_count: int = 0


class BackupState(BaseModel):
    """How the daily backups are going. `since` is when Kinso began to make them.

    `made_at` is when the last one was made, `failed_at` when one could not be since then, and `problem` why.
    """

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)

    since: datetime
    made_at: datetime | None = None
    failed_at: datetime | None = None
    problem: str = ""
