"""The charts, as plotly figures that are readable on light and dark, on a phone, and without telling colours apart."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from textwrap import wrap
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from kinso.models.customers import Customer
from kinso.models.insights import AmountBin, MonthCount, Statistics
from kinso.models.rule_bases import LIFETIME, RuleBasis, Unit
from kinso.models.shop import ShopSettings
from kinso.ui.customers.words import kept_apart
from kinso.ui.insights.kept import Kept
from kinso.ui.wording import (
    amount_of,
    bare_amount_of,
    currency_symbol,
    membership,
    money,
    month,
    number,
    percent,
)

MEMBERS, NON_MEMBERS, THRESHOLD, OTHER = "#009E73", "#0072B2", "#D55E00", "#CC79A7"
"""Of the palette by Okabe and Ito: apart for every kind of colour vision, and 3:1 against both backgrounds."""

_CONFIG = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False, "showTips": False}
HEIGHT, _TALL = 300, 420
_GREY_ON_LIGHT = "#667078"
_LABELLED_EDGES = 6
_LONGEST_LABEL = 22
_FEWEST_TO_COUNT_BY_MORE, _THOUSAND = 6, 1000
_LONGEST_LINE = 48
_built, _of_people = Kept(), Kept()
_PATTERNS = {True: "", False: "/"}
_COLOURS = {True: MEMBERS, False: NON_MEMBERS}


class BuiltChart(go.Figure):  # type: ignore[misc]
    """A chart whose content is written down: plotly checks and copies every part of another one whenever it is shown.

    It can be marked and shown, but not changed.
    """

    def __init__(self, content: dict[str, Any]) -> None:
        super().__init__()
        self._content = content

    def to_dict(self) -> dict[str, Any]:
        """The content, which nobody may change."""
        return self._content

    def marked(self, marks: Marks) -> BuiltChart:
        """The same with these marks on top."""
        layout = {**self._content["layout"], "shapes": list(marks.lines), "annotations": list(marks.texts)}
        return BuiltChart({**self._content, "layout": layout, "data": [*self._content["data"], *marks.points]})


@dataclass(frozen=True)
class Marks:
    """What is drawn on top of a chart of the same data again and again at another place, in plotly's words."""

    lines: Sequence[dict[str, Any]] = ()
    texts: Sequence[dict[str, Any]] = ()
    points: Sequence[dict[str, Any]] = ()


def show_data(
    draw: Callable[..., go.Figure],
    *data: Any,
    alt: str,
    key: str,
    marks: Marks | None = None,
    names_people: bool = False,
) -> None:
    """Draw what `draw` makes of the data, which is built once for all who see the same; `alt` says what it shows.

    Of charts that name people nothing is kept of other data than the present ones: somebody may have been erased.
    """
    is_light = st.context.theme.type == "light"

    def build() -> BuiltChart:
        figure = draw(*data)
        if is_light:
            _darken_texts(figure)
        return BuiltChart(figure.to_dict())

    about, digest = (draw.__module__, draw.__qualname__, is_light), digest_of(data)
    built = _of_people.get(digest, about, build) if names_people else _built.get(None, (*about, digest), build)
    st.plotly_chart(built.marked(marks) if marks else built, config=_CONFIG, alt=alt, key=key)


def digest_of(data: Any) -> str:
    """Another one for other data; so that what is drawn is found again without keeping the data."""
    return hashlib.sha256(repr(data).encode("utf-8", "backslashreplace")).hexdigest()


def draw_months(months: Sequence[MonthCount]) -> go.Figure:
    """New customers per calendar month, by whether they are members now."""
    names = [month(count.month) for count in months]
    figure = _stacked(
        names,
        {True: [count.members for count in months], False: [count.non_members for count in months]},
        hover=names,
    )
    label_every_other(figure, names)
    return dressed(figure)


def draw_members(months: Sequence[MonthCount], members: Sequence[int]) -> go.Figure:
    """How many members there were at the end of each calendar month, the last one being as of now."""
    names = [month(count.month) for count in months]
    figure = go.Figure(
        go.Scatter(
            x=names,
            y=list(members),
            mode="lines+markers",
            line={"color": MEMBERS, "width": 3},
            marker={"color": MEMBERS, "size": 8},
            name="Members",
            hovertemplate="%{x}<br>Members: %{y:,}<extra></extra>",
        )
    )
    label_every_other(figure, names)
    count_along_y(figure, "Members", max(members, default=0))
    figure.update_layout(showlegend=False)
    return dressed(figure)


def draw_distribution(
    bins: Sequence[AmountBin],
    shop: ShopSettings,
    basis: RuleBasis = LIFETIME,
    height: int = HEIGHT,
) -> go.Figure:
    """Customers by what counts of them, the last bar being everyone beyond."""
    usual, beyond = bins[:-1], bins[-1]
    width = _width(bins)
    edges = [float(bin_.lower) for bin_ in bins]
    spans = [_span(bin_, basis.unit, shop) for bin_ in usual]
    spans.append(f"{amount_of(basis.unit, beyond.lower, shop)} and more")
    figure = _stacked(
        [edge + width / 2 for edge in edges],
        {True: [bin_.members for bin_ in bins], False: [bin_.non_members for bin_ in bins]},
        hover=spans,
    )
    figure.update_traces(width=width)
    shown = edges[:: -(-len(edges) // _LABELLED_EDGES)]
    if shown[-1] != edges[-1]:
        shown[-1:] = [edges[-1]]
    labels = [axis_amount(edge) for edge in shown[:-1]] + [f"{axis_amount(shown[-1])}+"]
    what = basis.title if basis.unit.noun else f"{basis.title} ({currency_symbol(shop)})"
    title = f"{what}<br>last bar: {axis_amount(edges[-1])} and more"
    figure.update_xaxes(
        tickvals=shown, ticktext=labels, tickangle=0, title=title, range=[0, edges[-1] + width], showgrid=False
    )
    return dressed(figure, height=height)


def mark_threshold(bins: Sequence[AmountBin], shop: ShopSettings, threshold: Decimal, basis: RuleBasis) -> Marks:
    """A line in the distribution where a threshold lies, or in its last bar."""
    furthest = float(bins[-1].lower) + _width(bins) / 2
    place = min(float(threshold), furthest)
    is_left = place < furthest / 2
    text = {
        "x": place,
        "y": 1,
        "yref": "paper",
        "text": f"Threshold {amount_of(basis.unit, threshold, shop)}",
        "showarrow": False,
        "xanchor": "left" if is_left else "right",
        "yanchor": "top",
        "xshift": 6 if is_left else -6,
    }
    return Marks([upright(place, THRESHOLD, "dash")], [text])


def upright(place: float, colour: str, dash: str) -> dict[str, Any]:
    """A line from the bottom to the top of a chart."""
    line = {"color": colour, "width": 2, "dash": dash}
    return {"type": "line", "x0": place, "x1": place, "y0": 0, "y1": 1, "yref": "y domain", "line": line}


def _width(bins: Sequence[AmountBin]) -> float:
    return float(bins[0].upper - bins[0].lower)


def _span(bin_: AmountBin, unit: Unit, shop: ShopSettings) -> str:
    if bin_.upper - bin_.lower == unit.smallest:
        return amount_of(unit, bin_.lower, shop)
    return f"{bare_amount_of(unit, bin_.lower, shop)} to below {amount_of(unit, bin_.upper, shop)}"


def draw_share(statistics: Statistics) -> go.Figure:
    """Members among all customers, as a ring with words."""
    counts = {True: statistics.members, False: statistics.non_members}
    figure = go.Figure(
        go.Pie(
            values=list(counts.values()),
            labels=[f"{membership(is_member)}s" for is_member in counts],
            text=[number(count) for count in counts.values()],
            marker={
                "colors": list(_COLOURS.values()),
                "pattern": {"shape": list(_PATTERNS.values()), **PATTERN_STYLE},
            },
            hole=0.62,
            sort=False,
            direction="clockwise",
            textposition="outside",
            automargin=True,
            texttemplate="%{label}<br>%{percent:.1%}",
            hovertemplate="%{label}: %{text}<extra></extra>",
        )
    )
    rate = percent(statistics.membership_rate)
    figure.add_annotation(text=f"<b>{rate}</b><br>members", x=0.5, y=0.5, showarrow=False, font={"size": 18})
    figure.update_layout(showlegend=False)
    return dressed(figure, height=_TALL, margin={"l": 16, "r": 16, "t": 36, "b": 36})


def draw_top_customers(customers: Sequence[Customer], shop: ShopSettings) -> go.Figure:
    """Customers with their purchase amounts, the first on top; equal names are kept apart by their IDs."""
    amounts = [float(customer.purchase_amount) for customer in customers]
    places = list(range(len(customers)))
    figure = go.Figure()
    for is_member in (True, False):
        chosen = [place for place in places if customers[place].membership_status is is_member]
        figure.add_bar(
            orientation="h",
            name=f"{membership(is_member)}s",
            y=chosen,
            x=[amounts[place] for place in chosen],
            text=[money(customers[place].purchase_amount, shop) for place in chosen],
            customdata=[_about(customers[place]) for place in chosen],
            textposition="outside",
            cliponaxis=False,
            marker=_marker(is_member),
            hovertemplate="%{customdata}<br>%{text}<extra></extra>",
            showlegend=True,
        )
    figure.update_xaxes(
        title=f"Total spent ({currency_symbol(shop)})", range=[0, max(amounts, default=1) * 1.32 or 1], nticks=4
    )
    figure.update_yaxes(
        tickvals=places,
        ticktext=[
            f"{shown(c.customer_name, _LONGEST_LABEL)}<br>{shown(c.customer_id, _LONGEST_LABEL)}" for c in customers
        ],
        range=[len(places) - 0.5, -0.5],
        showgrid=False,
        ticks="",
        automargin=True,
    )
    return dressed(figure, height=_TALL if len(places) > 6 else HEIGHT)


def shown(text: str, longest: int | None = None) -> str:
    """Typed text for a label or hover of a chart.

    It shows as it was typed, not as the markup that plotly would read in it, and does not turn its surroundings round
    when it is written from right to left; what is longer than `longest` characters ends in an ellipsis.
    """
    if longest is not None and len(text) > longest:
        text = text[: longest - 1].rstrip() + "…"
    # Plotly does not know the names of quotation marks.
    return kept_apart(escape(text, quote=False))


PATTERN_STYLE: dict[str, Any] = {
    "fillmode": "overlay",
    "fgcolor": "rgba(255, 255, 255, 0.55)",
    "size": 7,
    "solidity": 0.22,
}
"""Of the hatching that tells one kind of bar from the other without colours."""


def _stacked(x: Sequence[Any], counts: dict[bool, list[int]], *, hover: Sequence[str]) -> go.Figure:
    figure = go.Figure()
    for is_member, values in counts.items():
        figure.add_bar(
            name=f"{membership(is_member)}s",
            x=list(x),
            y=values,
            customdata=list(hover),
            marker=_marker(is_member),
            hovertemplate=f"%{{customdata}}<br>{membership(is_member)}s: %{{y:,}}<extra></extra>",
        )
    figure.update_layout(barmode="stack", bargap=0.15)
    count_along_y(figure, "Customers", max(map(sum, zip(*counts.values(), strict=True)), default=0))
    return figure


def count_along_y(figure: go.Figure, title: str, highest: int) -> None:
    """Ticks at whole numbers up to `highest`, each once: half a customer would be rounded to the next tick's label."""
    steps: dict[str, Any] = {"dtick": 1} if highest < _FEWEST_TO_COUNT_BY_MORE else {"nticks": 6}
    figure.update_yaxes(title=title, tickformat=",d", rangemode="tozero", **steps)


def amount_format(highest: float) -> str:
    """For ticks of amounts up to `highest`, with `k` and `M` only where they make numbers shorter."""
    return "~s" if abs(highest) >= _THOUSAND else ",~r"


def label_every_other(figure: go.Figure, months: Sequence[str]) -> None:
    """Label the last month of a category axis and every other one before it."""
    labelled = range(len(months) - 1, -1, -2)
    labels = [months[place].replace(" ", "<br>") for place in labelled]
    figure.update_xaxes(type="category", tickvals=list(labelled), ticktext=labels, tickangle=0)


def _marker(is_member: bool) -> dict[str, Any]:
    pattern = {"shape": _PATTERNS[is_member], **PATTERN_STYLE}
    return {"color": _COLOURS[is_member], "line": {"width": 0}, "pattern": pattern}


def axis_amount(amount: float) -> str:
    """Without decimals where there are none."""
    return f"{amount:,.0f}" if amount.is_integer() else f"{amount:,.2f}"


def _about(customer: Customer) -> str:
    lines = [
        shown(line) for text in (customer.customer_name, customer.customer_id) for line in wrap(text, _LONGEST_LINE)
    ]
    return "<br>".join([*lines, membership(customer.membership_status)])


def _darken_texts(figure: go.Figure) -> None:
    # Streamlit's grey for charts is fainter on white than small print may be. The theme is not always known in time, so
    # this grey can still be read on dark.
    figure.update_layout(font={"color": _GREY_ON_LIGHT})
    figure.update_xaxes(tickfont={"color": _GREY_ON_LIGHT}, title={"font": {"color": _GREY_ON_LIGHT}})
    figure.update_yaxes(tickfont={"color": _GREY_ON_LIGHT}, title={"font": {"color": _GREY_ON_LIGHT}})


def dressed(figure: go.Figure, *, height: int = HEIGHT, margin: dict[str, int] | None = None) -> go.Figure:
    """What all charts have in common: size, legend, and that they do not take over scrolling and zooming."""
    figure.update_layout(
        height=height,
        margin=margin or {"l": 8, "r": 8, "t": 34, "b": 8},
        dragmode=False,
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom", "traceorder": "normal"},
        hoverlabel={"align": "left"},
    )
    figure.update_xaxes(fixedrange=True)
    figure.update_yaxes(fixedrange=True)
    return figure
