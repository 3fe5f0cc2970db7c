"""A figure is built once for the same data, and never taken for one of other data."""

from concurrent.futures import ThreadPoolExecutor

import plotly.graph_objects as go

from kinso.ui.insights.built_charts import BuiltCharts


def test_a_figure_is_built_once_for_all_who_see_the_same():
    built = []

    def build():
        built.append(1)
        return go.Figure()

    charts = BuiltCharts()
    with ThreadPoolExecutor(8) as pool:
        figures = list(pool.map(lambda _: charts.get(build, "months", [1, 2]), range(50)))
    assert len(built) == 1
    assert all(figure is figures[0] for figure in figures)


def test_other_data_are_another_figure():
    charts = BuiltCharts()
    assert charts.get(go.Figure, "months", [1, 2]) is not charts.get(go.Figure, "months", [1, 3])


def test_only_the_last_ones_are_kept():
    charts = BuiltCharts(most=2)
    first = charts.get(go.Figure, 1)
    for number in (2, 3):
        charts.get(go.Figure, number)
    assert charts.get(go.Figure, 1) is not first


def test_nothing_that_was_built_is_kept_after_a_change():
    charts = BuiltCharts()
    first = charts.get(go.Figure, "Ada")
    charts.clear()
    assert charts.get(go.Figure, "Ada") is not first
