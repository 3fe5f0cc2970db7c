"""What happened to an invented customer, one after the other, as if it had been recorded at the time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from kinso.models.accounts import Actor
from kinso.models.customers import Customer, CustomerDraft
from kinso.models.history import Change, ChangeKind, Run
from kinso.models.membership import Basis
from kinso.models.purchases import Sale, SaleKind
from kinso.repository.customer_documents import changed
from kinso.repository.documents import new_id
from kinso.services.records import record_of_creation, record_of_update
from kinso.services.sample_purchases import SamplePurchase

_THRESHOLD = Decimal("1000.00")


@dataclass
class SampleHistory:
    """One customer as they are in the end, with all changes and entries that led there.

    `basis` is who or what made them a member.
    """

    actor: Actor
    run: Run
    customer: Customer
    basis: Basis = "person"
    changes: list[Change] = field(default_factory=list)
    entries: list[Sale] = field(default_factory=list)

    @classmethod
    def of(
        cls, actor: Actor, run: Run, draft: CustomerDraft, since: datetime, bought: Sequence[SamplePurchase], name: str
    ) -> SampleHistory:
        """Registered at `since`; `name` begins the IDs of the purchases, without which the amount was brought along."""
        came_with = Decimal("0.00") if bought else draft.purchase_amount
        history = cls(actor, run, _registered(draft, since, came_with))
        history.changes.append(record_of_creation(actor, history.customer, run=run.id))
        joins = draft.membership_status
        if joins and (came_with >= _THRESHOLD or not bought):
            joins = history._join(since)
        for at, step in sorted(_steps(bought, name), key=lambda pair: pair[0]):
            history._add(step, at)
            if joins and _is_enough(history.customer, draft):
                joins = history._join(at)
        if joins:
            history._join(history.customer.updated_at)
        return history

    def _add(self, step: _Step, at: datetime) -> None:
        amount = self.customer.purchase_amount + step.amount
        kind: ChangeKind = "refund" if step.kind == "refund" else "purchase"
        change = self._change({"purchaseAmount": amount}, at, reason=step.reason, kind=kind)
        self.entries.append(_entry(step, change))

    def _join(self, at: datetime) -> bool:
        """From now on a member; whether they still have to become one."""
        amount = self.customer.purchase_amount
        self.basis = "rule" if amount >= _THRESHOLD else "person"
        reason = f"The total was {amount:,}; the threshold was {_THRESHOLD:,}" if self.basis == "rule" else None
        self._change({"membershipStatus": True, "membershipHeld": False}, at, reason=reason)
        return False

    def _change(
        self, values: Mapping[str, Any], at: datetime, *, reason: str | None, kind: ChangeKind | None = None
    ) -> Change:
        before, self.customer = self.customer, changed(self.customer, values, at)
        record = record_of_update(self.actor, before, self.customer, run=self.run.id, reason=reason, kind=kind)
        self.changes.append(record)
        return record


@dataclass(frozen=True)
class _Step:
    """A sale or a refund; `amount` is signed."""

    kind: SaleKind
    sale_id: str
    amount: Decimal
    purchase: SamplePurchase
    refund_of: str | None = None

    @property
    def reason(self) -> str:
        return f"Refund {self.sale_id} of sale {self.refund_of}" if self.refund_of else f"Sale {self.sale_id}"


def _steps(bought: Sequence[SamplePurchase], name: str) -> Iterator[tuple[datetime, _Step]]:
    for place, purchase in enumerate(bought, start=1):
        sale_id = f"S-{name}-{place}"
        yield purchase.sold_at, _Step("sale", sale_id, purchase.amount, purchase)
        if purchase.refunded_at is not None:
            refund = _Step("refund", f"R-{name}-{place}", -purchase.refunded, purchase, refund_of=sale_id)
            yield purchase.refunded_at, refund


def _is_enough(customer: Customer, draft: CustomerDraft) -> bool:
    """Whether it is time to become a member: at the threshold, or at half of what they spend in all if that is less."""
    return customer.purchase_amount >= min(_THRESHOLD, draft.purchase_amount / 2)


def _registered(draft: CustomerDraft, at: datetime, amount: Decimal) -> Customer:
    return Customer(
        id=new_id(),
        customer_id=draft.customer_id,
        customer_name=draft.customer_name,
        contact_info=draft.contact_info,
        purchase_amount=amount,
        membership_status=False,
        created_at=at,
        updated_at=at,
        version=1,
    )


def _entry(step: _Step, change: Change) -> Sale:
    purchase, is_sale = step.purchase, step.kind == "sale"
    return Sale.model_construct(
        id=new_id(),
        sale_id=step.sale_id,
        customer=change.customer,
        kind=step.kind,
        amount=step.amount,
        sold_at=change.at,
        counts_at=purchase.sold_at,
        recorded_at=change.at,
        by_id=change.by_id,
        by_name=change.by_name,
        source=change.source,
        items=list(purchase.items) if is_sale else [],
        discount=purchase.discount if is_sale else None,
        surcharge=None,
        payment_method=purchase.payment_method,
        note=None,
        refund_of=step.refund_of,
        run=change.run,
        change=change.id,
        voided_by=None,
    )
