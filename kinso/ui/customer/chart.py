"""The chart of one customer's purchases."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from kinso.models.purchases import MonthAmount
from kinso.models.shop import ShopSettings
from kinso.ui.charts import NON_MEMBERS, dressed, label_every_other
from kinso.ui.wording import currency_symbol, money, month

_NARROW = 0.1
"""Of the chart's width that a bar may have: a single month must not look like a wall."""


def draw_purchases_per_month(months: Sequence[MonthAmount], shop: ShopSettings) -> go.Figure:
    """Purchases less refunds; a month in which more went back than came in goes below zero."""
    names = [month(each.month) for each in months]
    figure = go.Figure(
        go.Bar(
            x=names,
            y=[float(each.amount) for each in months],
            customdata=[money(each.amount, shop) for each in months],
            width=min(0.75, _NARROW * len(months)),
            marker={"color": NON_MEMBERS, "line": {"width": 0}},
            hovertemplate="%{x}<br>%{customdata}<extra></extra>",
        )
    )
    label_every_other(figure, names)
    figure.update_yaxes(title=f"Purchases less refunds ({currency_symbol(shop)})", tickformat=",~r", nticks=6)
    figure.update_layout(showlegend=False)
    return dressed(figure, height=260)
