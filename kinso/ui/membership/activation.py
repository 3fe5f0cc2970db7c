"""The threshold as a slider and an exact number, and activating everyone whom it reaches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

import streamlit as st

from kinso.models.history import ActivationPlan, ActivationPreview, Run
from kinso.models.insights import AmountBin
from kinso.models.membership import Rule
from kinso.models.money import CENT, LARGEST
from kinso.models.rule_bases import Unit
from kinso.models.shop import ShopSettings
from kinso.services.history.runs import Progress
from kinso.services.membership.activation import activate_at_threshold, plan_activation, preview_activation
from kinso.ui.history.run_panel import AskedRunPanel, Outcome
from kinso.ui.history.words import asked_threshold
from kinso.ui.request_context import RequestContext
from kinso.ui.wording import amount_of, clock, counted, figure_of, plain, sign_of

_POSITIONS = 200
_NICE = (Decimal(5), Decimal(1))


@dataclass(frozen=True)
class Scale:
    """What the slider covers, from 0."""

    top: Decimal
    step: Decimal


def scale_up_to(top: Decimal, smallest: Decimal = CENT) -> Scale:
    """Some hundreds of steps that reach `top`, of a width that makes the amounts round ones."""
    rough = max(top / _POSITIONS, smallest)
    magnitude = Decimal(10) ** rough.adjusted()
    step = next(nice * magnitude for nice in _NICE if nice * magnitude <= rough)
    steps = (top / step).to_integral_value(ROUND_CEILING)
    return Scale(step * max(steps, Decimal(1)), step)


def both_sides_of(shop: ShopSettings) -> Decimal:
    """The end of a range that has the shop's threshold in its middle."""
    return min(2 * shop.threshold, LARGEST)


def amount_key(unit: Unit) -> str:
    """Of the number field: a number of one unit says nothing about another."""
    return f"threshold_{unit.key}"


def choose_threshold(bins: Sequence[AmountBin], shop: ShopSettings, *, disabled: bool = False) -> float:
    """Draw both controls; returns the amount in the number field, which is the one that counts.

    The slider covers the range that the histogram shows, which leaves out the few largest spenders, and the shop's own
    threshold with as much above it; when a larger amount is typed it reaches as far as that, and goes back with the
    next smaller amount that is typed.
    """
    unit, key = shop.basis.unit, amount_key(shop.basis.unit)
    usual = max(bins[-1].lower, both_sides_of(shop))
    st.session_state.setdefault(key, _within_limits(unit, shop.threshold))
    st.session_state.setdefault(_top_key(unit), st.session_state[key])
    amount = st.session_state[key]
    scale = scale_up_to(max(usual, Decimal(str(st.session_state[_top_key(unit)]))), unit.smallest)
    # A slider whose range changes starts anew, so the range is part of its identity.
    slider = f"threshold_slider_{unit.key}_{scale.top}"
    if st.session_state.get(slider) != amount:
        st.session_state[slider] = amount
    sign = sign_of(unit, shop)
    st.slider(
        f"Membership threshold ({sign})",
        min_value=figure_of(unit, Decimal(0)),
        max_value=figure_of(unit, scale.top),
        step=figure_of(unit, scale.step),
        format="%,d" if unit.noun else "%,.2f",
        key=slider,
        on_change=_follow_slider,
        args=(slider, unit),
        disabled=disabled,
    )
    st.number_input(
        f"Exact {'number' if unit.noun else 'amount'} ({sign})",
        min_value=figure_of(unit, unit.smallest),
        max_value=figure_of(unit, LARGEST),
        step=figure_of(unit, scale.step),
        format="%d" if unit.noun else "%.2f",
        key=key,
        on_change=_follow_amount,
        args=(unit,),
        disabled=disabled,
    )
    return float(amount)


def start_threshold_at(unit: Unit, threshold: Decimal) -> None:
    """From a callback: have both controls show this amount."""
    st.session_state[amount_key(unit)] = _within_limits(unit, threshold)
    _follow_amount(unit)


def _top_key(unit: Unit) -> str:
    return f"threshold_top_{unit.key}"


def _within_limits(unit: Unit, amount: Decimal) -> float | int:
    return figure_of(unit, min(max(amount, unit.smallest), LARGEST))


def _follow_slider(slider: str, unit: Unit) -> None:
    ACTIVATION.forget_report()
    st.session_state[amount_key(unit)] = _within_limits(unit, Decimal(str(st.session_state[slider])))


def _follow_amount(unit: Unit) -> None:
    ACTIVATION.forget_report()
    st.session_state[_top_key(unit)] = st.session_state[amount_key(unit)]


@dataclass(frozen=True)
class Question:
    """Whom the person is asked about."""

    plan: ActivationPlan
    purchase_total: Decimal


def offer_activation(preview: ActivationPreview, context: RequestContext) -> None:
    """The button, or a sentence why there is nothing to press."""
    if not context.may(activate_at_threshold):
        st.caption("Activating is only for staff and managers.")
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
