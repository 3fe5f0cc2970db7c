"""What `bench.growth` says of what it measured."""

from xml.etree import ElementTree

import pytest

from bench.chart import draw
from bench.figures import Figure, Size, load, save, table

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def sizes():
    def statistics(ours, specified):
        return Figure("statistics", ours, specified).at_most(25).quicker(5)

    return {
        1_000: Size(1_000, [statistics(2, 5)]),
        10_000: Size(10_000, [statistics(30, 300), Figure("import of 2", 20, limit=4).within(4, 4.0, "bare")]),
    }


def test_only_ratios_are_lost_because_milliseconds_depend_on_the_machine(sizes):
    assert sizes[1_000].lost == ["statistics: ≥ 5 x quicker"]
    assert sizes[10_000].lost == ["import of 2: ≤ 4 x bare"]


def test_the_table_has_a_row_for_each_work_with_its_ratio_and_every_bar(sizes):
    *_, first, second = table(sizes[10_000]).splitlines()
    assert " ".join(first.split()) == "statistics 30 300 10 ≤ 25 LOST, ≥ 5 x quicker met"
    assert " ".join(second.split()) == "import of 2 20 4.00 0.20 ≤ 4 x bare LOST"


def test_what_is_saved_can_be_read_again(sizes, tmp_path):
    file = tmp_path / "figures.json"
    assert load(file) == {}
    save(file, sizes)
    assert load(file) == sizes


def test_figures_that_were_not_measured_anew_are_kept(sizes):
    newer = Size(10_000, [Figure("statistics", 3)])
    assert [(each.work, each.ours) for each in sizes[10_000].replaced_by(newer).figures] == [
        ("statistics", 3),
        ("import of 2", 20),
    ]


def test_the_chart_has_a_line_for_each_side_of_each_work_and_a_point_for_each_size(sizes, tmp_path):
    draw(tmp_path / "chart.svg", sizes)
    chart = ElementTree.parse(tmp_path / "chart.svg").getroot()
    points = [line.get("points").split() for line in chart.iter(f"{SVG}polyline")]
    assert [len(each) for each in points] == [2, 2, 1, 1]
    told = [title.text for title in chart.iter(f"{SVG}title")]
    assert "as specified, 10,000 customers: 300.00 ms" in told
