"""The charts about thresholds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

import plotly.graph_objects as go

from kinso.models.rule import Comparison, ThresholdPoint
from kinso.models.shop import ShopSettings
from kinso.ui.charts import MEMBERS, NON_MEMBERS, OTHER, THRESHOLD, dressed
from kinso.ui.wording import currency_symbol, money, number

_FILL = 0.14
_LABELS_APART = 0.13
"""Of the chart's height."""


def draw_members_by_threshold(curve: Sequence[ThresholdPoint], compared: Comparison, shop: ShopSettings) -> go.Figure:
    """How many members each threshold would mean, with today's and the chosen one."""
    figure = _curve(curve, compared, shop, lambda point: point.members, MEMBERS, lambda point: number(point.members))
    figure.update_yaxes(title="Members", tickformat=",d")
    return figure


def draw_spending_by_threshold(curve: Sequence[ThresholdPoint], compared: Comparison, shop: ShopSettings) -> go.Figure:
    """What the members of each threshold spent together, with today's and the chosen one."""
    figure = _curve(
        curve, compared, shop, lambda point: float(point.total), NON_MEMBERS, lambda point: money(point.total, shop)
    )
    figure.update_yaxes(title=f"Their purchases ({currency_symbol(shop)})", tickformat="~s")
    return figure


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
    _mark(figure, "Today", compared.saved, THRESHOLD, "diamond", "dash", value, in_words, shop, furthest, 1.0)
    if compared.other.threshold != compared.saved.threshold:
        height = 1 - _LABELS_APART
        _mark(figure, "Slider", compared.other, OTHER, "circle", "dot", value, in_words, shop, furthest, height)
    figure.update_xaxes(
        title=f"Threshold ({currency_symbol(shop)})", tickformat=",~r", range=[0, float(furthest)], nticks=6
    )
    figure.update_yaxes(rangemode="tozero", nticks=6)
    return dressed(figure, margin={"l": 8, "r": 12, "t": 12, "b": 8})


def _mark(
    figure: go.Figure,
    name: str,
    point: ThresholdPoint,
    colour: str,
    symbol: str,
    dash: str,
    value: Callable[[ThresholdPoint], float],
    in_words: Callable[[ThresholdPoint], str],
    shop: ShopSettings,
    furthest: Decimal,
    height: float,
) -> None:
    place = float(min(point.threshold, furthest))
    text = f"{name} {money(point.threshold, shop)}: {in_words(point)}"
    figure.add_vline(x=place, line={"color": colour, "width": 2, "dash": dash})
    figure.add_scatter(
        x=[place],
        y=[value(point)],
        mode="markers",
        marker={"color": colour, "size": 12, "symbol": symbol, "line": {"width": 0}},
        hovertemplate=f"{text}<extra></extra>",
        cliponaxis=False,
        showlegend=False,
    )
    in_left_half = place < float(furthest) / 2
    figure.add_annotation(
        x=place,
        y=height,
        yref="paper",
        text=text,
        showarrow=False,
        xanchor="left" if in_left_half else "right",
        yanchor="top",
        xshift=6 if in_left_half else -6,
    )


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {_FILL})"
