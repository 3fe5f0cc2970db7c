"""Merging two customers who are the same person into one; `kinso.services.history.separating` undoes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, cast

from kinso.errors import CUSTOMER_GONE, Conflict, FieldError, InvalidInput, NotFound, StaleVersion
from kinso.models.accounts import Actor, Permission
from kinso.models.customers import Customer, CustomerPatch
from kinso.models.fields import permissions_to_change
from kinso.models.history import Run
from kinso.models.merging import CHOSEN, SUMMED, Bought, MergePreview, Side, is_excluded, merged_fields
from kinso.models.money import LARGEST
from kinso.models.purchases import PURCHASE_KINDS
from kinso.models.validation import LABELS, parse
from kinso.repository.documents import canonical_id, erased_id, now
from kinso.repository.store import Store
from kinso.services.history.records import demand_imported, record_changes, record_of_deletion, record_of_update
from kinso.services.history.runs import ignore_run, new_run
from kinso.services.permissions import demand_all, use_case

_SIDES = ("this", "other")
_REASON = "Merged into another customer"


@use_case(Permission.READ)
def preview_merge(
    store: Store, actor: Actor, id: str, with_id: str, keep: Mapping[str, str] | None = None
) -> MergePreview:
    """Both side by side, and what they would become if the other one were merged into the first.

    Raises `NotFound`, `Conflict` for two who cannot be merged, and `InvalidInput` for what `keep` cannot say.
    """
    chosen = _chosen(keep or {})
    this, other = _both(store, id, with_id)
    totals = [store.customer_ledger.totals(each.id) for each in (this, other)]
    bought = [
        Bought(
            each["sale"].count if "sale" in each else 0,
            sum((each[kind].amount for kind in PURCHASE_KINDS if kind in each), Decimal("0.00")),
        )
        for each in totals
    ]
    memberships = [store.memberships.of_customer(each.id) for each in (this, other)]
    return MergePreview(
        this, other, merged_fields(this, other, chosen), (bought[0], bought[1]), (memberships[0], memberships[1])
    )


@use_case(Permission.MERGE)
def merge_customers(
    store: Store,
    actor: Actor,
    id: str,
    with_id: str,
    keep: Mapping[str, str] | None = None,
    *,
    version: int | None = None,
    with_version: int | None = None,
    on_done: Callable[[Run], None] = ignore_run,
) -> Run:
    """Merge the customer `with_id` into the one with `id`, as one run that can be undone at any time later.

    What becomes of each field `merged_fields` says; `keep` chooses for some of them. The ledger of both is the first
    one's from then on, and so are the IDs of both. With versions, only these are merged, else `StaleVersion` is raised.
    Raises `NotFound`, `Conflict`, `InvalidInput`, and `BeingImported`. `on_done` writes in the same transaction.
    """
    chosen = _chosen(keep or {})
    demand_all(actor, dict.fromkeys(permissions_to_change(CHOSEN), True))

    def work() -> Run:
        this, other = _both(store, id, with_id)
        for customer, expected in ((this, version), (other, with_version)):
            if expected not in (None, customer.version):
                raise StaleVersion(customer)
        demand_imported(store, [this.id, other.id])
        run = new_run(actor, "merge", _parameters(this, other, chosen), matched=2)
        _merge(store, actor, run, this, other, _values(this, other, chosen))
        done = run.model_copy(update={"status": "done", "changed": 2, "finished_at": now()})
        store.runs.insert(done)
        on_done(done)
        return done

    return store.transact(work)


def _chosen(keep: Mapping[str, str]) -> Mapping[str, Side]:
    errors = [
        *(FieldError(f"keep.{name}", _unknown(name)) for name in keep if name not in CHOSEN),
        *(
            FieldError(f"keep.{name}", f"{LABELS[name]} is kept of this or of other; name one of them.")
            for name, side in keep.items()
            if name in CHOSEN and side not in _SIDES
        ),
    ]
    if errors:
        raise InvalidInput(errors)
    return cast(Mapping[str, Side], keep)


def _unknown(name: str) -> str:
    if name == SUMMED:
        return "The purchase amount is what both bought together; leave it out."
    return f"There is no field “{name}”; use {', '.join(CHOSEN)}."


def _both(store: Store, id: str, with_id: str) -> tuple[Customer, Customer]:
    if canonical_id(id) == canonical_id(with_id):
        raise Conflict("A customer cannot be merged with themselves; name another one.")
    found = store.customers.get_many([id, with_id])
    this, other = (found.get(canonical_id(each)) for each in (id, with_id))
    if this is None or other is None:
        raise NotFound(_why_gone(store, id if this is None else with_id))
    for customer in (this, other):
        if customer.customer_id == erased_id(customer.id):
            raise Conflict(f"Customer {customer.customer_id} was erased, so nobody knows who that was.")
    return this, other


def _why_gone(store: Store, id: str) -> str:
    if trashed := store.trash.get(id):
        return f"Customer {trashed.customer.customer_id} was deleted; have them restored first."
    if merged := store.merged.get(id):
        return f"Customer {merged.customer.customer_id} was merged into another customer; merge that one."
    return CUSTOMER_GONE


def _parameters(this: Customer, other: Customer, chosen: Mapping[str, Side]) -> dict[str, Any]:
    sides = {
        side: {"id": each.id, "customerId": each.customer_id, "customerName": each.customer_name}
        for side, each in (("this", this), ("other", other))
    }
    return {**sides, "keep": dict(chosen)}


def _values(this: Customer, other: Customer, chosen: Mapping[str, Side]) -> dict[str, Any]:
    """What is to be written to the one who stays, by stored names."""
    fields = merged_fields(this, other, chosen)
    values = {each.field.name: each.merged for each in fields if each.merged != each.this}
    combined = {each.field.name: each.merged for each in fields if each.kept == "both" and each.field.name != SUMMED}
    # Put together, they may be longer than what may be entered.
    parse(CustomerPatch, combined)
    if values.get(SUMMED, 0) > LARGEST:
        raise InvalidInput([FieldError(SUMMED, f"Together they would have bought for more than {LARGEST:,}.")])
    is_member = values.get("membershipStatus", this.membership_status)
    excluded = is_excluded(this, other, chosen, is_member=is_member)
    if excluded != this.excluded:
        values["membershipHeld"] = excluded
    ids = dict.fromkeys((this.customer_id, *this.aliases, other.customer_id, *other.aliases))
    own = values.get("customerId", this.customer_id)
    return {**values, "mergedIds": tuple(each for each in ids if each != own)}


def _merge(store: Store, actor: Actor, run: Run, this: Customer, other: Customer, values: Mapping[str, Any]) -> None:
    at = run.started_at
    store.merged.move_here(other.id, this.id, run.id, actor, at)
    after = store.customers.update(this, values, at)
    if after is None:
        raise StaleVersion(store.customers.get(this.id) or this)
    entries = store.merged_ledger.of_customer(other.id)
    store.merged_ledger.give(this.id, {each.id: (*each.steps, (run.id, other.id)) for each in entries})
    gone = record_of_deletion(actor, other.model_copy(update={"updated_at": at}), run=run.id)
    changes = [
        gone.model_copy(update={"reason": _REASON}),
        record_of_update(actor, this, after, run=run.id, kind="merge"),
    ]
    record_changes(store, changes, is_free=True)
