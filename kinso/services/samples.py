"""Sample customers and what they bought, for a first look and for trying things out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from kinso.errors import Conflict, DuplicateSaleId, FieldError, ImportUnderWay, InvalidInput
from kinso.models.accounts import Actor, Permission
from kinso.models.history import Run
from kinso.models.membership import Basis
from kinso.repository.documents import new_id, now
from kinso.repository.store import Store
from kinso.services.access import use_case
from kinso.services.import_runs import await_turn
from kinso.services.records import write_down
from kinso.services.runs import Progress, advance, ignore_progress, in_batches, running
from kinso.services.sample_history import SampleHistory
from kinso.services.sample_people import sample_id, sample_person
from kinso.services.sample_purchases import sample_purchases, while_open

MOST_SAMPLES = 5_000_000
_MONTHS_24 = timedelta(days=730)
_BASES: tuple[Basis, ...] = ("person", "rule")


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
    histories = [_history(actor, run, number, today, new_id() if are_known else "") for number in numbers]
    store.customers.insert_as_they_are([history.customer for history in histories])
    _put_in_rounds(histories)
    for basis in _BASES:
        some = [history for history in histories if history.basis == basis]
        changes = [change for history in some for change in history.changes]
        write_down(store, changes, basis=basis, entries=[entry for history in some for entry in history.entries])
    advance(store, run, len(histories))


def _put_in_rounds(histories: Sequence[SampleHistory]) -> None:
    """Order the first changes of all before the second ones, so that an undo takes back many customers at once."""
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
