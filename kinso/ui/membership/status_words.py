"""Why somebody is a member or not, in sentences for places that read Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from kinso.errors import NotFound
from kinso.models.customers import Customer
from kinso.models.membership import Decision, MembershipInterval
from kinso.services.history.runs import get_run
from kinso.ui.customers.words import isolated
from kinso.ui.history.words import asked_threshold
from kinso.ui.request_context import RequestContext
from kinso.ui.wording import moment, money, plain

_EXCLUDED = "the threshold does not activate them again."


def present_in_words(
    customer: Customer, intervals: Sequence[MembershipInterval], context: RequestContext
) -> tuple[str, str]:
    """A heading and a sentence about the present; `intervals` begin with the latest."""
    latest = intervals[0] if intervals else None
    if customer.membership_status:
        if latest is None or latest.end is not None:
            return "Member", "Since before Kinso kept records of memberships."
        return f"Member since {_at(latest, context)}", begun_in_words(latest.begun, context)
    if latest is None or latest.ended is None or latest.end is None:
        never = "Never was one, as far as is recorded."
        return "Not a member", f"Made a non-member by a person; {_EXCLUDED}" if customer.excluded else never
    by = f"{isolated(latest.ended.by_name)}{_why(latest.ended)} on {plain(moment(latest.end, context.shop))}"
    return "Not a member", f"Made a non-member by {by}; {_EXCLUDED}" if customer.excluded else f"Ended by {by}."


def earlier_in_words(interval: MembershipInterval, context: RequestContext) -> tuple[str, str]:
    """From when until when, and who began and ended it why."""
    until = plain(moment(interval.end, context.shop)) if interval.end else "now"
    story = begun_in_words(interval.begun, context)
    return (
        f"{_at(interval, context)} – {until}",
        f"{story} {ended_in_words(interval.ended)}." if interval.ended else story,
    )


def begun_in_words(decision: Decision, context: RequestContext) -> str:
    """Why a membership began."""
    amount = plain(money(decision.balance, context.shop))
    if decision.decided_by == "adopted":
        return f"Was a member already when Kinso took the customers over, with purchases of {amount}."
    if decision.decided_by == "rule":
        if decision.run is None and decision.reason:
            reached = f"Reached the membership threshold by a purchase that {isolated(decision.by_name)} recorded"
            return f"{reached}: {isolated(decision.reason)}."
        threshold = _threshold_of(decision, context)
        reached = f"Reached the membership threshold of {plain(threshold)}" if threshold else "By rule"
        return f"{reached} with purchases of {amount}; activated by {isolated(decision.by_name)}."
    return f"Made a member by {isolated(decision.by_name)}{_why(decision)}, with purchases of {amount}."


def ended_in_words(decision: Decision) -> str:
    """Who ended a membership, without a full stop."""
    return f"Ended by {isolated(decision.by_name)}{_why(decision)}"


def _at(interval: MembershipInterval, context: RequestContext) -> str:
    return plain(moment(interval.begin, context.shop))


def _why(decision: Decision) -> str:
    return f" ({isolated(decision.reason)})" if decision.reason else ""


def _threshold_of(decision: Decision, context: RequestContext) -> str:
    if decision.run is None:
        return ""
    try:
        asked = get_run(context.store, context.actor, decision.run).parameters
    except NotFound:
        return ""
    return asked_threshold(asked, context.shop) if "threshold" in asked else ""
