"""Many customers deleted at once, or erased for good: exactly those who were looked at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal

from kinso.errors import FieldError, InvalidInput
from kinso.models.accounts import Actor, Permission
from kinso.models.bulk import Chosen, RemovalPlan
from kinso.models.customers import Customer
from kinso.models.history import Run, RunException
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.customers.bulk_edits import SHOWN, customers_of, finished, gone, skip
from kinso.services.facts import facts_for
from kinso.services.history.records import BEING_IMPORTED, being_imported, record_of_deletion
from kinso.services.history.runs import (
    Progress,
    ignore_progress,
    ignore_run,
    in_batches,
    record_batch,
    running,
)
from kinso.services.history.trash import erase_within
from kinso.services.permissions import use_case

_CHANGED = "was changed by someone meanwhile"


@use_case(Permission.DELETE)
def plan_deletion(store: Store, actor: Actor, chosen: Chosen) -> RemovalPlan:
    """Exactly whom `delete_customers` would move to the trash now."""
    return _plan(store, chosen)


@use_case(Permission.ERASE)
def plan_erasure(store: Store, actor: Actor, chosen: Chosen) -> RemovalPlan:
    """Exactly whom `erase_customers` would erase now."""
    return _plan(store, chosen)


@use_case(Permission.DELETE)
def delete_customers(
    store: Store,
    actor: Actor,
    plan: RemovalPlan,
    *,
    on_progress: Progress = ignore_progress,
    on_done: Callable[[Run], None] = ignore_run,
) -> Run:
    """Move everybody in the plan to the trash, as one run.

    Whoever changed since is left alone and named in the run, and so is whoever is in an import that has not ended.
    `on_done` writes in the transaction that ends the run.
    """
    with running(
        store,
        actor,
        "bulk-delete",
        plan.chosen.parameters(),
        plan.count,
        on_done=lambda run: on_done(finished(store, run)),
    ) as run:
        done = 0
        for batch in in_batches(plan.versions.items()):

            def work(batch: Sequence[tuple[str, int]] = batch) -> None:
                _delete_some(store, actor, run, dict(batch))

            store.transact(work)
            done += len(batch)
            on_progress(done, plan.count)
    return finished(store, run)


@use_case(Permission.ERASE)
def erase_customers(
    store: Store,
    actor: Actor,
    plan: RemovalPlan,
    *,
    confirm: int,
    on_progress: Progress = ignore_progress,
    on_done: Callable[[Run], None] = ignore_run,
) -> Run:
    """Remove who everybody in the plan is, for good: see `erase_person`. Nothing can bring them back.

    `confirm` is how many they are; raises `InvalidInput` for any other number. Each is erased in a transaction of
    their own: when the run cannot be finished, those it came to stay erased, and it says how many.
    """
    if confirm != plan.count:
        sentence = f"Confirm must be the number of customers to erase, which is {plan.count:,}; nobody was erased."
        raise InvalidInput([FieldError("confirm", sentence)])
    try:
        with running(
            store,
            actor,
            "bulk-erase",
            {"selected": plan.count},
            plan.count,
            on_done=lambda run: on_done(finished(store, run)),
        ) as run:
            for done, (id, version) in enumerate(plan.versions.items(), start=1):

                def work(id: str = id, version: int = version) -> None:
                    _erase_one(store, actor, run, id, version)

                store.transact(work)
                on_progress(done, plan.count)
    finally:
        store.mirror.forget_erased()
    return finished(store, run)


def _plan(store: Store, chosen: Chosen) -> RemovalPlan:
    if chosen.ids is not None:
        customers = customers_of(store, chosen.ids)
        total = sum((each.purchase_amount for each in customers), Decimal("0.00"))
        return RemovalPlan(chosen, {each.id: each.version for each in customers}, total, customers[:SHOWN])
    facts = facts_for(store, chosen.query)
    versions, total = store.chosen.versions(chosen.query, facts=facts)
    return RemovalPlan(chosen, versions, total, store.customers.find(chosen.query, page=1, limit=SHOWN, facts=facts))


def _delete_some(store: Store, actor: Actor, run: Run, versions: Mapping[str, int]) -> None:
    found = store.customers.get_many(versions)
    leaving, skipped = _as_planned(store, versions, found)
    at = now()
    store.trash.throw_away([customer.id for customer in leaving], actor, at)
    records = [
        record_of_deletion(actor, customer.model_copy(update={"updated_at": at}), run=run.id) for customer in leaving
    ]
    record_batch(store, run, records, skipped, is_free=True)


def _erase_one(store: Store, actor: Actor, run: Run, id: str, version: int) -> None:
    found = store.customers.get_many([id])
    leaving, skipped = _as_planned(store, {id: version}, found)
    records = [erase_within(store, actor, customer.id, run=run.id) for customer in leaving]
    record_batch(store, run, records, skipped, is_free=True)


def _as_planned(
    store: Store, versions: Mapping[str, int], found: Mapping[str, Customer]
) -> tuple[list[Customer], list[RunException]]:
    """Who is still as the plan has them, and the others with the reasons."""
    imported = being_imported(store, found)
    leaving = [each for each in found.values() if each.id not in imported and each.version == versions[each.id]]
    staying = {each.id for each in found.values()} - {each.id for each in leaving}
    skipped = [_left_alone(found[id], imported) for id in versions if id in staying]
    return leaving, skipped + [gone(id) for id in versions if id not in found]


def _left_alone(customer: Customer, imported: Collection[str]) -> RunException:
    return skip(customer, BEING_IMPORTED if customer.id in imported else _CHANGED)
