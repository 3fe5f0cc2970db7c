"""What a person is told after a change that leaves members below the threshold: nothing ends a membership by itself."""

from __future__ import annotations

from collections.abc import Sequence

from kinso.models.customers import EditOutcome
from kinso.models.purchases import MembershipStatus
from kinso.models.shop import ShopSettings
from kinso.services.membership.status import find_below
from kinso.ui.customers.words import named
from kinso.ui.feedback import remind
from kinso.ui.request_context import RequestContext
from kinso.ui.wording import amount_of, bare_amount_of, counted, plain


def tell_of_members_below(outcomes: Sequence[EditOutcome], context: RequestContext) -> None:
    """From a callback: after edits, some of which lowered the purchase amounts of members."""
    lowered = [each.current for each in outcomes if each.current and _is_lowered(each)]
    if lowered:
        tell_of_statuses(find_below(context.store, context.actor, lowered), context.shop)


def tell_of_statuses(membership_statuses: Sequence[MembershipStatus], shop: ShopSettings) -> None:
    """From a callback: name the member who is below the threshold, or say how many they are."""
    below = [each for each in membership_statuses if each.is_below]
    if not below:
        return
    unit, rule = below[0].rule.basis.unit, below[0].rule
    amount = plain(bare_amount_of(unit, below[0].amount, shop))
    threshold = plain(amount_of(unit, rule.threshold, shop))
    if len(below) == 1:
        remind(f"{named(below[0].customer)} is still a member, {amount} of {threshold}.")
    else:
        who = counted(len(below), "customer")
        remind(f"{who} are still members with {unit.less} than {threshold}; the page Membership counts them.")


def _is_lowered(outcome: EditOutcome) -> bool:
    before = outcome.edit.before
    return (
        before.membership_status
        and outcome.saved.get("purchaseAmount", before.purchase_amount) < before.purchase_amount
    )
