"""Purchases from a CSV file: recorded with their customers' new amounts, all of them or none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, BinaryIO

from kinso.errors import Conflict
from kinso.models.accounts import Actor, Permission
from kinso.models.history import Run
from kinso.models.transfer.plans import UNDECIDED, ImportChoices, PurchasePlan, PurchaseResult, Unknown
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.history.runs import Progress, ignore_progress
from kinso.services.membership.activation import parameters_of
from kinso.services.membership.eligibility import rule_of
from kinso.services.permissions import demand_all, use_case
from kinso.services.transfer.customer_imports import (
    CHANGED,
    FileRefused,
    ImportLock,
    as_ended,
    await_import_lock,
    import_run,
)
from kinso.services.transfer.customer_rows import DuplicatesOfNew
from kinso.services.transfer.purchase_staging import Portion
from kinso.services.transfer.purchase_survey import Survey, surveyed
from kinso.services.transfer.purchase_writing import PurchaseWriter

_CUSTOMERS = 300
_ENTRIES = 1000
"""At most in one transaction, so that it takes a fraction of a second."""


class PurchasesRefused(FileRefused):
    """Some rows have errors, so nothing was imported; `plan` lists them."""

    plan: PurchasePlan


class PurchasesUndecided(Conflict):
    """Somebody has to decide first; `plan` tells about what."""

    def __init__(self, plan: PurchasePlan) -> None:
        what = []
        if plan.undecided_rows:
            purchases = "1 purchase" if plan.undecided_rows == 1 else f"{plan.undecided_rows:,} purchases"
            what.append(
                f"{purchases} in it {'was' if plan.undecided_rows == 1 else 'were'} undone here since the file was"
                " exported: decide whether the file or what is stored counts"
            )
        if plan.is_overlap_undecided:
            what.append(
                f"{plan.overlap_in_words}: decide whether the opening balances give way by that amount, or the"
                " purchases come on top of them"
            )
        super().__init__(f"Nothing was imported, because {'; and '.join(what)}.")
        self.plan = plan


@use_case(Permission.IMPORT)
def preview_purchases(
    store: Store,
    actor: Actor,
    source: bytes | BinaryIO,
    *,
    unknown: Unknown = "refuse",
    choices: ImportChoices = UNDECIDED,
) -> PurchasePlan:
    """What importing this file would do now; changes nothing. Raises `InvalidInput` for a file that is unusable."""
    with surveyed(
        store, source, unknown, choices, DuplicatesOfNew(store, actor, is_wanted=unknown == "create")
    ) as survey:
        return survey.plan


@use_case(Permission.IMPORT)
def import_purchases(
    store: Store,
    actor: Actor,
    source: bytes | BinaryIO,
    on_progress: Progress = ignore_progress,
    *,
    unknown: Unknown = "refuse",
    choices: ImportChoices = UNDECIDED,
    file_name: str = "",
    expected: PurchasePlan | None = None,
) -> PurchaseResult:
    """Record the purchases of a file and add them to the purchase amounts, as one run.

    What is recorded already is left out. Each customer gets one change with all of their purchases, and where the shop
    wants it, another one for a membership that begins with them. `on_progress` counts purchases. With an `expected`
    plan nothing else than that is done. Raises `InvalidInput` for an unusable file, `PurchasesRefused` when any row has
    an error, `PurchasesUndecided` when the `choices` leave open what has to be decided, `ImportUnderWay`, `Conflict`
    when the plan does not hold any more; nothing is imported then. `DatabaseUnavailable` tells what is.
    """
    lock = await_import_lock(store)
    duplicates = DuplicatesOfNew(store, actor, is_wanted=unknown == "create" and expected is None)
    with surveyed(store, source, unknown, choices, duplicates) as survey:
        plan = survey.plan
        if plan.error_count:
            raise PurchasesRefused(plan)
        demand_all(actor, {Permission.PURCHASES: plan.figures.new > 0, Permission.CREATE: plan.figures.unknown > 0})
        if expected is not None and (expected.figures, expected.overlap) != (plan.figures, plan.overlap):
            raise Conflict(CHANGED)
        if plan.undecided_rows or plan.is_overlap_undecided:
            raise PurchasesUndecided(plan)
        run, activated = _apply(store, actor, lock, survey, file_name, on_progress) if plan.figures.new else (None, 0)
    return PurchaseResult(
        run=run,
        figures=plan.figures,
        created=plan.figures.unknown,
        activated=activated,
        ignored_columns=plan.ignored_columns,
        notices=plan.notices,
        gives_way=plan.gives_way,
        duplicates=plan.duplicates,
        duplicate_count=plan.duplicate_count,
    )


def _apply(
    store: Store, actor: Actor, lock: ImportLock, survey: Survey, file_name: str, on_progress: Progress
) -> tuple[Run, int]:
    """The run as it ended, and how many it made members."""
    figures, shop = survey.plan.figures, store.shop.get()
    parameters: dict[str, Any] = {"file": file_name, "purchases": figures.new, "create": figures.unknown}
    if survey.plan.gives_way.customers:
        parameters["givesWay"] = survey.plan.gives_way.amount
    if shop.activate_on_purchase:
        parameters |= parameters_of(rule_of(shop, now()))
    done = activated = 0
    with import_run(store, actor, lock, "purchases", parameters, figures.customers) as run:
        writer = PurchaseWriter(store, actor, run, shop, file_name)
        for batch in _batches(survey):
            activated += store.transact(partial(writer.write, batch))
            done += sum(len(portion.rows) for portion in batch)
            on_progress(done, figures.new)
    return as_ended(store, run), activated


def _batches(survey: Survey) -> Iterator[Sequence[Portion]]:
    """What is written in one transaction: some hundred customers, each of them once."""
    batch: list[Portion] = []
    entries = 0
    for portion in survey.staging.portions(_ENTRIES):
        if batch and (
            len(batch) == _CUSTOMERS or entries + len(portion.rows) > _ENTRIES or batch[-1].customer == portion.customer
        ):
            yield batch
            batch, entries = [], 0
        batch.append(portion)
        entries += len(portion.rows)
    if batch:
        yield batch
