"""Money that a file of purchases would explain a second time, because customers came with it as a balance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from kinso.models.purchases import Sale
from kinso.models.transfer.plans import Overlap, PurchaseRow
from kinso.repository.store import Store
from kinso.services.ledger import NOTHING
from kinso.services.purchase_staging import Staging
from kinso.services.runs import in_batches


def find_overlap(store: Store, staging: Staging, *, give_way: bool) -> Overlap:
    """What the new purchases would explain twice; with `give_way` the balances are noted to be lowered by it."""
    customers, total = 0, NOTHING
    known = ((id, rows) for id, rows in staging.by_customer() if id)
    for batch in in_batches(known):
        typed = store.sales.typed_of(id for id, _ in batch)
        twice = {id: amount for id, rows in batch if (amount := explained_twice(typed.get(id, ()), rows))}
        customers, total = customers + len(twice), total + sum(twice.values(), NOTHING)
        if give_way:
            staging.give_way(twice)
    return Overlap(customers, total)


def explained_twice(typed: Sequence[Sale], rows: Sequence[PurchaseRow]) -> Decimal:
    """How much of what was typed the purchases explain that were made before it was.

    The latest purchase first, for it can only be in what was typed after it, while an earlier one may be in all of it.
    """
    whole = sum((entry.amount for entry in typed), NOTHING)
    explained = NOTHING
    for moment, amount in sorted(_kept_amounts(rows), reverse=True):
        later = sum((entry.amount for entry in typed if entry.sold_at >= moment), NOTHING)
        explained += max(NOTHING, min(amount, min(later, whole) - explained))
    in_all = sum((row.amount for row in rows), NOTHING)
    return max(NOTHING, min(explained, in_all))


def _kept_amounts(rows: Sequence[PurchaseRow]) -> Sequence[tuple[datetime, Decimal]]:
    """When and how much was paid, less what the file itself gives back of it."""
    given_back: dict[str, Decimal] = {}
    for row in rows:
        if row.refund_of:
            given_back[row.refund_of] = given_back.get(row.refund_of, NOTHING) + row.amount
    return [(row.sold_at, row.amount + given_back.get(row.sale_id, NOTHING)) for row in rows if row.amount > 0]


def still_explained_twice(store: Store, amounts: Mapping[str, Decimal]) -> bool:
    """Whether the balances of these customers (by `_id`) still hold what they are to give way by."""
    typed = store.sales.typed_of(amounts)
    return all(amount <= sum((entry.amount for entry in typed.get(id, ())), NOTHING) for id, amount in amounts.items())
