"""Sample customers and what they bought, for a first look and for trying things out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

from kinso.errors import Conflict, DuplicateSaleId, FieldError, ImportUnderWay, InvalidInput
from kinso.models.run import Change, Run
from kinso.models.sale import Sale
from kinso.models.user import Actor, Permission
from kinso.repository.documents import new_id, now
from kinso.repository.store import Store
from kinso.services.access import use_case
from kinso.services.import_runs import await_turn
from kinso.services.records import record_of_creation, write_down
from kinso.services.runs import Progress, advance, ignore_progress, in_batches, running
from kinso.services.sample_people import sample_id, sample_person
from kinso.services.sample_purchases import SamplePurchase, sample_purchases

MOST_SAMPLES = 5_000_000
_MONTHS_24 = timedelta(days=730)


@use_case(Permission.IMPORT)
def load_samples(store: Store, actor: Actor, count: int, on_progress: Progress = ignore_progress) -> int:
    """Register those of the first `count` sample customers that are not there yet; returns how many these were.

    The same number means the same customer every time, registered at some moment of the 24 months before today, with
    the same purchases since then; on the same day (in UTC) all dates are the same as well. All of it is one run. Raises
    `InvalidInput` for the field `count`, and `ImportUnderWay`.
    """
    if not 1 <= count <= MOST_SAMPLES:
        raise InvalidInput([FieldError("count", f"The number of samples must be from 1 to {MOST_SAMPLES:,}.")])
    turn = await_turn(store)
    missing = [number for batch in in_batches(range(1, count + 1)) for number in _missing(store, batch)]
    if not missing:
        return 0
    today = now().replace(hour=0, minute=0, second=0, microsecond=0)
    done = 0
    try:
        with running(store, actor, "import", {"samples": count}, len(missing), on_begin=turn.take) as run:
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
    at = now()
    people = [sample_person(number) for number in numbers]
    created_at = [today - _whole_milliseconds(_MONTHS_24 * person.age) for person in people]
    created = store.customers.insert_many([person.draft for person in people], at, created_at=created_at)
    changes = [record_of_creation(actor, customer, run=run.id) for customer in created]
    entries: list[Sale] = []
    for number, customer, change in zip(numbers, created, changes, strict=True):
        bought = sample_purchases(number, customer.purchase_amount, customer.created_at, today)
        for place, purchase in enumerate(bought, start=1):
            entries.extend(_entries(purchase, change, f"{number:06}-{new_id() if are_known else place}"))
    write_down(store, changes, entries=entries)
    advance(store, run, len(changes))


def _entries(purchase: SamplePurchase, change: Change, name: str) -> Iterator[Sale]:
    sale = _entry(change, f"S-{name}", purchase)
    yield sale
    if purchase.refunded_at is not None:
        refund = {"id": new_id(), "sale_id": f"R-{name}", "kind": "refund", "amount": -purchase.refunded}
        yield sale.model_copy(update={**refund, "sold_at": purchase.refunded_at, "refund_of": sale.sale_id})


def _entry(change: Change, sale_id: str, purchase: SamplePurchase) -> Sale:
    return Sale.model_construct(
        id=new_id(),
        sale_id=sale_id,
        customer=change.customer,
        kind="sale",
        amount=purchase.amount,
        sold_at=purchase.sold_at,
        counts_at=purchase.sold_at,
        recorded_at=change.at,
        by_id=change.by_id,
        by_name=change.by_name,
        source=change.source,
        items=[],
        payment_method=purchase.payment_method,
        note=None,
        refund_of=None,
        run=change.run,
        change=change.id,
        voided_by=None,
    )


def _whole_milliseconds(span: timedelta) -> timedelta:
    return timedelta(milliseconds=span // timedelta(milliseconds=1))
