"""The ledger: the entries that make up what a customer spent, and what it tells about one customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel

from kinso.models.customers import Customer
from kinso.models.membership import Rule
from kinso.models.money import (
    CENT,
    LARGEST,
    Figure,
    Money,
    UnitPrice,
    check_amount,
    exactly,
    round_to_cents,
    written_price,
)
from kinso.models.payment_methods import PaymentMethod
from kinso.models.text import check_id, clean_text, sale_key
from kinso.models.times import Written

EntryKind = Literal["sale", "refund", "opening", "adjustment"]
"""`opening` is the amount a customer came with, `adjustment` the difference that somebody typed."""
TYPED_KINDS: tuple[EntryKind, ...] = ("opening", "adjustment")
PURCHASE_KINDS: tuple[EntryKind, ...] = ("sale", "refund")
"""The kinds that were bought or brought back on a known date; revenue consists of these."""
MOST_ITEMS = 200
LONGEST_NOTE = 500

_THOUSANDTH = Decimal("0.001")
_LARGEST_QUANTITY = Decimal("1000000")


def _check_sale_id(value: Any) -> str:
    """An ID that can be part of an address, in its compared form; raises ValueError with a sentence part."""
    typed = clean_text(value, shortest=1, longest=64, is_id=True)
    sale_id = clean_text(check_id(sale_key(typed)), shortest=1, longest=64)
    *_, last = segments = sale_id.split("/")
    if {".", ".."} & set(segments) or (len(segments) > 1 and last in {"", "refund"}):
        raise ValueError("cannot end with / or /refund, or have . or .. between slashes; choose another one")
    return sale_id


def _check_quantity(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError("must be a number, such as 2 or 0.5")
    quantity = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not quantity.is_finite() or not _THOUSANDTH <= quantity <= _LARGEST_QUANTITY:
        raise ValueError(f"must be from 0.001 to {_LARGEST_QUANTITY:,}")
    return exactly(quantity, 3)


def _check_refund(value: Any) -> Decimal:
    amount = check_amount(value)
    if value < CENT:
        raise ValueError("must be more than 0")
    return amount


def _number(lowest: Decimal, highest: Decimal) -> WithJsonSchema:
    return WithJsonSchema({"type": "number", "minimum": float(lowest), "maximum": float(highest)})


SaleId = Annotated[
    str,
    BeforeValidator(_check_sale_id),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 64}),
]
ItemName = Annotated[
    str,
    BeforeValidator(partial(clean_text, shortest=1, longest=200)),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 200}),
]
Note = Annotated[
    str,
    BeforeValidator(partial(clean_text, shortest=1, longest=LONGEST_NOTE)),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": LONGEST_NOTE}),
]
Quantity = Annotated[Figure, BeforeValidator(_check_quantity), _number(_THOUSANDTH, _LARGEST_QUANTITY)]
RefundAmount = Annotated[Figure, BeforeValidator(_check_refund), _number(CENT, LARGEST)]


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class PurchaseItem(_Model):
    """One line of a receipt; a quantity has at most three decimals, a unit price keeps all of its own."""

    name: ItemName
    quantity: Quantity = Field(default=Decimal(1), json_schema_extra={"default": 1})
    unit_price: UnitPrice

    @property
    def total(self) -> Decimal:
        """Quantity times unit price, rounded once."""
        return round_to_cents(self.quantity * self.unit_price)


class PurchaseDraft(_Model):
    """A purchase as it was typed or sent.

    What was paid is the sum of the items, less a `discount` and with a `surcharge`. An `amount` says it without items,
    or once more beside them. Without `sale_id` it gets one of its own, without `sold_at` it is now. What `sold_at`
    means without a zone only the shop knows.
    """

    sale_id: SaleId | None = None
    amount: Money | None = None
    discount: Money | None = None
    surcharge: Money | None = None
    sold_at: Written | None = None
    items: list[PurchaseItem] = Field(default=[], max_length=MOST_ITEMS)
    payment_method: PaymentMethod | None = None
    note: Note | None = None

    @property
    def items_total(self) -> Decimal | None:
        """The sum of the items; None without any."""
        return sum((item.total for item in self.items), Decimal("0.00")) if self.items else None


class RefundDraft(_Model):
    """Money that goes back for one sale, as typed; without `amount` it is all that is left of the sale."""

    sale_id: SaleId | None = None
    amount: RefundAmount | None = None
    sold_at: Written | None = None
    payment_method: PaymentMethod | None = None
    note: Note | None = None


class LedgerEntry(_Model):
    """One entry of the ledger; `amount` is signed, so that the entries of a customer add up to the purchase amount.

    `customer` is the customer's `_id`. `refund_of` names the sale that a refund belongs to. `counts_at` is when sums
    over a period count the entry: a refund where its sale does, everything else when it was sold. `change` is the id of
    the change that wrote the entry; `voided_by` that of the change that undid it: then it does not count any more.
    """

    id: str = Field(alias="_id")
    sale_id: str
    customer: str
    kind: EntryKind
    amount: Figure
    sold_at: datetime
    counts_at: datetime
    recorded_at: datetime
    by_id: str
    by_name: str
    source: str
    items: list[PurchaseItem] = []
    discount: Figure | None = None
    surcharge: Figure | None = None
    payment_method: PaymentMethod | None = None
    note: str | None = None
    refund_of: str | None = None
    run: str | None = None
    change: str
    voided_by: str | None = None


class LedgerQuery(_Model):
    """Which entries that count, newest first; what is None leaves nothing out.

    `until` is exclusive. What `since` and `until` mean without a zone only the shop knows.
    """

    customer: str | None = None
    kind: EntryKind | None = None
    since: datetime | None = None
    until: datetime | None = None


class EntryPage(_Model):
    """One page of the ledger; `total` counts the whole result."""

    items: list[LedgerEntry]
    page: int
    limit: int
    total: int


MembershipState = Literal["member", "excluded", "eligible", "short"]
"""`excluded`: a person made them a non-member, so no rule activates them; `short`: they have not spent enough."""


@dataclass(frozen=True)
class MonthAmount:
    """Purchases in a calendar month of the shop, less what was refunded of them; `month` is its first day."""

    month: date
    amount: Decimal


@dataclass(frozen=True)
class PurchaseSummary:
    """A customer's purchases in figures; `count` is that of sales, `total` what they brought, less refunds.

    `entries` counts everything in the ledger, `average` is `total` divided by `count`, None without a sale. `months`
    end with the present one and begin with that of the first purchase, or later where there would be too many.
    """

    entries: int
    count: int
    total: Decimal
    average: Decimal | None
    last: datetime | None
    months: list[MonthAmount]


@dataclass(frozen=True)
class LedgerLine:
    """An entry, the sum of all entries up to it (its own included), and what is left of it if it is a sale."""

    entry: LedgerEntry
    balance: Decimal
    left: Decimal


@dataclass(frozen=True)
class LedgerPage:
    """Some entries, newest first; `total` counts all of the customer's."""

    lines: list[LedgerLine]
    page: int
    limit: int
    total: int


@dataclass(frozen=True)
class MembershipStatus:
    """Where a customer stands as to membership, and why.

    `amount` is what they spent as far as `rule` counts it, `missing` what they lack to its threshold (0 for none).
    """

    customer: Customer
    status: MembershipState
    rule: Rule
    amount: Decimal
    missing: Decimal

    @property
    def is_below(self) -> bool:
        """Whether this is a member who spent less than the threshold."""
        return self.status == "member" and self.missing > 0


def items_in_words(entry: LedgerEntry) -> str:
    """`2 × Coffee at 3.50, Cake at 4.00`: every item of a receipt with its unit price, as plain text."""
    return ", ".join(f"{_how_many(item)}{item.name} at {written_price(item.unit_price)}" for item in entry.items)


def _how_many(item: PurchaseItem) -> str:
    return "" if item.quantity == 1 else f"{item.quantity.normalize():f} × "
