"""The threshold as a slider and an exact number, which follow each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

import streamlit as st

from kinso.models.insights import AmountBin
from kinso.models.money import CENT, LARGEST
from kinso.models.shop import ShopSettings
from kinso.ui.membership.activation import forget_result
from kinso.ui.wording import currency_symbol

AMOUNT = "threshold_amount"
_TOP = "threshold_top"
_SMALLEST = float(CENT)
_POSITIONS = 200
_NICE = (Decimal(5), Decimal(1))


@dataclass(frozen=True)
class Scale:
    """What the slider covers, from 0."""

    top: float
    step: float


def scale_up_to(top: Decimal) -> Scale:
    """Some hundreds of steps that reach `top`, of a width that makes the amounts round ones."""
    rough = max(top / _POSITIONS, CENT)
    magnitude = Decimal(10) ** rough.adjusted()
    step = next(nice * magnitude for nice in _NICE if nice * magnitude <= rough)
    steps = (top / step).to_integral_value(ROUND_CEILING)
    return Scale(float(step * max(steps, Decimal(1))), float(step))


def both_sides_of(shop: ShopSettings) -> Decimal:
    """The end of a range that has the shop's threshold in its middle."""
    return min(2 * shop.threshold, LARGEST)


def choose_threshold(bins: Sequence[AmountBin], shop: ShopSettings, *, disabled: bool = False) -> float:
    """Draw both controls; returns the amount in the number field, which is the one that counts.

    The slider covers the range that the histogram shows, which leaves out the few largest spenders, and the shop's own
    threshold with as much above it; when a larger amount is typed it reaches as far as that, and goes back with the
    next smaller amount that is typed.
    """
    usual = max(bins[-1].lower, both_sides_of(shop))
    if AMOUNT not in st.session_state:
        forget_result()
    st.session_state.setdefault(AMOUNT, max(float(shop.threshold), _SMALLEST))
    st.session_state.setdefault(_TOP, st.session_state[AMOUNT])
    amount = float(st.session_state[AMOUNT])
    scale = scale_up_to(max(usual, Decimal(repr(float(st.session_state[_TOP])))))
    # A slider whose range changes starts anew, so the range is part of its identity.
    slider = f"threshold_slider_{scale.top}"
    if st.session_state.get(slider) != amount:
        st.session_state[slider] = amount
    symbol = currency_symbol(shop)
    st.slider(
        f"Membership threshold ({symbol})",
        min_value=0.0,
        max_value=scale.top,
        step=scale.step,
        format="%,.2f",
        key=slider,
        on_change=_follow_slider,
        args=(slider,),
        disabled=disabled,
    )
    st.number_input(
        f"Exact amount ({symbol})",
        min_value=_SMALLEST,
        max_value=float(LARGEST),
        step=scale.step,
        format="%.2f",
        key=AMOUNT,
        on_change=_follow_amount,
        disabled=disabled,
    )
    return amount


def start_threshold_at(threshold: Decimal) -> None:
    """From a callback: have both controls show this amount."""
    st.session_state[AMOUNT] = max(float(threshold), _SMALLEST)
    _follow_amount()


def _follow_slider(slider: str) -> None:
    forget_result()
    st.session_state[AMOUNT] = min(max(float(st.session_state[slider]), _SMALLEST), float(LARGEST))


def _follow_amount() -> None:
    forget_result()
    st.session_state[_TOP] = st.session_state[AMOUNT]
