"""What was made is made once for the same data, and never taken for what was made of other data."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import plotly.graph_objects as go
import pytest

from kinso.ui.insights.charts import BuiltChart
from kinso.ui.insights.kept import Kept


def test_it_is_made_once_for_all_who_ask():
    made = []
    kept = Kept()

    def make():
        made.append(1)
        return object()

    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda _: kept.get(1, ("months", 1, 2), make), range(50)))

    assert len(made) == 1
    assert len(set(map(id, got))) == 1


def test_who_asks_for_something_else_does_not_wait():
    kept, is_asked = Kept(), Event()
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(kept.get, 1, "slow", lambda: is_asked.wait(30))
        kept.get(1, "quick", is_asked.set)
        assert slow.result()


def test_in_another_state_everything_is_made_anew():
    kept = Kept()
    first = kept.get(1, "Ada", object)

    assert kept.get(1, "Ada", object) is first
    assert kept.get(2, "Bob", object) is not first
    assert kept.get(1, "Ada", object) is not first


def test_only_the_last_ones_are_kept():
    kept = Kept(most=2)
    first = kept.get(1, 1, object)
    for number in (2, 3):
        kept.get(1, number, object)

    assert kept.get(1, 1, object) is not first


def test_what_could_not_be_made_is_tried_again():
    kept = Kept()
    with pytest.raises(ZeroDivisionError):
        kept.get(1, "half", lambda: 1 / 0)

    assert kept.get(1, "half", lambda: 0.5) == 0.5


def test_a_built_chart_is_handed_over_as_it_was_drawn_without_drawing_it_again():
    figure = go.Figure(go.Bar(x=["a", "b"], y=[1, 2]), layout={"title": "Bars"})
    built = BuiltChart(figure.to_dict())

    assert built.to_dict() == figure.to_dict()
    assert built.to_dict() is built.to_dict()
    assert built.to_json() == figure.to_json()
