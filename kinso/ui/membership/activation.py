"""Activating everyone at the threshold: exactly those who were counted, whoever joins them meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import streamlit as st

from kinso.models.history import ActivationPlan, ActivationPreview, Run
from kinso.models.membership import Rule
from kinso.services.history.runs import Progress
from kinso.services.membership.activation import activate_at_threshold, plan_activation, preview_activation
from kinso.ui.history.run_panel import AskedRunPanel, Outcome
from kinso.ui.history.run_words import asked_threshold
from kinso.ui.request_context import RequestContext
from kinso.ui.wording import amount_of, clock, counted, plain


@dataclass(frozen=True)
class Question:
    """Whom the person is asked about."""

    plan: ActivationPlan
    purchase_total: Decimal


def offer_activation(preview: ActivationPreview, context: RequestContext) -> None:
    """The button, or a sentence why there is nothing to press."""
    if not context.may(activate_at_threshold):
        st.caption("Your role shows this preview; staff, managers and administrators can activate.")
        return
    if not preview.count:
        reach = preview.rule.basis.reach.format(_threshold_in_words(preview.rule, context))
        st.caption(f"Nobody to activate: no non-member has {reach}.")
    st.button(
        f"Activate {counted(preview.count, 'member')}",
        type="primary",
        icon=":material/how_to_reg:",
        key="activate",
        disabled=not preview.count or ACTIVATION.is_under_way,
        on_click=ACTIVATION.ask,
        args=(preview.rule.threshold,),
    )


def _plan(context: RequestContext, threshold: Decimal) -> Question:
    plan = plan_activation(context.store, context.actor, threshold)
    total = preview_activation(context.store, context.actor, threshold, shown=1, near_misses=1).purchase_total
    return Question(plan, total)


def _ask(question: Question, context: RequestContext) -> None:
    count, rule = len(question.plan.versions), question.plan.rule
    unit, reach = rule.basis.unit, rule.basis.reach.format(f"**{_threshold_in_words(rule, context)}**")
    total = plain(amount_of(unit, question.purchase_total, context.shop))
    st.write(f"Make **{counted(count, 'non-member')}** with {reach} members? Together they {unit.verb} **{total}**.")


def _activate(context: RequestContext, question: Question, on_progress: Progress) -> Outcome:
    plan = question.plan
    run = activate_at_threshold(context.store, context.actor, plan.rule.threshold, plan=plan, on_progress=on_progress)
    return Outcome(_in_words(run, context), run)


def _threshold_in_words(rule: Rule, context: RequestContext) -> str:
    return plain(amount_of(rule.basis.unit, rule.threshold, context.shop))


def _in_words(run: Run, context: RequestContext) -> str:
    became = f"{counted(run.changed, 'customer')} became {'a member' if run.changed == 1 else 'members'}"
    threshold = asked_threshold(run.parameters, context.shop)
    ended = clock(run.finished_at or run.heartbeat_at, context.shop)
    rest = run.matched - run.changed
    left = f" {counted(rest, 'other')} had changed meanwhile and stayed as they are." if rest else ""
    return f"{became} at the threshold of {threshold}, {ended}.{left}"


ACTIVATION = AskedRunPanel[Decimal, Question](
    key="activation",
    heading="Activate members",
    icon=":material/how_to_reg:",
    plan=_plan,
    count=lambda question: len(question.plan.versions),
    question=_ask,
    confirm=lambda count, _question: f"Activate {counted(count, 'member')}",
    title=lambda _question: "Activating",
    work=_activate,
    failed="Nobody was activated.",
)
