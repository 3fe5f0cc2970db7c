"""Use cases about entries of the ledger: recording a sale, refunding it, and looking them up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from kinso.errors import CUSTOMER_GONE, Conflict, FieldError, InvalidInput, NotFound, StaleVersion
from kinso.models.accounts import Actor, Permission
from kinso.models.customers import LARGEST_PAGE, Customer
from kinso.models.history import Change
from kinso.models.money import LARGEST
from kinso.models.purchases import (
    EntryKind,
    EntryPage,
    LedgerEntry,
    LedgerQuery,
    MembershipStatus,
    PurchaseDraft,
    RefundDraft,
)
from kinso.models.shop import ShopSettings
from kinso.models.text import sale_key
from kinso.models.times import past_moment_of
from kinso.repository.documents import canonical_id, new_id, now
from kinso.repository.store import Store
from kinso.services.history.records import demand_imported, record_changes, record_of_update
from kinso.services.membership.eligibility import membership_statuses
from kinso.services.permissions import use_case
from kinso.services.purchases.ledger import ids_in_trash
from kinso.services.purchases.receipts import amount_paid, check_receipt, date_refund, receipt_of
from kinso.services.shop.settings import in_the_shops_time


@dataclass(frozen=True)
class Recorded:
    """An entry of the ledger, its customer as both are now, and where that one stands as to membership.

    `repeated` says that the entry had been recorded before, so that nothing was changed; `activated` that the purchase
    made the customer a member.
    """

    entry: LedgerEntry
    customer: Customer
    status: MembershipStatus
    repeated: bool = False
    activated: bool = False


@use_case(Permission.READ)
def list_entries(store: Store, actor: Actor, query: LedgerQuery, *, page: int, limit: int) -> EntryPage:
    """One page of the ledger, newest first; a page past the end is empty. Raises `InvalidInput`."""
    query, limit = in_the_shops_time(store, query), min(limit, LARGEST_PAGE)
    if query.customer:
        query = query.model_copy(update={"customer": store.merged.way_up(query.customer)[-1]})
    items, total = store.ledger.find_with_total(query, page=page, limit=limit)
    return EntryPage(items=items, page=page, limit=limit, total=total)


@use_case(Permission.READ)
def get_entry(store: Store, actor: Actor, sale_id: str) -> LedgerEntry:
    """One entry of the ledger; raises `NotFound`."""
    return _existing_entry(store, sale_id)


@use_case(Permission.READ)
def refundable(store: Store, actor: Actor, sale_id: str) -> Decimal:
    """What is left of a sale, 0 when all of it was refunded; raises `NotFound`."""
    return _left_of(store, _existing_entry(store, sale_id))


@use_case(Permission.PURCHASES)
def record_sale(store: Store, actor: Actor, customer: str, draft: PurchaseDraft) -> Recorded:
    """Record what the customer with this `_id`, or into whom that one was merged, bought, and add it to their amount.

    The same sale ID for the same purchase again changes nothing. Raises `NotFound`, `InvalidInput` (also for an amount
    that differs from its items without a discount or a surcharge that says why), `Conflict` when the
    ID belongs to another purchase, and `BeingImported` while an import wrote to the customer and has not ended.
    """
    amount, sold_at = amount_paid(draft), _moment(store, draft)

    def work() -> Recorded:
        before = store.customers.get(customer) or store.customers.get(store.merged.way_up(customer)[-1])
        if draft.sale_id and (earlier := store.ledger.get(draft.sale_id)):
            return _repeated(store, earlier, before.id if before else canonical_id(customer), "sale", amount)
        check_receipt(draft)
        if before is None:
            raise NotFound(CUSTOMER_GONE)
        _refuse_id_in_trash(store, actor, draft.sale_id)
        at = now()
        after, change, entry = _enter(store, actor, before, "sale", amount, draft, sold_at or at, at)
        return _activate_if_due(store, actor, after, change, entry, at)

    return store.transact(work)


@use_case(Permission.PURCHASES)
def refund_sale(store: Store, actor: Actor, sale_id: str, draft: RefundDraft) -> Recorded:
    """Give money back for a sale, as an entry of its own, and take it off the purchase amount.

    Without a date it is of now. The same refund ID again changes nothing. Raises `NotFound`, and `InvalidInput` for
    more than is left of the sale and for a date before it.
    """
    given = _moment(store, draft)

    def work() -> Recorded:
        if draft.sale_id and (earlier := store.ledger.get(draft.sale_id)):
            return _repeated_refund(store, earlier, sale_id, draft.amount)
        sale = _existing_entry(store, sale_id)
        if sale.kind != "sale":
            raise Conflict(f"Only a sale can be refunded, and {sale_id} is none.")
        amount = _refundable_amount(store, sale, draft.amount)
        before = store.customers.get(sale.customer)
        if before is None:
            raise NotFound(CUSTOMER_GONE)
        _refuse_id_in_trash(store, actor, draft.sale_id)
        at = now()
        sold_at = _date_of_refund(store, sale, given, at)
        after, _, refund = _enter(store, actor, before, "refund", -amount, draft, sold_at, at, refunded=sale)
        return _recorded(store, refund, after)

    return store.transact(work)


def _enter(
    store: Store,
    actor: Actor,
    before: Customer,
    kind: EntryKind,
    amount: Decimal,
    draft: PurchaseDraft | RefundDraft,
    sold_at: datetime,
    at: datetime,
    *,
    refunded: LedgerEntry | None = None,
) -> tuple[Customer, Change, LedgerEntry]:
    """Write the entry, the new purchase amount and the record; `amount` is negative for a refund of `refunded`."""
    total = before.purchase_amount + amount
    if not 0 <= total <= LARGEST:
        raise InvalidInput([FieldError("amount", _impossible(before, total))])
    after = store.customers.update(before, {"purchaseAmount": total}, at)
    if after is None:
        raise StaleVersion(store.customers.get(before.id) or before)
    id, refund_of = new_id(), refunded.sale_id if refunded else None
    sale_id = draft.sale_id or f"{kind[0].upper()}-{id}"
    reason = f"Refund {sale_id} of sale {refund_of}" if refund_of else f"Sale {sale_id}"
    change = record_of_update(actor, before, after, reason=reason, kind="refund" if kind == "refund" else "purchase")
    entry = LedgerEntry(
        id=id,
        sale_id=sale_id,
        customer=before.id,
        kind=kind,
        amount=amount,
        sold_at=sold_at,
        counts_at=refunded.counts_at if refunded else sold_at,
        recorded_at=at,
        by_id=actor.user_id,
        by_name=actor.name,
        source=actor.source,
        **(receipt_of(draft) if isinstance(draft, PurchaseDraft) else {}),
        payment_method=draft.payment_method,
        note=draft.note,
        refund_of=refund_of,
        change=change.id,
    )
    record_changes(store, [change], entries=[entry])
    return after, change, entry


def _activate_if_due(
    store: Store, actor: Actor, customer: Customer, change: Change, entry: LedgerEntry, at: datetime
) -> Recorded:
    """The customer with the purchase, made a member when the shop wants that and the purchase reached the threshold."""
    shop = store.shop.get()
    recorded = _recorded(store, entry, customer, shop=shop)
    rule, total = recorded.status.rule, recorded.status.amount
    if not shop.activate_on_purchase or recorded.status.status != "eligible":
        return recorded
    member = store.customers.update(customer, {"membershipStatus": True, "membershipHeld": False}, at)
    if member is None:
        raise StaleVersion(store.customers.get(customer.id) or customer)
    brought = f"{change.reason} brought the total to {rule.basis.unit.in_words(total)}"
    reason = f"{brought}; the threshold was {rule.in_words}"
    record_changes(store, [record_of_update(actor, customer, member, reason=reason)], decided_by="rule", is_free=True)
    return _recorded(store, entry, member, activated=True, shop=shop)


def _recorded(
    store: Store,
    entry: LedgerEntry,
    customer: Customer,
    *,
    shop: ShopSettings | None = None,
    repeated: bool = False,
    activated: bool = False,
) -> Recorded:
    [status] = membership_statuses(store, [customer], shop)
    return Recorded(entry, customer, status, repeated, activated)


def _repeated(store: Store, earlier: LedgerEntry, customer: str, kind: EntryKind, amount: Decimal) -> Recorded:
    current = store.customers.get(earlier.customer)
    if current is None:
        raise NotFound(CUSTOMER_GONE)
    demand_imported(store, [current.id])
    if (earlier.customer, earlier.kind, earlier.amount) != (customer, kind, amount):
        raise Conflict(
            f"Sale ID “{earlier.sale_id}” is already recorded for another purchase: {abs(earlier.amount):,} of customer"
            f" {current.customer_id}; give this one another ID."
        )
    return _recorded(store, earlier, current, repeated=True)


def _repeated_refund(store: Store, earlier: LedgerEntry, sale_id: str, amount: Decimal | None) -> Recorded:
    if earlier.refund_of not in (sale_id, sale_key(sale_id)):
        raise Conflict(f"Sale ID “{earlier.sale_id}” is already recorded for something else; give this one another ID.")
    wanted = -amount if amount is not None else earlier.amount
    return _repeated(store, earlier, earlier.customer, "refund", wanted)


def _refuse_id_in_trash(store: Store, actor: Actor, sale_id: str | None) -> None:
    """Whoever is restored needs the IDs of their purchases; their name is only for those who may see the trash."""
    holder = ids_in_trash(store, [sale_id]).get(sale_id) if sale_id else None
    if holder is None:
        return
    trashed = store.trash.get(holder) if actor.may(Permission.RESTORE) else None
    who = f"customer {trashed.customer.customer_id}, who is deleted" if trashed else "a deleted customer"
    raise Conflict(f"Sale ID “{sale_id}” belongs to {who}; have them restored, or give this one another ID.")


def _existing_entry(store: Store, sale_id: str) -> LedgerEntry:
    entry = store.ledger.get(sale_id)
    if entry is None:
        raise NotFound(f"There is no sale with the ID “{sale_id}”; look at the customer's purchases again.")
    return entry


def _left_of(store: Store, sale: LedgerEntry) -> Decimal:
    return sale.amount + sum((refund.amount for refund in store.ledger.refunds_of(sale)), Decimal("0.00"))


def _refundable_amount(store: Store, sale: LedgerEntry, wanted: Decimal | None) -> Decimal:
    left = _left_of(store, sale)
    if left <= 0:
        raise InvalidInput([FieldError("amount", f"All of sale {sale.sale_id} was refunded already.")])
    if wanted is not None and wanted > left:
        raise InvalidInput([FieldError("amount", f"Amount is more than the {left:,} that is left of this sale.")])
    return wanted if wanted is not None else left


def _moment(store: Store, draft: PurchaseDraft | RefundDraft) -> datetime | None:
    """When it was; None when nothing is said about that."""
    if draft.sold_at is None:
        return None
    try:
        return past_moment_of(draft.sold_at, store.shop.get().zone)
    except ValueError as error:
        raise InvalidInput([FieldError("soldAt", f"Date {error}.")]) from error


def _date_of_refund(store: Store, sale: LedgerEntry, given: datetime | None, at: datetime) -> datetime:
    if given is None:
        # The clock of the till that sold it may be ahead of ours.
        return max(at, sale.sold_at)
    try:
        return date_refund(given, sale.sold_at, store.shop.get().zone)
    except ValueError as error:
        raise InvalidInput([FieldError("soldAt", f"Date {error}.")]) from error


def _impossible(customer: Customer, total: Decimal) -> str:
    if total < 0:
        return (
            f"Amount is more than customer {customer.customer_id} has left, {customer.purchase_amount:,};"
            " correct the purchase amount first."
        )
    return f"Amount would bring the purchase amount above {LARGEST:,}; check it."
