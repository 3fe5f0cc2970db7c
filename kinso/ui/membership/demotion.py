"""Members below the rule's threshold: listed, demoted after one question, and named when a change left them there."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from kinso.models.customers import EditOutcome
from kinso.models.history import Run
from kinso.models.membership import DemotionPlan, DemotionPreview
from kinso.models.purchases import MembershipStatus
from kinso.models.shop import ShopSettings
from kinso.services.history.runs import Progress
from kinso.services.membership.activation import demote_below_threshold, plan_demotion
from kinso.services.membership.eligibility import find_below
from kinso.ui.customers.words import named
from kinso.ui.feedback import remind
from kinso.ui.history.run_panel import AskedRunPanel, Outcome
from kinso.ui.history.words import asked_threshold
from kinso.ui.insights.figures import count_members_below, members_below
from kinso.ui.membership.members_at import show_spenders
from kinso.ui.membership.what_if import MEMBER_BY
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import amount_of, bare_amount_of, clock, counted, number, plain

EXPANDER = "members_below"
_ADOPTED = "demote_adopted"


@st.fragment
def show_members_below() -> None:
    """Closed at first, because it is decided rarely; how many there are is said without being asked."""
    count = count_members_below(current_context(in_use=False))
    title = f"Members below the threshold of the rule: {number(count) if count else 'none'}"
    expander = st.expander(title, icon=":material/trending_down:", key=EXPANDER, on_change="rerun")
    if expander.open:
        with expander:
            _show(current_context())


def _show(context: RequestContext) -> None:
    adopted = st.toggle(
        "Also those who were members before Kinso", key=_ADOPTED, help="An earlier application left them as members."
    )
    preview = members_below(context, adopted=adopted)
    unit = preview.rule.basis.unit
    threshold = plain(amount_of(unit, preview.rule.threshold, context.shop))
    whom = "who became so by the rule or before Kinso" if adopted else "who became so by the rule"
    st.markdown(f"**{counted(preview.offered.count, 'member')}** {whom} {unit.verb} {unit.less} than **{threshold}**.")
    for sentence in _others_in_words(preview):
        st.caption(sentence)
    if context.may(demote_below_threshold):
        st.button(
            f"End {counted(preview.offered.count, 'membership')}",
            icon=":material/person_off:",
            key="demote",
            disabled=not preview.offered.count or DEMOTION.is_under_way,
            on_click=DEMOTION.ask,
            args=(adopted,),
        )
    else:
        st.caption("Ending memberships is only for managers.")
    if preview.offered.count > len(preview.offered.first):
        st.caption(f"The {number(len(preview.offered.first))} who are furthest below are listed.")
    show_spenders(
        preview.offered.first,
        context.shop,
        key="members_below_table",
        alt="Members below the threshold",
        more={
            "Short by": [preview.rule.threshold - each.amount for each in preview.offered.first],
            "Made a member by": [MEMBER_BY[each.member_by] for each in preview.offered.first],
        },
    )


def _others_in_words(preview: DemotionPreview) -> list[str]:
    sentences = []
    if preview.by_person:
        so = "a member stays one" if preview.by_person == 1 else "members stay so"
        sentences.append(f"{counted(preview.by_person, 'other')} whom a colleague made {so}.")
    if preview.adopted:
        sentences.append(f"{counted(preview.adopted, 'other')} from before Kinso can be added with the switch above.")
    return sentences


def _ask(plan: DemotionPlan, context: RequestContext) -> None:
    count = len(plan.versions)
    unit, within = plan.rule.basis.unit, plan.rule.basis.within
    less = f"{unit.verb} {unit.less} than **{plain(amount_of(unit, plan.rule.threshold, context.shop))}**"
    st.markdown(
        f"**{counted(count, 'member')}** {' '.join(filter(None, (less, within)))} and would lose"
        f" {'the' if count == 1 else 'their'} membership now."
    )
    st.caption(
        "The history tells the reason, all of it can be undone below, and whoever reaches the threshold again can"
        " become a member again."
    )


def _demote(context: RequestContext, plan: DemotionPlan, on_progress: Progress) -> Outcome:
    run = demote_below_threshold(context.store, context.actor, plan, on_progress=on_progress)
    return Outcome(_in_words(run, context), run)


def _in_words(run: Run, context: RequestContext) -> str:
    ended = clock(run.finished_at or run.heartbeat_at, context.shop)
    rest = run.matched - run.changed
    left = f" {counted(rest, 'other')} had changed meanwhile and stayed as they are." if rest else ""
    threshold = asked_threshold(run.parameters, context.shop)
    return f"{counted(run.changed, 'membership')} ended below the threshold of {threshold}, {ended}.{left}"


DEMOTION = AskedRunPanel[bool, DemotionPlan](
    key="demotion",
    heading="End memberships",
    icon=":material/person_off:",
    plan=lambda context, adopted: plan_demotion(context.store, context.actor, adopted=adopted),
    count=lambda plan: len(plan.versions),
    question=_ask,
    confirm=lambda count, _plan: f"End {counted(count, 'membership')}",
    cancel="Keep them",
    title=lambda _plan: "Ending memberships",
    work=_demote,
    failed="No membership was ended.",
)


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
