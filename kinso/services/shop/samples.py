"""Sample customers and what happened to them, for a first look and for trying things out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from kinso.errors import Conflict, DuplicateSaleId, FieldError, ImportUnderWay, InvalidInput
from kinso.models.accounts import Actor, Permission
from kinso.models.customers import Customer, CustomerDraft
from kinso.models.history import Change, ChangeKind, Run
from kinso.models.membership import DecidedBy
from kinso.models.purchases import EntryKind, LedgerEntry
from kinso.repository.documents import changed, new_id, now
from kinso.repository.store import Store
from kinso.services.history.records import record_changes, record_of_creation, record_of_update
from kinso.services.history.runs import Progress, advance, ignore_progress, in_batches, running
from kinso.services.permissions import use_case
from kinso.services.shop.sample_people import sample_id, sample_person
from kinso.services.shop.sample_purchases import SamplePurchase, sample_purchases, while_open
from kinso.services.transfer.customer_imports import await_import_lock

MOST_SAMPLES = 5_000_000
_MONTHS_24 = timedelta(days=730)
_DECIDERS: tuple[DecidedBy, ...] = ("person", "rule")


@use_case(Permission.IMPORT)
def load_samples(store: Store, actor: Actor, count: int, on_progress: Progress = ignore_progress) -> int:
    """Register those of the first `count` sample customers that are not there yet; returns how many these were.

    The same number means the same customer every time, registered at some moment of the 24 months before today, with
    the same purchases and membership since then, each recorded as if at the time; on the same day (in UTC) all dates
    are the same as well. All of it is one run. Raises
    `InvalidInput` for the field `count`, and `ImportUnderWay`.
    """
    if not 1 <= count <= MOST_SAMPLES:
        raise InvalidInput([FieldError("count", f"The number of samples must be from 1 to {MOST_SAMPLES:,}.")])
    lock = await_import_lock(store)
    missing = [number for batch in in_batches(range(1, count + 1)) for number in _missing(store, batch)]
    if not missing:
        return 0
    today = now().replace(hour=0, minute=0, second=0, microsecond=0)
    done = 0
    try:
        with running(store, actor, "import", {"samples": count}, len(missing), on_begin=lock.take) as run:
            for batch in in_batches(missing):
                register = partial(_register, store, actor, run, batch, today)
                try:
                    store.transact(register)
                except DuplicateSaleId:
                    # Somebody has given a sample customer another ID, and the purchases went along.
                    store.transact(partial(register, are_known=True))
                done += len(batch)
                on_progress(done, len(missing))
    except ImportUnderWay:
        raise
    except Conflict as error:
        raise Conflict(f"{error.message} No sample was added; try again.") from error
    return done


def _missing(store: Store, numbers: Sequence[int]) -> list[int]:
    existing = store.customers.get_by_customer_ids(sample_id(number) for number in numbers)
    return [number for number in numbers if sample_id(number) not in existing]


def _register(
    store: Store, actor: Actor, run: Run, numbers: Sequence[int], today: datetime, *, are_known: bool = False
) -> None:
    """Register one batch; when some of its purchases `are_known`, all of them get IDs of their own."""
    histories = [_history(actor, run, number, today, new_id() if are_known else "") for number in numbers]
    store.customers.insert_as_they_are([history.customer for history in histories], actor)
    _put_in_rounds(histories)
    for decided_by in _DECIDERS:
        some = [history for history in histories if history.decided_by == decided_by]
        changes = [change for history in some for change in history.changes]
        record_changes(
            store, changes, decided_by=decided_by, entries=[entry for history in some for entry in history.entries]
        )
    advance(store, run, len(histories))


def _put_in_rounds(histories: Sequence[SampleHistory]) -> None:
    """Order the first changes of all before the second ones, so that an undo undoes many customers at once."""
    changes = sorted((change for history in histories for change in history.changes), key=lambda one: one.version)
    renamed = {change.id: new_id() for change in changes}
    for history in histories:
        history.changes = [one.model_copy(update={"id": renamed[one.id]}) for one in history.changes]
        history.entries = [one.model_copy(update={"change": renamed[one.change]}) for one in history.entries]


def _history(actor: Actor, run: Run, number: int, today: datetime, own: str) -> SampleHistory:
    person = sample_person(number)
    since = while_open(today - _MONTHS_24 * person.age)
    bought = sample_purchases(number, person.draft.purchase_amount, since, today)
    return SampleHistory.of(actor, run, person.draft, since, bought, f"{number:06}{own and '-'}{own}")


_THRESHOLD = Decimal("1000.00")


@dataclass
class SampleHistory:
    """One customer as they are in the end, with all changes and entries that led there.

    `decided_by` is who or what made them a member.
    """

    actor: Actor
    run: Run
    customer: Customer
    decided_by: DecidedBy = "person"
    changes: list[Change] = field(default_factory=list)
    entries: list[LedgerEntry] = field(default_factory=list)

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
        self.decided_by = "rule" if amount >= _THRESHOLD else "person"
        reason = f"The total was {amount:,}; the threshold was {_THRESHOLD:,}" if self.decided_by == "rule" else None
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

    kind: EntryKind
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


def _entry(step: _Step, change: Change) -> LedgerEntry:
    purchase, is_sale = step.purchase, step.kind == "sale"
    return LedgerEntry.model_construct(
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
