"""Sample customers, for a first look and for trying things out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from kinso.database.search import id_key
from kinso.errors import Conflict, FieldError, InvalidInput
from kinso.models.run import Run
from kinso.models.user import Actor, Permission
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.access import use_case
from kinso.services.records import record_of_creation
from kinso.services.runs import Progress, ignore_progress, in_batches, record_batch, running
from kinso.services.sample_people import sample_id, sample_person

MOST_SAMPLES = 5_000_000
_MONTHS_24 = timedelta(days=730)


@use_case(Permission.IMPORT)
def load_samples(store: Store, actor: Actor, count: int, on_progress: Progress = ignore_progress) -> int:
    """Register those of the first `count` sample customers that are not there yet; returns how many these were.

    The same number means the same customer every time, registered at some moment of the 24 months before now. All of
    it is one run. Raises `InvalidInput` for the field `count`.
    """
    if not 1 <= count <= MOST_SAMPLES:
        raise InvalidInput([FieldError("count", f"The number of samples must be from 1 to {MOST_SAMPLES:,}.")])
    missing = [number for batch in in_batches(range(1, count + 1)) for number in _missing(store, batch)]
    if not missing:
        return 0
    at = now()
    done = 0
    try:
        with running(store, actor, "import", {"samples": count}, len(missing)) as run:
            for batch in in_batches(missing):

                def work(batch: Sequence[int] = batch) -> None:
                    _register(store, actor, run, batch, at)

                store.transact(work)
                done += len(batch)
                on_progress(done, len(missing))
    except Conflict as error:
        raise Conflict(f"{error.message} No sample was added; try again.") from error
    return done


def _missing(store: Store, numbers: Sequence[int]) -> list[int]:
    existing = store.customers.get_by_customer_ids(sample_id(number) for number in numbers)
    return [number for number in numbers if id_key(sample_id(number)) not in existing]


def _register(store: Store, actor: Actor, run: Run, numbers: Sequence[int], at: datetime) -> None:
    people = [sample_person(number) for number in numbers]
    created_at = [at - _whole_milliseconds(_MONTHS_24 * person.age) for person in people]
    created = store.customers.insert_many([person.draft for person in people], at, created_at=created_at)
    record_batch(store, run, [record_of_creation(actor, customer, run=run.id) for customer in created])


def _whole_milliseconds(span: timedelta) -> timedelta:
    return timedelta(milliseconds=span // timedelta(milliseconds=1))
