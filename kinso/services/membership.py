"""Use cases about who is a member: the threshold, and bulk changes by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from kinso.errors import FieldError, InvalidInput
from kinso.models.customer import Customer, CustomerQuery
from kinso.models.money import check_amount
from kinso.models.run import ActivationPlan, ActivationPreview, Run
from kinso.models.user import Actor, Permission
from kinso.repository.store import Store
from kinso.services.access import use_case
from kinso.services.runs import (
    MembershipChange,
    Progress,
    ignore_progress,
    ignore_run,
    running,
    set_membership_of_each,
)

DEFAULT_THRESHOLD = Decimal("1000.00")


@use_case(Permission.READ)
def preview_activation(
    store: Store, actor: Actor, threshold: Any, *, shown: int = 1000, near_misses: int = 10
) -> ActivationPreview:
    """Whom `threshold` would activate now; lists are cut to `shown` and `near_misses` customers."""
    amount = check_threshold(threshold)
    count, purchase_total = store.figures.eligible(amount)
    everyone = store.customers.count(CustomerQuery())
    return ActivationPreview(
        threshold=amount,
        count=count,
        purchase_total=purchase_total,
        share_of_base=count / everyone if everyone else 0.0,
        eligible=store.customers.find_non_members(at_or_above=amount, limit=shown),
        near_misses=store.customers.find_non_members(below=amount, limit=near_misses),
        held=store.figures.held(amount),
    )


@use_case(Permission.AUTO_ACTIVATE)
def count_eligible(store: Store, actor: Actor, threshold: Any) -> int:
    """How many customers `activate_at_threshold` would activate now."""
    return store.figures.eligible(check_threshold(threshold))[0]


@use_case(Permission.AUTO_ACTIVATE)
def plan_activation(store: Store, actor: Actor, threshold: Any) -> ActivationPlan:
    """Exactly the customers that the threshold would activate now, at the versions they have."""
    amount = check_threshold(threshold)
    return ActivationPlan(amount, store.customers.non_member_versions(at_or_above=amount))


@use_case(Permission.AUTO_ACTIVATE)
def activate_at_threshold(
    store: Store,
    actor: Actor,
    threshold: Any,
    *,
    plan: ActivationPlan | None = None,
    on_progress: Progress = ignore_progress,
    on_done: Callable[[Run], None] = ignore_run,
) -> Run:
    """Make every non-member with a purchase amount at or above `threshold` a member; the run tells how many it were.

    With a `plan` for this threshold, nobody else is touched, and whoever changed since is left alone and named in the
    run. Non-members whom a person made so are never among them. `on_done` writes in the transaction that ends the run.
    """
    amount = check_threshold(threshold)
    if plan is None:
        plan = ActivationPlan(amount, store.customers.non_member_versions(at_or_above=amount))
    if plan.threshold != amount:
        raise InvalidInput([FieldError("threshold", "Threshold is not the one that was planned; look again first.")])
    change = MembershipChange(
        status=True,
        held=False,
        reason=f"Purchase amount at or above {amount:,}",
        still_applies=lambda customer: _is_eligible(customer, amount),
    )
    matched, parameters = len(plan.versions), {"threshold": amount}

    def end(run: Run) -> None:
        on_done(_finished(store, run))

    with running(store, actor, "auto-activation", parameters, matched, on_done=end) as run:
        set_membership_of_each(store, actor, run, plan.versions, change, on_progress)
    return _finished(store, run)


@use_case(Permission.MEMBERSHIP)
def set_membership_of_selected(
    store: Store,
    actor: Actor,
    ids: Sequence[str],
    *,
    membership_status: bool,
    on_progress: Progress = ignore_progress,
) -> Run:
    """Make the customers with these ids members or non-members; those who already are stay untouched."""
    parameters = {"membershipStatus": membership_status, "selected": len(ids)}
    return _set_membership_of(store, actor, ids, membership_status, parameters, on_progress)


@use_case(Permission.MEMBERSHIP)
def set_membership_of_matching(
    store: Store,
    actor: Actor,
    query: CustomerQuery,
    *,
    membership_status: bool,
    on_progress: Progress = ignore_progress,
) -> Run:
    """Make all customers of a query members or non-members; those who already are stay untouched."""
    ids = store.customers.ids_matching(query, membership_status=not membership_status)
    filters = query.model_dump(by_alias=True, exclude_defaults=True, exclude={"sort_by", "sort_order"})
    parameters = {"membershipStatus": membership_status, "filter": filters}
    return _set_membership_of(store, actor, ids, membership_status, parameters, on_progress)


def check_threshold(value: Any) -> Decimal:
    """A usable threshold; raises `InvalidInput` for no number, and for 0 or less, which would activate everyone."""
    try:
        amount = check_amount(value)
    except ValueError as error:
        raise InvalidInput([FieldError("threshold", f"Threshold {error}.")]) from error
    if amount <= 0:
        raise InvalidInput([FieldError("threshold", "Threshold must be more than 0; enter an amount such as 1000.")])
    return amount


def _is_eligible(customer: Customer, threshold: Decimal) -> bool:
    return not customer.membership_status and not customer.membership_held and customer.purchase_amount >= threshold


def _set_membership_of(
    store: Store,
    actor: Actor,
    ids: Sequence[str],
    membership_status: bool,
    parameters: dict[str, Any],
    on_progress: Progress,
) -> Run:
    change = MembershipChange(
        status=membership_status,
        held=not membership_status,
        reason=None,
        still_applies=lambda customer: customer.membership_status is not membership_status,
    )
    with running(store, actor, "bulk-membership", parameters, len(ids)) as run:
        set_membership_of_each(store, actor, run, dict.fromkeys(ids), change, on_progress)
    return _finished(store, run)


def _finished(store: Store, run: Run) -> Run:
    return store.runs.get(run.id) or run
