"""What changes of the purchase amount mean for the ledger, whose entries always add up to that amount."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from kinso.models.history import Change
from kinso.models.purchases import EntryKind, LedgerEntry
from kinso.repository.documents import new_id
from kinso.repository.store import Store

AMOUNT = "purchaseAmount"
NOTHING = Decimal("0.00")
PURCHASE_CHANGES = frozenset({"purchase", "refund"})
"""Kinds of changes that add to a purchase amount, whatever it is; a purchase of 0 changes no field."""

ALREADY = "had this undone already"
REFUNDED = "got money back for this purchase since"
"""Why a change is kept, as the rest of a sentence that begins with the customer."""
_MOST_NAMED = 3


@dataclass(frozen=True)
class Reversal:
    """What undoing a change does to a purchase amount.

    `difference` is added to it. `entries` count no more then, or with `again` count again; there are none for a change
    of before there was a ledger, which an adjustment undoes. `instead` is what an opening balance goes on giving
    way by, where a purchase stays that it gave way to; with `again`, `replaced` are such entries, which count no more.
    `moments` are where refunds count that count again.
    `stays` is what of the change goes on counting because a refund needs it, `obstacle` why none of this can be: both
    are the rest of a sentence about the customer.
    """

    difference: Decimal = NOTHING
    entries: Sequence[LedgerEntry] = ()
    again: bool = False
    instead: LedgerEntry | None = None
    replaced: Sequence[LedgerEntry] = ()
    moments: Mapping[str, datetime] = field(default_factory=dict)
    stays: str | None = None
    obstacle: str | None = None


_NO_REVERSAL = Reversal()


def typed_entry(change: Change) -> LedgerEntry | None:
    """The entry for an amount that was typed: the balance that a customer came with, or the difference to before."""
    if change.undoes or change.kind not in ("create", "edit") or AMOUNT not in (change.after or {}):
        return None
    difference = (change.after or {})[AMOUNT] - (change.before or {}).get(AMOUNT, NOTHING)
    kind: EntryKind = "adjustment" if change.before else "opening"
    return adjusting_entry(change, kind, difference) if difference else None


def adjusting_entry(change: Change, kind: EntryKind, difference: Decimal) -> LedgerEntry:
    """An entry that is no purchase; a customer has one opening balance, and a change makes one adjustment."""
    return LedgerEntry(
        id=new_id(),
        sale_id=f"opening-{change.customer}" if kind == "opening" else f"adjustment-{change.id}",
        customer=change.customer,
        kind=kind,
        amount=difference,
        sold_at=change.at,
        counts_at=change.at,
        recorded_at=change.at,
        by_id=change.by_id,
        by_name=change.by_name,
        source=change.source,
        # Given, because a default would be copied for each of very many.
        items=[],
        run=change.run,
        change=change.id,
    )


def reversals(store: Store, changes: Sequence[Change], *, registrations: Collection[str] = ()) -> dict[str, Reversal]:
    """For each of the changes that concern a purchase amount, by its id, what undoing it does to that amount.

    `registrations` are those among them (by id) whose customer stays although they are undone. Only entries decide:
    what has stopped counting cannot stop once more, however often it is asked for.
    """
    concerned = [each for each in changes if _concerns_amount(each) or each.id in registrations]
    behind = _entries_behind(store, concerned)
    affected = [entry for entries, *_ in behind.values() for entry in entries]
    sales = store.ledger.get_many({entry.refund_of for entry in affected if entry.refund_of})
    refunds = store.ledger.refunded_among([*sales.values(), *(entry for entry in affected if entry.kind == "sale")])
    in_trash = ids_in_trash(
        store, {entry.sale_id for entries, again, _ in behind.values() if again for entry in entries}
    )
    found = {change.id: _unrecorded(change) for change in concerned if change.id not in behind}
    for id, (entries, again, others) in behind.items():
        if again:
            found[id] = _counting_again(entries, others, sales, refunds, in_trash)
        else:
            found[id] = _ceasing(entries, refunds)
    return found


def ids_in_trash(store: Store, sale_ids: Iterable[str]) -> Mapping[str, str]:
    """Those of `sale_ids` that a deleted customer needs in order to be restored, with the `_id` of that customer.

    Not of one whose registration was undone: whoever undoes a wrong import wants to import the corrected file.
    """
    excluded = store.ledger.in_trash(sale_ids)
    free = unregistered_among(store, set(excluded.values())) if excluded else set()
    return {sale_id: customer for sale_id, customer in excluded.items() if customer not in free}


def unregistered_among(store: Store, customers: Iterable[str]) -> set[str]:
    """Those of these deleted customers (by `_id`) who are deleted because their registration was undone."""
    return registered_by(store, store.changes.last_deletions(customers))


def registered_by(store: Store, changes: Mapping[str, Change]) -> set[str]:
    """Those customers whose registration is the change that they are given with, or what that one reverted."""
    found: set[str] = set()
    behind = dict(changes)
    while behind:
        found |= {customer for customer, change in behind.items() if change.kind == "create"}
        earlier = store.changes.get_many(change.undoes for change in behind.values() if change.undoes)
        behind = {each.customer: earlier[each.undoes] for each in behind.values() if each.undoes in earlier}
    return found


def revert_entries(store: Store, reversals: Mapping[str, Reversal], records: Sequence[Change]) -> None:
    """Have entries count no more, or again, as `records` that undo changes say; within their transaction."""
    voided: dict[str, list[str]] = {}
    counted_again: list[str] = []
    moments: dict[str, datetime] = {}
    unrecorded = []
    for record in records:
        reversal = reversals.get(record.undoes or "", _NO_REVERSAL)
        entries = [entry.id for entry in reversal.entries]
        if reversal.again:
            counted_again += entries
            moments |= reversal.moments
            if reversal.replaced:
                voided[record.id] = [entry.id for entry in reversal.replaced]
        elif entries:
            voided[record.id] = entries
            if reversal.instead:
                unrecorded.append(reversal.instead)
        elif reversal.difference:
            unrecorded.append(adjusting_entry(record, "adjustment", reversal.difference))
    store.ledger.revert_entries(voided)
    store.ledger.count_again(counted_again)
    store.ledger.move(moments)
    store.ledger.record(unrecorded)


def _concerns_amount(change: Change) -> bool:
    return change.kind in PURCHASE_CHANGES or AMOUNT in (change.before or {})


def _entries_behind(
    store: Store, changes: Sequence[Change]
) -> dict[str, tuple[Sequence[LedgerEntry], bool, Sequence[LedgerEntry]]]:
    """The entries that each change made count or stop counting, and whether undoing it makes them count again.

    Those are its own, or else those of the nearest change that wrote any, back along what each of them undid; of
    these, as far as they are as the change left them. The last are others of the same change that count now.
    """
    found: dict[str, tuple[Sequence[LedgerEntry], bool, Sequence[LedgerEntry]]] = {}
    reached, again = {change.id: change for change in changes}, False
    while reached:
        written = store.ledger.written_by({change.id: change.customer for change in reached.values()})
        for id, change in reached.items():
            if change.id in written:
                left_by = id if again else None
                left = [entry for entry in written[change.id] if entry.voided_by == left_by]
                counting = [entry for entry in written[change.id] if entry.voided_by is None]
                found[id] = left, again, counting
        open_ = {id: change.undoes for id, change in reached.items() if id not in found and change.undoes}
        earlier = store.changes.get_many(open_.values())
        reached, again = {id: earlier[undone] for id, undone in open_.items() if undone in earlier}, not again
    return found


def _ceasing(entries: Sequence[LedgerEntry], refunds: Mapping[str, Sequence[LedgerEntry]]) -> Reversal:
    """All of the entries, but for sales of which other changes brought money back, with their refunds."""
    needed = {entry.sale_id for entry in entries if _is_refunded_since(entry, refunds)}
    going = [entry for entry in entries if not {entry.sale_id, entry.refund_of} & needed]
    staying = [entry for entry in entries if entry not in going]
    instead = _going_on_giving_way(going, staying)
    if instead and instead.amount == _sum([entry for entry in going if gives_way(entry)]):
        going, instead = [entry for entry in going if not gives_way(entry)], None
    if not going:
        return Reversal(obstacle=REFUNDED if needed else ALREADY)
    difference = -_sum(going) + (instead.amount if instead else NOTHING)
    return Reversal(difference, going, instead=instead, stays=_what_stays(sorted(needed)) if needed else None)


def gives_way(entry: LedgerEntry) -> bool:
    """Whether an opening balance is lowered with it, by what purchases of the same change explain."""
    return entry.kind == "adjustment" and entry.sale_id == f"adjustment-{entry.change}"


def _going_on_giving_way(going: Sequence[LedgerEntry], staying: Sequence[LedgerEntry]) -> LedgerEntry | None:
    """What an opening balance is still lowered by when only some of the purchases stay that it gave way to."""
    gave_way = next((entry for entry in going if gives_way(entry)), None)
    if gave_way is None or not staying:
        return None
    explained = min(-gave_way.amount, _sum(staying))
    return gave_way.model_copy(update={"id": new_id(), "amount": -explained}) if explained > 0 else None


def _counting_again(
    entries: Sequence[LedgerEntry],
    counting: Sequence[LedgerEntry],
    sales: Mapping[str, LedgerEntry],
    refunds: Mapping[str, Sequence[LedgerEntry]],
    in_trash: Mapping[str, str],
) -> Reversal:
    if not entries:
        return Reversal(obstacle=ALREADY)
    obstacle = _ids_in_trash(entries, in_trash) or _without_sale(entries, sales, refunds)
    if obstacle:
        return Reversal(obstacle=obstacle)
    ids = {entry.sale_id for entry in entries}
    replaced = [entry for entry in counting if entry.sale_id in ids]
    difference = _sum(entries) - _sum(replaced)
    return Reversal(difference, entries, again=True, replaced=replaced, moments=_moments(entries, sales))


def _unrecorded(change: Change) -> Reversal:
    if change.kind in PURCHASE_CHANGES:
        return Reversal(obstacle=ALREADY)
    before, after = ((side or {}).get(AMOUNT, NOTHING) for side in (change.before, change.after))
    return Reversal(before - after)


def _is_refunded_since(entry: LedgerEntry, refunds: Mapping[str, Sequence[LedgerEntry]]) -> bool:
    return entry.kind == "sale" and any(each.change != entry.change for each in refunds.get(entry.sale_id, ()))


def _what_stays(sale_ids: Sequence[str]) -> str:
    named = ", ".join(f"“{sale_id}”" for sale_id in sale_ids[:_MOST_NAMED])
    more = f" and {len(sale_ids) - _MOST_NAMED:,} more" if len(sale_ids) > _MOST_NAMED else ""
    return f"keeps sale {named}{more}, of which money went back since"


def _ids_in_trash(entries: Sequence[LedgerEntry], in_trash: Mapping[str, str]) -> str | None:
    excluded = next((entry.sale_id for entry in entries if entry.sale_id in in_trash), None)
    return f"cannot get sale “{excluded}” back, because a deleted customer has that sale ID now" if excluded else None


def _without_sale(
    entries: Sequence[LedgerEntry], sales: Mapping[str, LedgerEntry], refunds: Mapping[str, Sequence[LedgerEntry]]
) -> str | None:
    """Why the refunds among `entries` cannot count again: each needs its sale, and enough that is left of it."""
    left = {id: sale.amount + _sum(refunds.get(id, ())) for id, sale in _sales_of(entries, sales).items()}
    for refund in entries:
        if refund.refund_of is None:
            continue
        if refund.refund_of not in left:
            return f"has no sale “{refund.refund_of}” any more that this refund could belong to"
        left[refund.refund_of] += refund.amount
        if left[refund.refund_of] < 0:
            return f"got other money back for sale “{refund.refund_of}” since, and too little of it is left"
    return None


def _moments(entries: Sequence[LedgerEntry], sales: Mapping[str, LedgerEntry]) -> dict[str, datetime]:
    """Where the refunds among `entries` count: their sale may be another one with that ID than it was before."""
    present = _sales_of(entries, sales)
    return {each.id: present[each.refund_of].counts_at for each in entries if each.refund_of}


def _sales_of(entries: Sequence[LedgerEntry], sales: Mapping[str, LedgerEntry]) -> dict[str, LedgerEntry]:
    """The sales that refunds among `entries`, which are of one customer, may belong to, by sale ID."""
    counting = {**sales, **{entry.sale_id: entry for entry in entries}}
    customer = entries[0].customer
    return {id: sale for id, sale in counting.items() if sale.kind == "sale" and sale.customer == customer}


def _sum(entries: Sequence[LedgerEntry]) -> Decimal:
    return sum((entry.amount for entry in entries), NOTHING)
