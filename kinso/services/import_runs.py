"""One import at a time, as a run: what an import finds stored must not be taken back with another one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from kinso.errors import (
    Conflict,
    DatabaseUnavailable,
    DuplicateSaleId,
    FieldError,
    ImportUnderWay,
    InvalidInput,
)
from kinso.models.accounts import Actor
from kinso.models.history import Run, RunKind
from kinso.models.transfer.plans import ImportPlan, PurchasePlan
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.repository.transfer import IMPORTS
from kinso.services.runs import SILENCE, recover_interrupted, running

CHANGED = (
    "The file means something else now than when it was checked, because customers or purchases were added or changed"
    " since; nothing was imported. Check it again."
)
_INTERRUPTED = (
    "The database stopped answering during the import; unless the page Membership lists it as done all the same,"
    " whatever was done of it is taken back as soon as Kinso reaches the database again, so look there before you"
    " import the file once more."
)


class FileRefused(InvalidInput):
    """Some rows of a file have errors, so nothing was imported; `plan` lists them."""

    def __init__(self, plan: ImportPlan | PurchasePlan) -> None:
        super().__init__([FieldError(f"row {error.row}", str(error)) for error in plan.errors])
        self.plan = plan
        number = f"{plan.error_count:,} error{'s' if plan.error_count > 1 else ''}"
        self.message = f"Nothing was imported, because the file has {number}; correct them and import it again."
        self.args = (self.message,)


@dataclass(frozen=True)
class Turn:
    """The right to begin an import, as long as no other one begins."""

    store: Store
    number: int

    def take(self, _run: Run) -> None:
        """Begin, within the transaction of the run's beginning; raises `ImportUnderWay`."""
        if not self.store.turns.take(self.number):
            raise ImportUnderWay("Another import began meanwhile, and only one can be at a time; start this one again.")


def await_turn(store: Store) -> Turn:
    """Make sure that no import is under way before the file is compared with what is stored.

    What a crash left of one is taken back first. Raises `ImportUnderWay`.
    """
    recover_interrupted(store)
    # Read before the runs: an import that begins in between is either seen below or has changed the number.
    turn = Turn(store, store.turns.number())
    moment = now()
    for run in store.turns.running():
        # One that does not move is one that could not be taken back; it must not keep everybody from importing.
        if run.kind in IMPORTS and abs(moment - run.heartbeat_at) <= SILENCE:
            file = f" of “{run.parameters['file']}”" if run.parameters.get("file") else ""
            raise ImportUnderWay(
                f"An import{file} by {run.by_name} is under way, and only one can be at a time; wait until it has"
                " ended, or have it stopped on the page Membership, and start this one then."
            )
    return turn


@contextmanager
def import_run(
    store: Store, actor: Actor, turn: Turn, kind: RunKind, parameters: dict[str, Any], matched: int
) -> Iterator[Run]:
    """The run of an import; its failures say what became of the file.

    Raises `Conflict` when nothing was imported, and `DatabaseUnavailable` when that cannot be told.
    """
    begun: Run | None = None
    try:
        with store.guarded(), running(store, actor, kind, parameters, matched, on_begin=turn.take) as begun:
            yield begun
    except DuplicateSaleId as error:
        raise Conflict(
            f"{error.message.partition(';')[0]} by someone else since the import began. Nothing was imported; import"
            " the file again."
        ) from error
    except ImportUnderWay:
        raise
    except Conflict as error:
        raise Conflict(f"{error.message} Nothing was imported; import the file again.") from error
    except DatabaseUnavailable as error:
        # Perhaps nothing was lost but the last answer.
        if begun is None or as_ended(store, begun).status != "done":
            raise DatabaseUnavailable(_INTERRUPTED) from error


def as_ended(store: Store, run: Run) -> Run:
    """The run as it is stored now; as it began when the database does not answer."""
    with suppress(DatabaseUnavailable), store.guarded():
        return store.runs.get(run.id) or run
    return run
