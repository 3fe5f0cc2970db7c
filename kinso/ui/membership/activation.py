"""Activating everyone at the threshold: asked once, with progress, reported with the number really changed."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import streamlit as st

from kinso.models.history import ActivationPlan, ActivationPreview, Run
from kinso.models.membership import Rule
from kinso.services.history.runs import Progress
from kinso.services.membership.activation import activate_at_threshold, plan_activation, preview_activation
from kinso.ui.feedback import celebrate, failures_as_toasts, warn
from kinso.ui.history.run_words import asked_threshold
from kinso.ui.insights.figures import forget_figures
from kinso.ui.job import LOOK_AGAIN, Job, draw_ending, watch
from kinso.ui.request_context import RequestContext, current_context
from kinso.ui.wording import amount_of, clock, counted, plain

_UNDER_WAY, _ENDED, _ASKED = "activation_under_way", "activation_ended", "activation_asked"


@dataclass(frozen=True)
class Question:
    """Whom the person is asked about: exactly those are activated, whoever joins them meanwhile."""

    plan: ActivationPlan
    purchase_total: Decimal


def is_activating() -> bool:
    """Whether a run that was started here is under way."""
    return _UNDER_WAY in st.session_state


def offer_activation(preview: ActivationPreview, context: RequestContext) -> None:
    """The button, or a sentence why there is nothing to press."""
    if not preview.count:
        reach = preview.rule.basis.reach.format(_threshold_in_words(preview.rule, context))
        st.caption(f"Nobody to activate: no non-member has {reach}.")
    st.button(
        f"Activate {counted(preview.count, 'member')}",
        type="primary",
        icon=":material/how_to_reg:",
        key="activate",
        disabled=not preview.count or is_activating(),
        on_click=_ask,
        args=(preview.rule.threshold,),
    )


def show_question(context: RequestContext) -> None:
    """The dialog, while it is being asked."""
    question = st.session_state.get(_ASKED)
    if question is not None:
        _confirm(question, context)


@st.dialog("Activate members", icon=":material/how_to_reg:", on_dismiss=lambda: _take_back())
def _confirm(question: Question, context: RequestContext) -> None:
    count, rule = len(question.plan.versions), question.plan.rule
    unit, reach = rule.basis.unit, rule.basis.reach.format(f"**{_threshold_in_words(rule, context)}**")
    total = plain(amount_of(unit, question.purchase_total, context.shop))
    st.write(f"Make **{counted(count, 'non-member')}** with {reach} members? Together they {unit.verb} **{total}**.")
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.button("Cancel", key="activation_cancel", on_click=_take_back)
        st.button(
            f"Activate {counted(count, 'member')}",
            type="primary",
            key="activation_confirm",
            disabled=not count,
            on_click=_start,
            args=(question.plan,),
        )


def show_progress() -> None:
    """How far a run has come, until it has ended and its result can be shown."""
    job = st.session_state.get(_UNDER_WAY)
    if job is None:
        return
    if job.has_ended(within=LOOK_AGAIN):
        _close(job)
    else:
        watch(_under_way)


def show_result() -> None:
    """What became of the last run that was started here."""
    job = st.session_state.get(_ENDED)
    if job is not None:
        draw_ending(job)


def forget_result() -> None:
    """A new threshold is looked at; what was done before is listed under the recent runs."""
    st.session_state.pop(_ENDED, None)


def _ask(threshold: Decimal) -> None:
    context = current_context()
    with failures_as_toasts():
        plan = plan_activation(context.store, context.actor, threshold)
        total = preview_activation(context.store, context.actor, threshold, shown=1, near_misses=1).purchase_total
        st.session_state[_ASKED] = Question(plan, total)
    st.rerun()


def _take_back() -> None:
    st.session_state.pop(_ASKED, None)
    st.rerun()


def _start(plan: ActivationPlan) -> None:
    if st.session_state.pop(_ASKED, None) is not None and not is_activating():
        forget_result()
        st.session_state[_UNDER_WAY] = _begin(plan, current_context())
    st.rerun()


def _begin(plan: ActivationPlan, context: RequestContext) -> Job:
    def work(on_progress: Progress) -> str:
        try:
            run = activate_at_threshold(
                context.store, context.actor, plan.rule.threshold, plan=plan, on_progress=on_progress
            )
            return _in_words(run, context)
        finally:
            forget_figures()

    return Job("Activating", work)


def _under_way() -> Job | None:
    job: Job | None = st.session_state.get(_UNDER_WAY)
    return job


def _close(job: Job) -> None:
    del st.session_state[_UNDER_WAY]
    st.session_state[_ENDED] = job
    if job.outcome:
        celebrate(plain(job.outcome))
    else:
        warn("Nobody was activated.")


def _threshold_in_words(rule: Rule, context: RequestContext) -> str:
    return plain(amount_of(rule.basis.unit, rule.threshold, context.shop))


def _in_words(run: Run, context: RequestContext) -> str:
    became = f"{counted(run.changed, 'customer')} became {'a member' if run.changed == 1 else 'members'}"
    threshold = asked_threshold(run.parameters, context.shop)
    ended = clock(run.finished_at or run.heartbeat_at, context.shop)
    rest = run.matched - run.changed
    left = f" {counted(rest, 'other')} had changed meanwhile and stayed as they are." if rest else ""
    return f"{became} at the threshold of {threshold}, {ended}.{left}"
