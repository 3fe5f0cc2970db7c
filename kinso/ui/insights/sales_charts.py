"""The charts about purchases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from kinso.models.insights import SalesMonth
from kinso.models.shop import ShopSettings
from kinso.ui.insights.charts import (
    MEMBERS,
    NON_MEMBERS,
    PATTERN_STYLE,
    amount_format,
    count_along_y,
    dressed,
    label_every_other,
)
from kinso.ui.wording import counted, currency_symbol, money, month, number

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SHORT = 3
_WITHOUT_LEGEND = {"l": 8, "r": 8, "t": 12, "b": 8}


def draw_revenue(months: Sequence[SalesMonth], shop: ShopSettings) -> go.Figure:
    """Sales less refunds per calendar month."""
    names = [month(each.month) for each in months]
    figure = _bars(
        names,
        [float(each.revenue) for each in months],
        [f"{money(each.revenue, shop)}<br>{counted(each.sales, 'sale')}" for each in months],
    )
    label_every_other(figure, names)
    ticks = amount_format(max((abs(float(each.revenue)) for each in months), default=0))
    figure.update_yaxes(title=f"Revenue ({currency_symbol(shop)})", tickformat=ticks, nticks=6)
    return dressed(figure, margin=_WITHOUT_LEGEND)


def draw_weekdays(counts: Sequence[int]) -> go.Figure:
    """Sales on each day of the week, Mondays first."""
    figure = _bars(list(WEEKDAYS), list(counts), [counted(count, "sale") for count in counts])
    figure.update_xaxes(
        type="category", tickvals=list(WEEKDAYS), ticktext=[day[:_SHORT] for day in WEEKDAYS], tickangle=0
    )
    count_along_y(figure, "Sales", max(counts, default=0))
    return dressed(figure, margin=_WITHOUT_LEGEND)


def draw_new_and_returning(months: Sequence[SalesMonth]) -> go.Figure:
    """Customers who bought in each calendar month, by whether it was their first time."""
    names = [month(each.month) for each in months]
    figure = go.Figure()
    for name, counts, marker in (
        ("New", [each.new_customers for each in months], _marker(MEMBERS, "")),
        ("Returning", [each.returning_customers for each in months], _marker(NON_MEMBERS, "/")),
    ):
        figure.add_bar(
            name=name,
            x=names,
            y=counts,
            customdata=[number(count) for count in counts],
            marker=marker,
            hovertemplate=f"%{{x}}<br>{name}: %{{customdata}}<extra></extra>",
        )
    label_every_other(figure, names)
    figure.update_layout(barmode="stack", bargap=0.15)
    count_along_y(
        figure,
        "Customers who bought",
        max((each.new_customers + each.returning_customers for each in months), default=0),
    )
    return dressed(figure)


def _bars(names: Sequence[str], heights: Sequence[float], hover: Sequence[str]) -> go.Figure:
    figure = go.Figure(
        go.Bar(
            x=list(names),
            y=list(heights),
            customdata=list(hover),
            marker=_marker(NON_MEMBERS, ""),
            hovertemplate="%{x}<br>%{customdata}<extra></extra>",
        )
    )
    figure.update_layout(bargap=0.15, showlegend=False)
    return figure


def _marker(colour: str, shape: str) -> dict[str, Any]:
    return {"color": colour, "line": {"width": 0}, "pattern": {"shape": shape, **PATTERN_STYLE}}
