"""Use cases that change who is a member: activation at a threshold, demotion below it, and bulk changes by hand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from typing import Any

from kinso.errors import Conflict, FieldError, InvalidInput
from kinso.models.accounts import Actor, Permission
from kinso.models.customers import Customer, CustomerQuery
from kinso.models.history import ActivationPlan, ActivationPreview, Run
from kinso.models.membership import DecidedBy, DemotionPlan, DemotionPreview, Rule, Spenders
from kinso.models.rule_bases import LIFETIME
from kinso.repository.documents import canonical_id, now
from kinso.repository.store import Store
from kinso.services.facts import facts_for
from kinso.services.history.runs import (
    MembershipChange,
    Progress,
    ignore_progress,
    ignore_run,
    running,
    set_membership_of_each,
)
from kinso.services.membership.eligibility import (
    amounts_that_count,
    check_threshold,
    is_eligible,
    rule_of,
    why_begun,
    why_ended,
)
from kinso.services.permissions import use_case

DEFAULT_THRESHOLD = Decimal("1000.00")


@use_case(Permission.READ)
def preview_activation(
    store: Store, actor: Actor, threshold: Any, *, shown: int = 1000, near_misses: int = 10
) -> ActivationPreview:
    """Whom `threshold` would activate now; lists are cut to `shown` and `near_misses` customers."""
    rule = _rule(store, threshold)
    everyone = store.figures.count()
    with store.spenders(rule).at_once() as spenders:
        count, purchase_total = spenders.totals("eligible", at_or_above=rule.threshold)
        return ActivationPreview(
            rule=rule,
            count=count,
            purchase_total=purchase_total,
            share_of_base=count / everyone if everyone else 0.0,
            eligible=spenders.largest("eligible", at_or_above=rule.threshold, limit=shown),
            near_misses=spenders.largest("eligible", below=rule.threshold, limit=near_misses),
            excluded=spenders.totals("excluded", at_or_above=rule.threshold)[0],
        )


@use_case(Permission.AUTO_ACTIVATE)
def count_eligible(store: Store, actor: Actor, threshold: Any) -> int:
    """How many customers `activate_at_threshold` would activate now."""
    rule = _rule(store, threshold)
    return store.spenders(rule).totals("eligible", at_or_above=rule.threshold)[0]


@use_case(Permission.AUTO_ACTIVATE)
def plan_activation(store: Store, actor: Actor, threshold: Any) -> ActivationPlan:
    """Exactly the customers that the threshold would activate now, at the versions they have."""
    return _plan(store, _rule(store, threshold))


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
    """Make every non-member who spent at least `threshold` a member; the run tells how many it were.

    With a `plan` for this threshold, nobody else is touched, and whoever changed since is left alone and named in the
    run. Non-members whom a person made so are never among them. `on_done` writes in the transaction that ends the run.
    """
    rule = _rule(store, threshold)
    plan = plan or _plan(store, rule)
    planned = plan.rule
    if not planned.is_same(rule):
        raise InvalidInput([FieldError("threshold", "Threshold is not the one that was planned; look again first.")])

    def eligible_among(customers: Sequence[Customer]) -> Collection[str]:
        amounts = amounts_that_count(store, planned, customers)
        return {each.id for each in customers if is_eligible(each, amounts[each.id], planned.threshold)}

    change = MembershipChange(status=True, excluded=False, reason=why_begun(planned), applies_to=eligible_among)
    matched, parameters = len(plan.versions), parameters_of(planned)

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
    on_done: Callable[[Run], None] = ignore_run,
) -> Run:
    """Make the customers with these ids members or non-members; those who already are stay untouched."""
    ids = list(dict.fromkeys(map(canonical_id, ids)))
    parameters = {"membershipStatus": membership_status, "selected": len(ids)}
    return _set_membership_of(store, actor, ids, membership_status, parameters, on_progress, on_done)


@use_case(Permission.MEMBERSHIP)
def set_membership_of_matching(
    store: Store,
    actor: Actor,
    query: CustomerQuery,
    *,
    membership_status: bool,
    on_progress: Progress = ignore_progress,
    on_done: Callable[[Run], None] = ignore_run,
) -> Run:
    """Make all customers of a query members or non-members; those who already are stay untouched."""
    facts = facts_for(store, query)
    ids = store.customers.ids_matching(query, membership_status=not membership_status, facts=facts)
    filters = query.model_dump(by_alias=True, exclude_defaults=True, exclude={"sort_by", "sort_order"})
    parameters = {"membershipStatus": membership_status, "filter": filters}
    return _set_membership_of(store, actor, ids, membership_status, parameters, on_progress, on_done)


def parameters_of(rule: Rule) -> dict[str, Any]:
    """What a run that follows the rule remembers of it."""
    parameters: dict[str, Any] = {"threshold": rule.threshold}
    return parameters if rule.basis.key == LIFETIME.key else {**parameters, "basis": rule.basis.key}


def _rule(store: Store, threshold: Any) -> Rule:
    shop = store.shop.get()
    return rule_of(shop, now(), check_threshold(threshold, shop.basis.unit))


def _plan(store: Store, rule: Rule) -> ActivationPlan:
    versions = store.spenders(rule).versions("eligible", at_or_above=rule.threshold)
    return ActivationPlan(rule, versions)


def _set_membership_of(
    store: Store,
    actor: Actor,
    ids: Sequence[str],
    membership_status: bool,
    parameters: dict[str, Any],
    on_progress: Progress,
    on_done: Callable[[Run], None],
) -> Run:
    change = MembershipChange(
        status=membership_status,
        excluded=not membership_status,
        reason=None,
        applies_to=lambda customers: {each.id for each in customers if each.membership_status is not membership_status},
    )

    def end(run: Run) -> None:
        on_done(_finished(store, run))

    with running(store, actor, "bulk-membership", parameters, len(ids), on_done=end) as run:
        set_membership_of_each(store, actor, run, dict.fromkeys(ids), change, on_progress)
    return _finished(store, run)


def _finished(store: Store, run: Run) -> Run:
    return store.runs.get(run.id) or run


_CHANGED_RULE = "The rule was changed meanwhile, so nobody was demoted; look at the list again."


@use_case(Permission.READ)
def preview_demotion(store: Store, actor: Actor, *, adopted: bool = False, shown: int = 1000) -> DemotionPreview:
    """Members below the threshold of the shop's rule; the list is cut to the `shown` smallest spenders.

    `adopted` offers those as well whom an earlier application left as members.
    """
    rule = rule_of(store.shop.get(), now())
    deciders = _deciders(adopted=adopted)
    with store.spenders(rule).at_once() as spenders:
        below = spenders.members_below(rule.threshold)
        first = spenders.smallest_members(rule.threshold, deciders, limit=shown)
    offered = [below[by] for by in deciders if by in below]
    return DemotionPreview(
        rule=rule,
        offered=Spenders(
            count=sum(each.count for each in offered),
            total=sum((each.total for each in offered), rule.basis.unit.nothing),
            first=first,
        ),
        by_person=sum(below[by].count for by in ("person", None) if by in below),
        adopted=below["adopted"].count if "adopted" in below and not adopted else 0,
    )


@use_case(Permission.READ)
def count_below(store: Store, actor: Actor) -> int:
    """How many members are below the threshold of the shop's rule, whoever made them members."""
    rule = rule_of(store.shop.get(), now())
    return store.spenders(rule).count_members_below(rule.threshold)


@use_case(Permission.RULES)
def plan_demotion(store: Store, actor: Actor, *, adopted: bool = False) -> DemotionPlan:
    """Exactly the members whom `preview_demotion` offers now, at the versions they have."""
    rule = rule_of(store.shop.get(), now())
    versions = store.spenders(rule).versions_of_members_below(rule.threshold, _deciders(adopted=adopted))
    return DemotionPlan(rule, adopted, versions)


@use_case(Permission.RULES)
def demote_below_threshold(
    store: Store,
    actor: Actor,
    plan: DemotionPlan,
    *,
    on_progress: Progress = ignore_progress,
    on_done: Callable[[Run], None] = ignore_run,
) -> Run:
    """End the membership of those in the plan; the run tells how many it were, and can be undone.

    Whoever changed since is left alone and named in the run, and so is whoever a person made a member meanwhile. A rule
    may make them members again. `on_done` writes in the transaction that ends the run. Raises `Conflict` when the rule
    is not the one of the plan any more.
    """
    rule = rule_of(store.shop.get(), now())
    if not rule.is_same(plan.rule):
        raise Conflict(_CHANGED_RULE)

    def below_among(customers: Sequence[Customer]) -> Collection[str]:
        amounts = amounts_that_count(store, plan.rule, customers)
        why = store.memberships.why_members([customer.id for customer in customers])
        return {each.id for each in customers if may_demote(each, amounts[each.id], why.get(each.id), plan)}

    change = MembershipChange(status=False, excluded=False, reason=why_ended(plan.rule), applies_to=below_among)
    parameters = {**parameters_of(plan.rule), "adopted": plan.adopted}

    def end(run: Run) -> None:
        on_done(_finished(store, run))

    with running(store, actor, "demotion", parameters, len(plan.versions), on_done=end) as run:
        set_membership_of_each(store, actor, run, plan.versions, change, on_progress)
    return _finished(store, run)


def may_demote(customer: Customer, amount: Decimal, member_by: DecidedBy | None, plan: DemotionPlan) -> bool:
    """Whether the plan may end this membership; `amount` is what they spent, as far as it counts."""
    return customer.membership_status and amount < plan.rule.threshold and member_by in _deciders(adopted=plan.adopted)


def _deciders(*, adopted: bool) -> frozenset[DecidedBy]:
    return frozenset({"rule", "adopted"}) if adopted else frozenset({"rule"})
