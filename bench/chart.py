"""How the work grows with the shop: an SVG with a panel for each kind of work, both axes logarithmic."""

import math
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path

from bench.figures import Figure, Size

PANELS = {
    "Search, one text": "search, ",
    "First page of a list": "first page, ",
    "Page at 90 %": "page at 90 %, ",
    "Statistics": "statistics",
    "Preview at a threshold": "preview at a threshold",
    "Everybody as CSV": "everybody as CSV; ",
    "Activation of a sixth": "activation of ",
    "Import of a fifth as many": "import of ",
}
"""What each panel shows, and how the figure begins; of a sum, the average is drawn."""
_COLOURS = {"ours": "#0072B2", "specified": "#D55E00", "limit": "#767676"}
"""From the palette of Okabe and Ito, and grey; no line goes without its name."""
_NAMES = {"ours": "Kinso", "specified": "as specified", "limit": "limit"}
_DASHES = {"ours": "", "specified": "7 4", "limit": "2 4"}
_COLUMNS = 4
_WIDTH, _HEIGHT = 290, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 16, 40, 40
_HEAD = 34

Line = list[tuple[int, float]]


def draw(file: Path, sizes: Mapping[int, Size]) -> None:
    """All sizes that were measured; a kind of work that none of them has is left out."""
    panels = {title: lines for title, start in PANELS.items() if (lines := _lines(sizes, start))}
    rows = math.ceil(len(panels) / _COLUMNS)
    width, height = _COLUMNS * _WIDTH, _HEAD + rows * _HEIGHT
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        ' font-family="system-ui, sans-serif" font-size="12" fill="#222" role="img">',
        "<title>Milliseconds of each kind of work against the number of customers</title>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        *_legend(),
    ]
    for place, (title, lines) in enumerate(panels.items()):
        row, column = divmod(place, _COLUMNS)
        drawn.append(f'<g transform="translate({column * _WIDTH} {_HEAD + row * _HEIGHT})">')
        drawn += [*_Panel(title, lines).draw(), "</g>"]
    file.write_text("\n".join([*drawn, "</svg>"]) + "\n", encoding="utf-8")


def _lines(sizes: Mapping[int, Size], start: str) -> dict[str, Line]:
    lines: dict[str, Line] = {}
    for customers in sorted(sizes):
        figure = next((each for each in sizes[customers].figures if each.work.startswith(start)), None)
        for side, value in _values(figure).items():
            lines.setdefault(side, []).append((customers, value))
    return lines


def _values(figure: Figure | None) -> dict[str, float]:
    if figure is None:
        return {}
    several = len(figure.parts) or 1
    sides = {side: getattr(figure, side) for side in _NAMES}
    return {side: value / several for side, value in sides.items() if value}


def _legend() -> Iterator[str]:
    yield '<text x="14" y="22" font-weight="600">Milliseconds against customers, both in powers of ten</text>'
    for place, (side, name) in enumerate(_NAMES.items()):
        x = 400 + place * 130
        yield f'<line x1="{x}" y1="18" x2="{x + 30}" y2="18" {_stroke(side)}/>'
        yield f'<text x="{x + 36}" y="22">{name}</text>'


class _Panel:
    """One kind of work."""

    def __init__(self, title: str, lines: dict[str, Line]) -> None:
        self._title = title
        self._lines = lines
        points = [point for line in lines.values() for point in line]
        self._across = _decades(customers for customers, _ in points)
        self._up = _decades(value for _, value in points)

    def draw(self) -> Iterator[str]:
        yield f'<text x="{_LEFT}" y="{_TOP - 14}" font-weight="600">{escape(self._title)}</text>'
        yield from self._grid()
        for side, line in self._lines.items():
            places = " ".join(f"{self._x(customers):.1f},{self._y(value):.1f}" for customers, value in line)
            yield f'<polyline points="{places}" fill="none" {_stroke(side)}/>'
            for customers, value in line:
                told = f"{_NAMES[side]}, {customers:,} customers: {value:,.2f} ms"
                yield (
                    f'<circle cx="{self._x(customers):.1f}" cy="{self._y(value):.1f}" r="3"'
                    f' fill="{_COLOURS[side]}"><title>{told}</title></circle>'
                )

    def _grid(self) -> Iterator[str]:
        right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
        for power in self._up:
            y = self._y(10**power)
            yield f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#e2e2e2"/>'
            yield f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{10**power:,g}</text>'
        for power in self._across:
            x = self._x(10**power)
            yield f'<line x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{bottom}" stroke="#e2e2e2"/>'
            yield f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{_short(10**power)}</text>'

    def _x(self, customers: float) -> float:
        return _LEFT + _share(customers, self._across) * (_WIDTH - _LEFT - _RIGHT)

    def _y(self, value: float) -> float:
        return _HEIGHT - _BOTTOM - _share(value, self._up) * (_HEIGHT - _TOP - _BOTTOM)


def _decades(values: Iterator[float]) -> range:
    """The powers of ten around these values, two at least."""
    logarithms = [math.log10(value) for value in values]
    lowest, highest = math.floor(min(logarithms)), math.ceil(max(logarithms))
    return range(lowest, max(highest, lowest + 1) + 1)


def _share(value: float, decades: range) -> float:
    return (math.log10(value) - decades[0]) / (decades[-1] - decades[0])


def _stroke(side: str) -> str:
    return f'stroke="{_COLOURS[side]}" stroke-width="2" stroke-dasharray="{_DASHES[side]}"'


def _short(number: float) -> str:
    return f"{number / 1e6:g} M" if number >= 1e6 else f"{number / 1e3:g} k" if number >= 1e3 else f"{number:g}"
