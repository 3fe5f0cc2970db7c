"""Ending memberships below the rule's threshold: listed first, asked once, with progress, and undone like any run."""

from __future__ import annotations

import streamlit as st

from kinso.models.history import Run
from kinso.models.membership import DemotionPlan, DemotionPreview
from kinso.services.history.runs import Progress
from kinso.services.membership.demotion import demote_below_threshold, plan_demotion
from kinso.ui.feedback import celebrate, failures_as_toasts, warn
from kinso.ui.history.run_words import asked_threshold
from kinso.ui.insights.figures import count_members_below, forget_figures, members_below
from kinso.ui.job import Job
from kinso.ui.membership.members_at import show_spenders
from kinso.ui.membership.what_if import MEMBER_BY
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import amount_of, clock, counted, number, plain

EXPANDER = "members_below"
_UNDER_WAY, _ENDED, _ASKED = "demotion_under_way", "demotion_ended", "demotion_asked"
_ADOPTED = "demote_adopted"
_LOOK_AGAIN = 0.5
"""Seconds."""


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
            disabled=not preview.offered.count or _UNDER_WAY in st.session_state,
            on_click=_ask,
            args=(adopted,),
        )
    else:
        st.caption("Managers and administrators can end these memberships.")
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


def show_demotion_question() -> bool:
    """Draw the dialog, while it is being asked; returns whether it is."""
    plan = st.session_state.get(_ASKED)
    if plan is not None:
        _confirm(plan)
    return plan is not None


@st.dialog("End memberships", icon=":material/person_off:", on_dismiss=lambda: _take_back())
def _confirm(plan: DemotionPlan) -> None:
    shop, count = current_context().shop, len(plan.versions)
    unit, within = plan.rule.basis.unit, plan.rule.basis.within
    less = f"{unit.verb} {unit.less} than **{plain(amount_of(unit, plan.rule.threshold, shop))}**"
    st.markdown(
        f"**{counted(count, 'member')}** {' '.join(filter(None, (less, within)))} and would lose"
        f" {'the' if count == 1 else 'their'} membership now."
    )
    st.caption(
        "The history tells the reason, the run can be undone below, and whoever reaches the threshold again can become"
        " a member again."
    )
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.button("Keep them", key="demotion_cancel", on_click=_take_back)
        st.button(
            f"End {counted(count, 'membership')}",
            type="primary",
            key="demotion_confirm",
            disabled=not count,
            on_click=_start,
            args=(plan,),
        )


def show_demotion_progress() -> None:
    """How far a run has come, until it has ended; then what became of it."""
    job = st.session_state.get(_UNDER_WAY)
    if job is not None:
        if not job.has_ended(within=_LOOK_AGAIN):
            _watch()
            return
        _close(job)
    _show_result()


@st.fragment(run_every=_LOOK_AGAIN)
def _watch() -> None:
    job = st.session_state.get(_UNDER_WAY)
    if job is None or job.has_ended():
        st.rerun()
    st.progress(job.share, text=f"{job.title}: {number(job.done)} of {number(job.total)}")


def _show_result() -> None:
    job = st.session_state.get(_ENDED)
    if job is None:
        return
    if job.outcome:
        st.success(plain(job.outcome), icon=":material/check_circle:")
    else:
        st.error(plain(job.problem), icon=":material/error:")


def forget_demotion() -> None:
    """Something else is done now; what was done before is listed under the recent runs."""
    st.session_state.pop(_ENDED, None)


def _ask(adopted: bool) -> None:
    context = current_context()
    with failures_as_toasts():
        st.session_state[_ASKED] = plan_demotion(context.store, context.actor, adopted=adopted)
    st.rerun()


def _take_back() -> None:
    st.session_state.pop(_ASKED, None)
    st.rerun()


def _start(plan: DemotionPlan) -> None:
    if st.session_state.pop(_ASKED, None) is not None and _UNDER_WAY not in st.session_state:
        forget_demotion()
        st.session_state[_UNDER_WAY] = _begin(plan, current_context())
    st.rerun()


def _begin(plan: DemotionPlan, context: RequestContext) -> Job:
    def work(on_progress: Progress) -> str:
        try:
            return _in_words(
                demote_below_threshold(context.store, context.actor, plan, on_progress=on_progress), context
            )
        finally:
            forget_figures()

    return Job("Ending memberships", work)


def _close(job: Job) -> None:
    del st.session_state[_UNDER_WAY]
    st.session_state[_ENDED] = job
    if job.outcome:
        celebrate(plain(job.outcome))
    else:
        warn("No membership was ended.")


def _in_words(run: Run, context: RequestContext) -> str:
    ended = clock(run.finished_at or run.heartbeat_at, context.shop)
    rest = run.matched - run.changed
    left = f" {counted(rest, 'other')} had changed meanwhile and stayed as they are." if rest else ""
    threshold = asked_threshold(run.parameters, context.shop)
    return f"{counted(run.changed, 'membership')} ended below the threshold of {threshold}, {ended}.{left}"
