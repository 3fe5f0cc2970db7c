"""Purchases and refunds as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from kinso.api.customers_schemas import example
from kinso.models.money import CENT, LARGEST
from kinso.models.payment_methods import PaymentMethod
from kinso.models.purchases import (
    MOST_ITEMS,
    EntryKind,
    LedgerEntry,
    PurchaseDraft,
    PurchaseItem,
    RefundAmount,
    RefundDraft,
)
from kinso.models.rule_bases import LIFETIME, RULE_BASES
from kinso.models.text import clean_text
from kinso.models.times import MEANING, Written
from kinso.models.transfer.cells import written_moment
from kinso.services.purchases.recording import Recorded

_ITEM: dict[str, Any] = {"name": "Green tea", "quantity": 2, "unitPrice": 4.25}
_TWO_NAMES = "is another one than in customerId; send one of both"
_SALE: dict[str, Any] = {
    "saleId": "R-1001",
    "amount": 8.0,
    "date": "2026-01-31T09:30:00Z",
    "items": [_ITEM],
    "discount": 0.5,
    "paymentMethod": "card",
}
_REFUND: dict[str, Any] = {
    "_id": "65b0a1f2c3d4e5f6a7b8c9d1",
    "saleId": "B-1001",
    "customer": "65b0a1f2c3d4e5f6a7b8c9d0",
    "kind": "refund",
    "amount": -4.25,
    "date": "2026-01-31T09:30:00.000Z",
    "countsAt": "2026-01-15T18:20:00.000Z",
    "recordedAt": "2026-01-31T09:30:01.250Z",
    "byName": "Ada",
    "items": [],
    "discount": 0,
    "surcharge": 0,
    "paymentMethod": "card",
    "note": "One was broken",
    "refundOf": "R-1001",
}


def _check_whom(value: Any) -> str:
    return clean_text(value, shortest=1, longest=64)


Whom = Annotated[
    str,
    BeforeValidator(_check_whom),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 64}),
]


def _given(value: Any) -> Any:
    """Whoever sends an amount means one: what came out null is not all that is left."""
    if value is None:
        raise ValueError("must be a number, such as 1250.50; leave it out to refund all that is left")
    return value


GivenRefund = Annotated[
    RefundAmount | None,
    BeforeValidator(_given),
    WithJsonSchema({"type": "number", "minimum": float(CENT), "maximum": float(LARGEST)}),
]


class ItemOut(BaseModel):
    """One line of a receipt."""

    model_config = example(_ITEM)

    name: str
    quantity: float
    unit_price: float = Field(alias="unitPrice")


class SaleOut(BaseModel):
    """One entry of the ledger: `amount` is signed, so that a customer's entries add up to the purchase amount.

    `kind` is `opening` for what a customer came with and `adjustment` for an amount that somebody typed; `refundOf` is
    the `saleId` of the sale that a refund belongs to.
    """

    model_config = example(_REFUND)

    id: str = Field(alias="_id")
    sale_id: str = Field(alias="saleId")
    customer: str = Field(description="The customer's `_id`.")
    kind: EntryKind
    amount: float
    date: datetime
    counts_at: datetime = Field(
        alias="countsAt",
        description="Where sums over a period count it: a refund on the date of its sale, everything else on its own.",
    )
    recorded_at: datetime = Field(alias="recordedAt")
    by_name: str = Field(alias="byName")
    items: list[ItemOut]
    discount: float = Field(description="What was taken off the sum of the items; 0 when nothing was.")
    surcharge: float = Field(description="What was added to the sum of the items; 0 when nothing was.")
    payment_method: PaymentMethod | None = Field(alias="paymentMethod")
    note: str | None
    refund_of: str | None = Field(alias="refundOf")


class RecordedOut(SaleOut):
    """An entry, and its customer as they are now; `activated` says that the purchase made them a member.

    `spent` is what they spent as far as the membership rule counts it, or how many purchases they made where
    `thresholdBasis` says that those count. `belowThreshold` says that they are a member with less than the `threshold`.
    """

    model_config = example(
        {
            **_REFUND,
            "purchaseAmount": 420.5,
            "membershipStatus": True,
            "spent": 420.5,
            "threshold": 500,
            "thresholdBasis": LIFETIME.key,
            "belowThreshold": True,
            "activated": False,
            "repeated": False,
        }
    )

    purchase_amount: float = Field(alias="purchaseAmount")
    membership_status: bool = Field(alias="membershipStatus")
    spent: float
    threshold: float
    threshold_basis: str = Field(
        alias="thresholdBasis", description=f"What `spent` and `threshold` count: {', '.join(RULE_BASES)}."
    )
    below_threshold: bool = Field(alias="belowThreshold")
    activated: bool
    repeated: bool = Field(description="True when it was recorded before, and nothing was changed.")


class ItemIn(PurchaseItem):
    """One line of a receipt: `quantity` with at most 3 decimals times `unitPrice` with at most 10, rounded once."""

    model_config = ConfigDict(**example(_ITEM), extra="forbid")


class SaleIn(PurchaseDraft):
    """A purchase. Without `amount` it is the sum of the items, less `discount` and with `surcharge`.

    An `amount` that is something else is refused. Without `date` it is now, without `saleId` it gets one. Sent again
    with the same `saleId` it changes nothing.
    """

    model_config = ConfigDict(**example({"customerId": "C-1001", **_SALE}), extra="forbid")

    customer: Whom = Field(
        alias="customerId",
        description="The shop's number, in any letter case, or the customer's `_id`. May be called `customer` as well.",
    )
    items: list[ItemIn] = Field(default=[], max_length=MOST_ITEMS)  # type: ignore[assignment]
    sold_at: Written | None = Field(default=None, alias="date", description=f"By default now. {MEANING}")

    @model_validator(mode="before")
    @classmethod
    def _one_name(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "customer" not in data:
            return data
        others = {name: value for name, value in data.items() if name != "customer"}
        if data["customer"] != others.setdefault("customerId", data["customer"]):
            problem = PydanticCustomError("value_error", "{error}", {"error": _TWO_NAMES})
            details = InitErrorDetails(type=problem, loc=("customer",), input=data["customer"])
            raise ValidationError.from_exception_data(cls.__name__, [details])
        return others


class RefundIn(RefundDraft):
    """Money that goes back; without `amount` it is all that is left of the sale."""

    model_config = ConfigDict(**example({"amount": 4.25, "note": "One was broken"}), extra="forbid")

    amount: GivenRefund = None
    sold_at: Written | None = Field(
        default=None, alias="date", description=f"By default now; never before the sale. {MEANING}"
    )


def sale_json(sale: LedgerEntry) -> dict[str, Any]:
    """The entry as JSON values; `SaleOut` describes them."""
    return {
        "_id": sale.id,
        "saleId": sale.sale_id,
        "customer": sale.customer,
        "kind": sale.kind,
        "amount": float(sale.amount),
        "date": written_moment(sale.sold_at),
        "countsAt": written_moment(sale.counts_at),
        "recordedAt": written_moment(sale.recorded_at),
        "byName": sale.by_name,
        "items": [item.model_dump(mode="json", by_alias=True) for item in sale.items],
        "discount": float(sale.discount or 0),
        "surcharge": float(sale.surcharge or 0),
        "paymentMethod": sale.payment_method,
        "note": sale.note,
        "refundOf": sale.refund_of,
    }


def recorded_json(recorded: Recorded) -> dict[str, Any]:
    """The entry with its customer; `RecordedOut` describes it."""
    return {
        **sale_json(recorded.entry),
        "purchaseAmount": float(recorded.customer.purchase_amount),
        "membershipStatus": recorded.customer.membership_status,
        "spent": float(recorded.status.amount),
        "threshold": float(recorded.status.rule.threshold),
        "thresholdBasis": recorded.status.rule.basis.key,
        "belowThreshold": recorded.status.is_below,
        "activated": recorded.activated,
        "repeated": recorded.repeated,
    }
