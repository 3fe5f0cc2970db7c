"""Use cases about members who do not reach the threshold of the shop's rule: a list first, then a run.

Only the rule takes back what the rule gave: members whom a person made stay members whatever they spend.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from decimal import Decimal

from kinso.errors import Conflict
from kinso.models.accounts import Actor, Permission
from kinso.models.customers import Customer
from kinso.models.history import Run
from kinso.models.membership import DecidedBy, DemotionPlan, DemotionPreview, Spender, Spenders
from kinso.repository.documents import now
from kinso.repository.store import Store
from kinso.services.history.runs import (
    MembershipChange,
    Progress,
    ignore_progress,
    ignore_run,
    running,
    set_membership_of_each,
)
from kinso.services.membership.activation import parameters_of
from kinso.services.membership.eligibility import amounts_that_count, rule_of, why_ended
from kinso.services.permissions import use_case

_CHANGED_RULE = "The rule was changed meanwhile, so nobody was demoted; look at the list again."


@use_case(Permission.READ)
def preview_demotion(store: Store, actor: Actor, *, adopted: bool = False, shown: int = 1000) -> DemotionPreview:
    """Members below the threshold of the shop's rule; the list is cut to the `shown` smallest spenders.

    `adopted` offers those as well whom an earlier application left as members.
    """
    rule = rule_of(store.shop.get(), now())
    below = store.spenders(rule).members_below(rule.threshold)
    why = store.memberships.why_members(list(below))
    offered = {id: amount for id, amount in below.items() if why.get(id) in _bases(adopted=adopted)}
    others = Counter(why.get(id, "person") for id in below if id not in offered)
    first = sorted(offered, key=lambda id: (offered[id], id))[:shown]
    found = store.customers.get_many(first)
    return DemotionPreview(
        rule=rule,
        offered=Spenders(
            count=len(offered),
            total=sum(offered.values(), Decimal("0.00")),
            first=[Spender(found[id], offered[id], why[id]) for id in first if id in found],
        ),
        by_person=others["person"],
        adopted=others["adopted"],
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
    below = store.spenders(rule).members_below(rule.threshold)
    why = store.memberships.why_members(list(below))
    smallest_first = sorted(below, key=lambda id: (below[id], id))
    offered = [id for id in smallest_first if why.get(id) in _bases(adopted=adopted)]
    versions = store.customers.versions(offered)
    return DemotionPlan(rule, adopted, {id: versions[id] for id in offered if id in versions})


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
        on_done(store.runs.get(run.id) or run)

    with running(store, actor, "demotion", parameters, len(plan.versions), on_done=end) as run:
        set_membership_of_each(store, actor, run, plan.versions, change, on_progress)
    return store.runs.get(run.id) or run


def may_demote(customer: Customer, amount: Decimal, member_by: DecidedBy | None, plan: DemotionPlan) -> bool:
    """Whether the plan may end this membership; `amount` is what they spent, as far as it counts."""
    return customer.membership_status and amount < plan.rule.threshold and member_by in _bases(adopted=plan.adopted)


def _bases(*, adopted: bool) -> frozenset[DecidedBy | None]:
    return frozenset({"rule", "adopted"}) if adopted else frozenset({"rule"})
