"""What changes of the purchase amount mean for the ledger, whose entries always add up to that amount."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from kinso.models.run import Change
from kinso.models.sale import Sale, SaleKind
from kinso.repository.documents import new_id
from kinso.repository.store import Store

AMOUNT = "purchaseAmount"
NOTHING = Decimal("0.00")
PURCHASES = frozenset({"purchase", "refund"})
"""Kinds of changes that add to a purchase amount, whatever it is; a purchase of 0 changes no field."""


@dataclass(frozen=True)
class Reversal:
    """What taking a change back does to a purchase amount.

    `difference` is added to it. `refunded` says that money went back for what the change recorded. `is_recorded` is
    False for a change of before there was a ledger.
    """

    difference: Decimal
    refunded: bool
    is_recorded: bool


def typed_entry(change: Change) -> Sale | None:
    """The entry for an amount that was typed: the balance that a customer came with, or the difference to before."""
    if change.undoes or change.kind not in ("create", "edit") or AMOUNT not in (change.after or {}):
        return None
    difference = (change.after or {})[AMOUNT] - (change.before or {}).get(AMOUNT, NOTHING)
    kind: SaleKind = "adjustment" if change.before else "opening"
    return adjusting_entry(change, kind, difference) if difference else None


def adjusting_entry(change: Change, kind: SaleKind, difference: Decimal) -> Sale:
    """An entry that is no purchase; a customer has one opening balance, and a change makes one adjustment."""
    return Sale(
        id=new_id(),
        sale_id=f"opening-{change.customer}" if kind == "opening" else f"adjustment-{change.id}",
        customer=change.customer,
        kind=kind,
        amount=difference,
        sold_at=change.at,
        recorded_at=change.at,
        by_id=change.by_id,
        by_name=change.by_name,
        source=change.source,
        run=change.run,
        change=change.id,
    )


def reversals(store: Store, changes: Sequence[Change]) -> Mapping[str, Reversal]:
    """For each of the changes that concern a purchase amount, by its id, what taking it back does to that amount."""
    concerned = {change.id: change for change in changes if change.kind in PURCHASES or AMOUNT in (change.before or {})}
    touched = store.sales.touched_by({change.id: change.customer for change in concerned.values()})
    refunds = store.sales.refunded_among([entry for entry in touched if entry.kind == "sale" and not entry.voided_by])
    found: dict[str, Reversal] = {}
    for change in concerned.values():
        written = [entry for entry in touched if entry.change == change.id and entry.voided_by is None]
        taken_back = [entry for entry in touched if entry.voided_by == change.id]
        before, after = ((side or {}).get(AMOUNT, NOTHING) for side in (change.before, change.after))
        is_recorded = bool(written or taken_back)
        found[change.id] = Reversal(
            difference=_sum(taken_back) - _sum(written) if is_recorded else before - after,
            refunded=any(refund.change != change.id for entry in written for refund in refunds.get(entry.sale_id, ())),
            is_recorded=is_recorded,
        )
    return found


def take_back(store: Store, reversals: Mapping[str, Reversal], records: Sequence[Change]) -> None:
    """Turn the ledger around for `records`, which take changes back; within their transaction."""
    turned: dict[str, tuple[str, str]] = {}
    unrecorded = []
    for record in records:
        reversal = reversals.get(record.undoes or "")
        if record.undoes and reversal and reversal.is_recorded:
            turned[record.undoes] = (record.customer, record.id)
        elif reversal and reversal.difference:
            unrecorded.append(adjusting_entry(record, "adjustment", reversal.difference))
    store.sales.take_back(turned)
    store.sales.record(unrecorded)


def _sum(entries: Sequence[Sale]) -> Decimal:
    return sum((entry.amount for entry in entries), NOTHING)
