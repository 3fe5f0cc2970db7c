"""The threshold as a slider and an exact number, which follow each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

import streamlit as st

from kinso.models.insights import AmountBin
from kinso.models.money import CENT, LARGEST
from kinso.models.rule_bases import Unit
from kinso.models.shop import ShopSettings
from kinso.ui.membership.activation import ACTIVATION
from kinso.ui.wording import figure_of, sign_of

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
