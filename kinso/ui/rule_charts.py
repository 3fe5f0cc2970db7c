"""The charts about thresholds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from kinso.models.membership import Comparison, ThresholdPoint
from kinso.models.shop import ShopSettings
from kinso.ui.charts import MEMBERS, NON_MEMBERS, OTHER, THRESHOLD, amount_format, count_along_y, dressed
from kinso.ui.wording import currency_symbol, money, number

_FILL = 0.14


@dataclass(frozen=True)
class _Mark:
    """A threshold in the chart, told apart from the other by word, colour, shape and dashes."""

    name: str
    point: ThresholdPoint
    colour: str
    symbol: str
    dash: str


def draw_members_by_threshold(curve: Sequence[ThresholdPoint], compared: Comparison, shop: ShopSettings) -> go.Figure:
    """How many members each threshold would mean, with today's and the chosen one."""
    figure = _curve(curve, compared, shop, lambda point: point.members, MEMBERS, lambda point: number(point.members))
    count_along_y(figure, "Members", max((point.members for point in curve), default=0))
    return figure


def draw_spending_by_threshold(curve: Sequence[ThresholdPoint], compared: Comparison, shop: ShopSettings) -> go.Figure:
    """What the members of each threshold spent together, with today's and the chosen one."""
    figure = _curve(
        curve, compared, shop, lambda point: float(point.total), NON_MEMBERS, lambda point: money(point.total, shop)
    )
    figure.update_yaxes(title=f"Their purchases ({currency_symbol(shop)})", tickformat=amount_format(_most(curve)))
    return figure


def _most(curve: Sequence[ThresholdPoint]) -> float:
    return max((float(point.total) for point in curve), default=0.0)


def _curve(
    curve: Sequence[ThresholdPoint],
    compared: Comparison,
    shop: ShopSettings,
    value: Callable[[ThresholdPoint], float],
    colour: str,
    in_words: Callable[[ThresholdPoint], str],
) -> go.Figure:
    furthest = curve[-1].threshold
    figure = go.Figure(
        go.Scatter(
            x=[float(point.threshold) for point in curve],
            y=[value(point) for point in curve],
            mode="lines",
            line={"color": colour, "width": 3},
            fill="tozeroy",
            fillcolor=_faint(colour),
            customdata=[[money(point.threshold, shop), in_words(point)] for point in curve],
            hovertemplate="From %{customdata[0]}: %{customdata[1]}<extra></extra>",
            showlegend=False,
        )
    )
    marks = [_Mark("Today", compared.saved, THRESHOLD, "diamond", "dash")]
    if compared.other.threshold != compared.saved.threshold:
        marks.append(_Mark("Slider", compared.other, OTHER, "circle", "dot"))
    for mark in marks:
        place = float(min(mark.point.threshold, furthest))
        _draw(figure, mark, place, value(mark.point), f"{money(mark.point.threshold, shop)}: {in_words(mark.point)}")
    figure.update_xaxes(
        title=f"Threshold ({currency_symbol(shop)})", tickformat=",~r", range=[0, float(furthest)], nticks=6
    )
    figure.update_yaxes(rangemode="tozero", nticks=6)
    # Room for two lines of legend, as on a phone.
    return dressed(figure, margin={"l": 8, "r": 12, "t": 56, "b": 8})


def _draw(figure: go.Figure, mark: _Mark, place: float, height: float, words: str) -> None:
    figure.add_vline(x=place, line={"color": mark.colour, "width": 2, "dash": mark.dash})
    figure.add_scatter(
        x=[place],
        y=[height],
        mode="markers",
        name=f"{mark.name} {words}",
        marker={"color": mark.colour, "size": 12, "symbol": mark.symbol, "line": {"width": 0}},
        hovertemplate=f"{mark.name} {words}<extra></extra>",
        cliponaxis=False,
    )


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {_FILL})"
