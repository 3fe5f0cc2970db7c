"""The charts themselves: typed texts, bins, the threshold line, colours."""

from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest

from kinso.models.customers import Customer
from kinso.models.insights import AmountBin, MonthCount, Statistics
from kinso.models.rule_bases import LIFETIME
from kinso.models.shop import ShopSettings
from kinso.repository.documents import new_id, now
from kinso.ui.insights import charts

SHOP = ShopSettings()


def bins(*edges):
    return [
        AmountBin(lower=Decimal(lower), upper=Decimal(upper), members=1, non_members=2)
        for lower, upper in pairwise(edges)
    ]


def customer(**fields):
    values = {
        "id": new_id(),
        "customer_id": "C-1",
        "customer_name": "Ada",
        "contact_info": "ada@example.com",
        "purchase_amount": Decimal("10.00"),
        "membership_status": False,
        "created_at": now(),
        "updated_at": now(),
        "version": 1,
    }
    return Customer(**(values | fields))


def texts(figure):
    """Everything about customers that the chart of the top customers writes."""
    hovers = [hover for trace in figure.data for hover in trace.customdata]
    return [*figure.layout.yaxis.ticktext, *hovers]


@pytest.mark.parametrize("name", ["<b>Ann</b>", "<a href='x'>y</a>", "A & B", "&lt;i&gt;", "<br>", '"quoted"'])
def test_markup_in_names_is_written_out(name):
    for text in texts(charts.draw_top_customers([customer(customer_name=name)], SHOP)):
        written = text.replace("<br>", "\n")
        assert "<" not in written
        assert name in _as_plotly_shows(written)


def _as_plotly_shows(text):
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#x27;", "'"), ("&amp;", "&")):
        text = text.replace(entity, character)
    return text


def test_names_from_right_to_left_and_emoji_stay_whole_and_apart_from_the_id():
    label = charts.draw_top_customers([customer(customer_name="ليلى 🎉")], SHOP).layout.yaxis.ticktext[0]

    assert label == "\u2068ليلى 🎉\u2069<br>C-1"


def test_a_long_name_is_cut_on_the_axis_and_whole_in_the_hover():
    name = "Wolfeschlegelsteinhausenbergerdorff " * 5
    figure = charts.draw_top_customers([customer(customer_name=name.strip())], SHOP)

    label, hover = texts(figure)
    assert "…" in label
    assert len(label) < 60
    assert hover.count("Wolfeschlegelsteinhausenbergerdorff") == 5
    assert max(len(line) for line in hover.split("<br>")) < 60


def test_equal_names_and_amounts_are_bars_of_their_own():
    same = [customer(customer_id=f"C-{place}") for place in range(3)]

    figure = charts.draw_top_customers(same, SHOP)

    assert sorted(place for trace in figure.data for place in trace.y) == [0, 1, 2]
    assert len(set(figure.layout.yaxis.ticktext)) == 3


def test_customers_who_spent_nothing_can_be_drawn():
    figure = charts.draw_top_customers([customer(purchase_amount=Decimal(0))], SHOP)

    assert figure.layout.xaxis.range[1] > 0


def test_members_and_non_members_differ_by_word_and_pattern_in_every_chart():
    months = [MonthCount(month=date(2026, month, 1), members=1, non_members=2) for month in range(1, 13)]
    both = [customer(membership_status=True), customer(customer_id="C-2")]
    for figure in (
        charts.draw_months(months),
        charts.draw_distribution(bins(0, 10, 20), SHOP),
        charts.draw_top_customers(both, SHOP),
    ):
        assert [trace.name for trace in figure.data] == ["Members", "Non-members"]
        patterns = {trace.marker.pattern.shape for trace in figure.data}
        colours = {trace.marker.color for trace in figure.data}
        assert len(patterns) == len(colours) == 2


def test_the_share_is_written_beside_the_ring():
    now_ = Statistics(
        total_customers=8,
        members=2,
        non_members=6,
        new_customers_this_month=0,
        average_purchase_amount=Decimal(0),
        total_purchase_amount=Decimal(0),
    )

    figure = charts.draw_share(now_)

    assert figure.data[0].values == (2, 6)
    assert figure.data[0].labels == ("Members", "Non-members")
    assert "25.0%" in figure.layout.annotations[0].text


def test_the_last_bar_is_named_as_everyone_beyond():
    figure = charts.draw_distribution(bins(0, 10, 20, 30, 1_000_000), SHOP)

    assert figure.data[0].customdata[0] == "$0.00 to below $10.00"
    assert figure.data[0].customdata[-1] == "$30.00 and more"
    assert figure.layout.xaxis.ticktext[-1] == "30+"
    assert "30 and more" in figure.layout.xaxis.title.text


def test_the_threshold_line_is_at_its_amount_and_says_so():
    marks = charts.mark_threshold(bins(0, 10, 20, 30, 1_000_000), SHOP, Decimal("12.50"), LIFETIME)

    assert marks.lines[0]["x0"] == 12.5
    assert marks.texts[0]["text"] == "Threshold $12.50"


def test_a_threshold_beyond_the_usual_amounts_is_marked_in_the_last_bar():
    marks = charts.mark_threshold(bins(0, 10, 20, 30, 1_000_000), SHOP, Decimal(5000), LIFETIME)

    assert marks.lines[0]["x0"] == 35
    assert marks.texts[0]["text"] == "Threshold $5,000.00"


def test_charts_do_not_take_over_scrolling_and_zooming_on_a_phone():
    figure = charts.draw_distribution(bins(0, 10, 20), SHOP)

    assert figure.layout.dragmode is False
    assert figure.layout.xaxis.fixedrange
    assert figure.layout.yaxis.fixedrange
