"""One transaction of an import of purchases: entries, purchase amounts, memberships that begin, records, progress."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from kinso.errors import Conflict
from kinso.models.accounts import Actor
from kinso.models.customers import Customer
from kinso.models.history import Change, Run
from kinso.models.membership import Rule
from kinso.models.money import LARGEST
from kinso.models.purchases import LedgerEntry
from kinso.models.shop import ShopSettings
from kinso.models.transfer.plans import PurchaseRow
from kinso.repository.customers_search import ByCustomerId
from kinso.repository.documents import changed, new_id, now
from kinso.repository.store import Store
from kinso.services.history.records import record_changes, record_of_creation, record_of_update
from kinso.services.history.runs import advance
from kinso.services.membership.eligibility import amounts_that_count, is_eligible, rule_of
from kinso.services.purchases.ledger import AMOUNT, adjusting_entry
from kinso.services.transfer.purchase_staging import Portion
from kinso.services.transfer.purchase_survey import draft_of, still_explained_twice

_GAVE_WAY = "The opening balance gave way to the purchases that it consisted of"


@dataclass(frozen=True)
class PurchaseWriter:
    """Writes the portions of one run."""

    store: Store
    actor: Actor
    run: Run
    shop: ShopSettings
    file_name: str

    def write(self, batch: Sequence[Portion]) -> int:
        """Record portions of different customers, within a transaction; returns how many it made members.

        Raises `DuplicateSaleId`, and `Conflict` when a customer is not as known or as unknown any more as was planned,
        or when a sale has been refunded or undone since.
        """
        at = now()
        known = self.store.customers.get_by_customer_ids(portion.rows[0].customer_id for portion in batch)
        present = {portion.customer: _as_planned(portion, known) for portion in batch}
        written = [
            *self._create([portion for portion in batch if present[portion.customer] is None], at),
            *self._add([(portion, found) for portion in batch if (found := present[portion.customer])], at),
        ]
        sold = self._dates_of_refunded([row for portion in batch for row in portion.rows])
        entries = [self._entry(row, change, at, sold) for portion, _, change in written for row in portion.rows]
        entries += self._give_way(written)
        record_changes(self.store, [change for _, _, change in written], entries=entries)
        self._check_refunds(entries)
        advance(self.store, self.run, sum(portion.is_first for portion in batch))
        return self._activate([(customer, portion) for portion, customer, _ in written], at)

    def _create(self, portions: Sequence[Portion], at: datetime) -> Iterator[tuple[Portion, Customer, Change]]:
        """Customers who are registered with their first purchase."""
        if not portions:
            return
        drafts = [draft_of(portion.rows).model_copy(update={"purchase_amount": _sum(portion)}) for portion in portions]
        first = [min(row.sold_at for row in portion.rows) for portion in portions]
        created = self.store.customers.insert_many(drafts, at, self.actor, created_at=first, source="import")
        for portion, customer in zip(portions, created, strict=True):
            yield portion, customer, record_of_creation(self.actor, customer, run=self.run.id)

    def _add(
        self, portions: Sequence[tuple[Portion, Customer]], at: datetime
    ) -> Iterator[tuple[Portion, Customer, Change]]:
        """Customers who are known: what they bought is added to what the amount is now."""
        if not portions:
            return
        updates = [(before, {AMOUNT: _new_amount(before, portion)}) for portion, before in portions]
        if self.store.customers.update_many(updates, at) != len(updates):
            raise Conflict("Some of these customers were changed by someone else during the import.")
        for (portion, before), (_, values) in zip(portions, updates, strict=True):
            after = changed(before, values, at)
            reason = self._reason(portion.rows)
            yield (
                portion,
                after,
                record_of_update(self.actor, before, after, run=self.run.id, reason=reason, kind="purchase"),
            )

    def _give_way(self, written: Sequence[tuple[Portion, Customer, Change]]) -> list[LedgerEntry]:
        """What the balances of these customers are lowered by, because their purchases explain it now."""
        lowered = {customer.id: portion.gives_way for portion, customer, _ in written if portion.gives_way}
        if not lowered:
            return []
        if not still_explained_twice(self.store, lowered):
            raise Conflict("The opening balance of some of these customers was changed by someone else meanwhile.")
        return [
            adjusting_entry(change, "adjustment", -lowered[customer.id]).model_copy(update={"note": _GAVE_WAY})
            for _, customer, change in written
            if customer.id in lowered
        ]

    def _check_refunds(self, entries: Sequence[LedgerEntry]) -> None:
        """With the entries written, no sale may have more refunded than it came to.

        Whoever refunds a sale or undoes it meanwhile writes to the same customer, and so collides with this.
        """
        refunded = {entry.refund_of: entry.customer for entry in entries if entry.refund_of}
        sales = self.store.ledger.get_many(refunded)
        refunds = self.store.ledger.refunded_among(list(sales.values()))
        for sale_id, customer in refunded.items():
            sale = sales.get(sale_id)
            is_sale = sale is not None and sale.kind == "sale" and sale.customer == customer
            if not is_sale or sum((each.amount for each in (sale, *refunds.get(sale_id, ())) if each), Decimal(0)) < 0:
                raise Conflict(f"Sale {sale_id} was refunded or undone by someone else during the import.")

    def _reason(self, rows: Sequence[PurchaseRow]) -> str:
        if len(rows) == 1:
            return f"{'Sale' if rows[0].kind == 'sale' else rows[0].kind.capitalize()} {rows[0].sale_id}"
        return f"{len(rows):,} purchases from {self._source}"

    @property
    def _source(self) -> str:
        return f"“{self.file_name}”" if self.file_name else "a file"

    def _activate(self, written: Sequence[tuple[Customer, Portion]], at: datetime) -> int:
        """Make those members whom these purchases brought to the threshold, when the shop wants that."""
        buyers = [customer for customer, portion in written if any(row.kind == "sale" for row in portion.rows)]
        if not self.shop.activate_on_purchase or not buyers:
            return 0
        rule = rule_of(self.shop, at)
        amounts = amounts_that_count(self.store, rule, buyers)
        due = [buyer for buyer in buyers if is_eligible(buyer, amounts[buyer.id], rule.threshold)]
        if not due:
            return 0
        self.store.customers.set_membership([buyer.id for buyer in due], at, status=True, excluded=False)
        record_changes(
            self.store,
            [self._activation(buyer, rule, amounts[buyer.id], at) for buyer in due],
            decided_by="rule",
            is_free=True,
        )
        return len(due)

    def _activation(self, before: Customer, rule: Rule, total: Decimal, at: datetime) -> Change:
        member = changed(before, {"membershipStatus": True, "membershipHeld": False}, at)
        brought = f"Purchases from {self._source} brought the total to {rule.basis.unit.in_words(total)}"
        reason = f"{brought}; the threshold was {rule.in_words}"
        return record_of_update(self.actor, before, member, run=self.run.id, reason=reason)

    def _dates_of_refunded(self, rows: Sequence[PurchaseRow]) -> Mapping[str, datetime]:
        """When the sales were that these rows refund, by sale ID; a sale comes before its refunds."""
        here = {row.sale_id: row.sold_at for row in rows if row.kind == "sale"}
        elsewhere = {row.refund_of for row in rows if row.refund_of} - here.keys()
        return {**here, **{id: sale.counts_at for id, sale in self.store.ledger.get_many(elsewhere).items()}}

    def _entry(self, row: PurchaseRow, change: Change, at: datetime, sold: Mapping[str, datetime]) -> LedgerEntry:
        counts_at = sold.get(row.refund_of or "", row.sold_at)
        return LedgerEntry(
            id=new_id(),
            sale_id=row.sale_id,
            customer=change.customer,
            kind=row.kind,
            amount=row.amount,
            # The date of a refund may be only a day, the one of its sale.
            sold_at=max(row.sold_at, counts_at),
            counts_at=counts_at,
            recorded_at=at,
            by_id=self.actor.user_id,
            by_name=self.actor.name,
            source=self.actor.source,
            items=[],
            payment_method=row.payment_method,
            note=row.note,
            refund_of=row.refund_of,
            run=self.run.id,
            change=change.id,
            voided_by=None,
        )


def _as_planned(portion: Portion, known: ByCustomerId) -> Customer | None:
    """The customer of the portion, None who is to be created; raises `Conflict` when this changed meanwhile."""
    current = known.get(portion.rows[0].customer_id)
    known_as = current.id if current else None
    if known_as == portion.known_as or (not portion.is_first and current and portion.known_as is None):
        return current
    what = "registered" if portion.known_as is None else "deleted"
    raise Conflict(f"Customer {portion.rows[0].customer_id} was {what} by someone else during the import.")


def _new_amount(before: Customer, portion: Portion) -> Decimal:
    amount = before.purchase_amount + _sum(portion)
    if 0 <= amount <= LARGEST:
        return amount
    raise Conflict(f"The purchase amount of customer {before.customer_id} was changed by someone else meanwhile.")


def _sum(portion: Portion) -> Decimal:
    return sum((row.amount for row in portion.rows), -portion.gives_way)
