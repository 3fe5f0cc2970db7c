"""Axes that count: whole numbers, each once."""

import plotly.graph_objects as go
import pytest

from kinso.ui.insights.charts import amount_format, count_along_y


@pytest.mark.parametrize("highest", [0, 1, 2, 5])
def test_few_are_counted_one_by_one(highest):
    figure = go.Figure()
    count_along_y(figure, "Customers", highest)
    assert figure.layout.yaxis.dtick == 1


def test_many_are_counted_in_steps():
    figure = go.Figure()
    count_along_y(figure, "Customers", 6)
    assert (figure.layout.yaxis.dtick, figure.layout.yaxis.nticks) == (None, 6)


def test_small_amounts_are_not_written_in_thousandths():
    assert (amount_format(0.5), amount_format(-12_000)) == (",~r", "~s")
