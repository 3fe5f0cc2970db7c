"""Entries of the ledger as they are stored, for tests about what is made of them."""

from datetime import datetime
from decimal import Decimal

from bson import ObjectId

from kinso.models.customers import Customer
from kinso.repository.documents import new_id
from kinso.repository.store import Store


def enter_purchase(
    store: Store,
    customer: Customer,
    amount: Decimal,
    sold_at: datetime,
    *,
    kind: str = "sale",
    void: bool = False,
    counts_at: datetime | None = None,
) -> None:
    """Insert one entry; nothing else is written, so the customer's purchase amount stays as it is."""
    id = ObjectId()
    store.connection.database["sales"].insert_one(
        {
            "_id": id,
            "saleId": f"S-{id}",
            "idKey": f"s-{id}",
            "customer": customer.id,
            "customerId": customer.customer_id,
            "kind": kind,
            "amount": float(amount),
            "soldAt": sold_at,
            "countsAt": counts_at or sold_at,
            "recordedAt": sold_at,
            "byId": "1",
            "byName": "A Till",
            "source": "app",
            "change": new_id(),
            "void": void,
        }
    )
