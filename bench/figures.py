"""What was measured of one piece of work, and the bars that it has to meet."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

MILLION = 1_000_000
_WORK = 68


@dataclass(frozen=True)
class Bar:
    """`is_ratio` bars hold on any machine, for both sides were measured in the same run; the others on a quiet one."""

    text: str
    is_met: bool
    is_ratio: bool


@dataclass
class Figure:
    """Milliseconds, or another unit that `work` names: Kinso's, the specified way's, and those of the least there is.

    `parts` are what makes up a sum, or what the slowest was looked for among.
    """

    work: str
    ours: float
    specified: float | None = None
    limit: float | None = None
    bars: list[Bar] = field(default_factory=list)
    parts: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        """How many times quicker Kinso is than the specified way, or without one than the limit."""
        beside = self.limit if self.specified is None else self.specified
        return beside / self.ours if beside is not None and self.ours else None

    def at_most(self, most: float) -> Figure:
        """Add a bar in the figure's own unit."""
        self.bars.append(Bar(f"≤ {most:g}", self.ours <= most, is_ratio=False))
        return self

    def quicker(self, times: float) -> Figure:
        """Add a bar against the specified way."""
        assert self.specified is not None
        self.bars.append(Bar(f"≥ {times:g} x quicker", self.specified >= times * self.ours, is_ratio=True))
        return self

    def within(self, times: float, of: float | None, name: str) -> Figure:
        """Add a bar against something else; nothing where that was not measured."""
        if of is not None:
            self.bars.append(Bar(f"≤ {times:g} x {name}", self.ours <= times * of, is_ratio=True))
        return self


@dataclass
class Size:
    """All figures of a shop with so many customers."""

    customers: int
    figures: list[Figure] = field(default_factory=list)

    def replaced_by(self, newer: Size) -> Size:
        """The newer figures, and those of work that was not measured anew."""
        known = {figure.work for figure in newer.figures}
        return Size(self.customers, [*newer.figures, *(each for each in self.figures if each.work not in known)])

    @property
    def lost(self) -> list[str]:
        """Ratios that do not hold."""
        bars = ((figure, bar) for figure in self.figures for bar in figure.bars)
        return [f"{figure.work}: {bar.text}" for figure, bar in bars if bar.is_ratio and not bar.is_met]


def table(size: Size) -> str:
    """For people."""
    lines = [
        f"{size.customers:,} customers",
        "",
        f"{'work, in milliseconds':{_WORK}}{'Kinso':>11}{'specified':>11}{'limit':>11}{'ratio':>9}  bar",
    ]
    for figure in size.figures:
        numbers = (figure.ours, figure.specified, figure.limit)
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}" if figure.ratio < 10 else f"{figure.ratio:,.0f}"
        bars = ", ".join(f"{bar.text} {'met' if bar.is_met else 'LOST'}" for bar in figure.bars)
        lines.append(f"{figure.work:{_WORK}}{''.join(map(_cell, numbers))}{ratio:>9}  {bars}".rstrip())
    return "\n".join(lines)


def _cell(number: float | None) -> str:
    if number is None:
        return f"{'':11}"
    return f"{number:11,.2f}" if number < 10 else f"{number:11,.0f}"


def load(file: Path) -> dict[int, Size]:
    """What an earlier run wrote."""
    if not file.exists():
        return {}
    sizes = json.loads(file.read_text(encoding="utf-8"))["sizes"]
    return {each["customers"]: Size(each["customers"], [_figure(one) for one in each["figures"]]) for each in sizes}


def save(file: Path, sizes: dict[int, Size]) -> None:
    """For programs; the smallest size first."""
    written = {"sizes": [asdict(sizes[customers]) for customers in sorted(sizes)]}
    file.write_text(json.dumps(written, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _figure(stored: dict) -> Figure:
    return Figure(**{**stored, "bars": [Bar(**bar) for bar in stored["bars"]]})
