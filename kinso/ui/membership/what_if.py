"""What the chosen threshold would mean if it were the rule: curves, and who is gained and lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from kinso.models.history import ActivationPreview
from kinso.models.membership import Comparison, DecidedBy, Spenders, ThresholdPoint
from kinso.models.shop import ShopSettings
from kinso.ui.insights import charts
from kinso.ui.insights.charts import (
    MEMBERS,
    NON_MEMBERS,
    OTHER,
    THRESHOLD,
    Marks,
    amount_format,
    count_along_y,
    dressed,
    upright,
)
from kinso.ui.insights.figures import threshold_comparison, threshold_curve
from kinso.ui.membership.activation import both_sides_of
from kinso.ui.membership.members_at import show_spenders
from kinso.ui.request_context import RequestContext
from kinso.ui.wording import amount_of, counted, number, plain, sign_of

_LISTED = 200
MEMBER_BY: dict[DecidedBy | None, str] = {
    "rule": "the rule",
    "person": "a colleague",
    "adopted": "an earlier application",
    None: "not known",
}


def show_what_if(preview: ActivationPreview, context: RequestContext) -> None:
    """Two curves with today's threshold and the chosen one, and the customers between the two."""
    compared = threshold_comparison(context, preview.rule.threshold, shown=_LISTED)
    st.caption(
        "As if the threshold alone decided: whoever reaches it is a member. Memberships that colleagues gave to others"
        " come on top; those whom a colleague made non-members are left out."
    )
    _show_curves(compared, context)
    if compared.saved.threshold == compared.other.threshold:
        st.caption("This is today's threshold. Choose another one above to see whom it would gain and lose.")
        return
    _show_difference(compared, context)


def _show_curves(compared: Comparison, context: RequestContext) -> None:
    shop = context.shop
    curve = threshold_curve(context, up_to=max(both_sides_of(shop), compared.other.threshold))
    today, slider = (_written(point.threshold, shop) for point in (compared.saved, compared.other))
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Members by threshold**")
        alt = (
            f"Members that each threshold would mean: {number(compared.saved.members)} at today's {today},"
            f" {number(compared.other.members)} at {slider}"
        )
        marks = _marks(curve, compared, shop, members_at)
        charts.show_data(draw_members_by_threshold, curve, shop, alt=alt, key="members_by_threshold", marks=marks)
    with right:
        st.markdown("**Their purchases by threshold**")
        alt = (
            f"What the members of each threshold {shop.basis.unit.verb}: {_written(compared.saved.total, shop)} at"
            f" today's {today}, {_written(compared.other.total, shop)} at {slider}"
        )
        marks = _marks(curve, compared, shop, spending_at)
        charts.show_data(draw_spending_by_threshold, curve, shop, alt=alt, key="spending_by_threshold", marks=marks)


def _show_difference(compared: Comparison, context: RequestContext) -> None:
    gained, lost = st.columns(2, gap="medium")
    is_lower = compared.other.threshold < compared.saved.threshold
    with gained:
        st.subheader(f"Gained ({number(compared.gained.count)})", anchor=False)
        if is_lower:
            _show_gained(compared, context)
        else:
            st.caption("A higher threshold gains nobody.")
    with lost:
        st.subheader(f"Lost ({number(compared.lost.count)})", anchor=False)
        if is_lower:
            st.caption("A lower threshold loses nobody.")
        else:
            _show_lost(compared, context)


def _show_gained(compared: Comparison, context: RequestContext) -> None:
    today, other = (plain(_written(point.threshold, context.shop)) for point in (compared.saved, compared.other))
    who = f"Non-members from {other} up to today's {today}, who would be eligible."
    st.caption(f"{who}{_sum(compared.gained, context)}")
    _show_cut(compared.gained)
    show_spenders(
        compared.gained.first,
        context.shop,
        key="gained",
        alt="Whom the chosen threshold would gain",
        more={"Contact": [each.customer.contact_info for each in compared.gained.first]},
    )


def _show_lost(compared: Comparison, context: RequestContext) -> None:
    today, other = (plain(_written(point.threshold, context.shop)) for point in (compared.saved, compared.other))
    who = f"Members from today's {today} up to {other}, who would not reach it."
    st.caption(f"{who}{_sum(compared.lost, context)} They stay members until a manager ends that.")
    _show_cut(compared.lost)
    show_spenders(
        compared.lost.first,
        context.shop,
        key="lost",
        alt="Members below the chosen threshold",
        more={"Made a member by": [MEMBER_BY[each.member_by] for each in compared.lost.first]},
    )


def _sum(spenders: Spenders, context: RequestContext) -> str:
    total = plain(_written(spenders.total, context.shop))
    return f" Together they {context.shop.basis.unit.verb} {total}." if spenders.count else ""


def _written(amount: Decimal, shop: ShopSettings) -> str:
    return amount_of(shop.basis.unit, amount, shop)


def _show_cut(spenders: Spenders) -> None:
    if spenders.count > len(spenders.first):
        st.caption(f"The {number(len(spenders.first))} largest of {counted(spenders.count, 'customer')} are listed.")


_FILL = 0.14


@dataclass(frozen=True)
class _Mark:
    """A threshold in the chart, told apart from the other by word, colour, shape and dashes."""

    name: str
    point: ThresholdPoint
    colour: str
    symbol: str
    dash: str


Value = Callable[[ThresholdPoint, ShopSettings], tuple[float, str]]
"""What is drawn of a threshold, as a height and in words."""


def members_at(point: ThresholdPoint, shop: ShopSettings) -> tuple[float, str]:
    """How many members a threshold would mean."""
    return point.members, number(point.members)


def spending_at(point: ThresholdPoint, shop: ShopSettings) -> tuple[float, str]:
    """What the members of a threshold spent together."""
    return float(point.total), _written(point.total, shop)


def draw_members_by_threshold(curve: Sequence[ThresholdPoint], shop: ShopSettings) -> go.Figure:
    """How many members each threshold would mean."""
    figure = _curve(curve, shop, members_at, MEMBERS)
    count_along_y(figure, "Members", max((point.members for point in curve), default=0))
    return figure


def draw_spending_by_threshold(curve: Sequence[ThresholdPoint], shop: ShopSettings) -> go.Figure:
    """What the members of each threshold spent together."""
    figure = _curve(curve, shop, spending_at, NON_MEMBERS)
    unit = shop.basis.unit
    title = "Their purchases" if unit.noun else f"Their purchases ({sign_of(unit, shop)})"
    figure.update_yaxes(title=title, tickformat=amount_format(_most(curve)))
    return figure


def _most(curve: Sequence[ThresholdPoint]) -> float:
    return max((float(point.total) for point in curve), default=0.0)


def _curve(curve: Sequence[ThresholdPoint], shop: ShopSettings, value: Value, colour: str) -> go.Figure:
    heights, words = zip(*(value(point, shop) for point in curve), strict=True)
    thresholds = [_written(point.threshold, shop) for point in curve]
    figure = go.Figure(
        go.Scatter(
            x=[float(point.threshold) for point in curve],
            y=list(heights),
            mode="lines",
            line={"color": colour, "width": 3},
            fill="tozeroy",
            fillcolor=_faint(colour),
            customdata=list(zip(thresholds, words, strict=True)),
            hovertemplate="From %{customdata[0]}: %{customdata[1]}<extra></extra>",
            showlegend=False,
        )
    )
    furthest = float(curve[-1].threshold)
    figure.update_xaxes(
        title=f"Threshold ({sign_of(shop.basis.unit, shop)})", tickformat=",~r", range=[0, furthest], nticks=6
    )
    figure.update_yaxes(rangemode="tozero", nticks=6)
    # Room for two lines of legend, as on a phone. The marks are what it names.
    figure.update_layout(showlegend=True)
    return dressed(figure, margin={"l": 8, "r": 12, "t": 56, "b": 8})


def _marks(curve: Sequence[ThresholdPoint], compared: Comparison, shop: ShopSettings, value: Value) -> Marks:
    """Today's threshold and the chosen one."""
    marks = [_Mark("Today", compared.saved, THRESHOLD, "diamond", "dash")]
    if compared.other.threshold != compared.saved.threshold:
        marks.append(_Mark("Slider", compared.other, OTHER, "circle", "dot"))
    places = [float(min(mark.point.threshold, curve[-1].threshold)) for mark in marks]
    return Marks(
        lines=[upright(place, mark.colour, mark.dash) for mark, place in zip(marks, places, strict=True)],
        points=[_point(mark, place, shop, *value(mark.point, shop)) for mark, place in zip(marks, places, strict=True)],
    )


def _point(mark: _Mark, place: float, shop: ShopSettings, height: float, words: str) -> dict[str, Any]:
    name = f"{mark.name} {_written(mark.point.threshold, shop)}: {words}"
    return {
        "type": "scatter",
        "x": [place],
        "y": [height],
        "mode": "markers",
        "name": name,
        "marker": {"color": mark.colour, "size": 12, "symbol": mark.symbol, "line": {"width": 0}},
        "hovertemplate": f"{name}<extra></extra>",
        "cliponaxis": False,
    }


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {_FILL})"
