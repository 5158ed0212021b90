"""Curves as a small SVG that reads on a light and on a dark page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 460, 300, 52, 84, 62, 46
LINE = 15
STYLE = """\
<style>
  svg { font: 13px system-ui, sans-serif; }
  text { fill: #777; } .title { font-size: 16px; font-weight: 600; } .part { font-weight: 600; }
  .axis { stroke: #999; } .grid { stroke: #9994; } path { stroke-width: 2; }
  path.c0 { stroke: #888; } path.c1 { stroke: #2e86c1; } path.c2 { stroke: #d9651a; }
  .c0 { fill: #888; } .c1 { fill: #2e86c1; } .c2 { fill: #d9651a; } path.c0, path.c1, path.c2 { fill: none; }
</style>
"""


@dataclass(frozen=True)
class Curve:
    """Points (x, y) in ascending x, and what they are."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Chart:
    """Curves, at most three, over one axis; both axes begin at 0."""

    title: str
    across: str
    up: str
    curves: Sequence[Curve]


def draw(title: str, charts: Sequence[Chart]) -> str:
    """An SVG document: charts side by side under a title."""
    width = WIDTH * len(charts)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" role="img">', STYLE.rstrip()]
    lines.append(_text("title", LEFT, 22, title))
    for place, chart in enumerate(charts):
        lines += [f'<g transform="translate({place * WIDTH} 0)">', *_chart(chart), "</g>"]
    return "\n".join([*lines, "</svg>", ""])


def _chart(chart: Chart) -> Iterator[str]:
    points = [point for curve in chart.curves for point in curve.points]
    right, top = max(x for x, _ in points), _round_up(max(y for _, y in points))
    yield _text("part", LEFT, TOP - 16, f"{chart.title}: {chart.up}")
    for share in (0, 0.25, 0.5, 0.75, 1):
        _, y = _place(0, top * share, right, top)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>'
        yield _text("", LEFT - 8, y + 4, f"{top * share:g}", "end")
    for x in sorted({x for x, _ in points}):
        across, bottom = _place(x, 0, right, top)
        yield f'<line class="axis" x1="{across}" x2="{across}" y1="{bottom}" y2="{bottom + 5}"/>'
        yield _text("", across, bottom + 20, f"{x:g}", "middle")
    yield _text("", WIDTH - RIGHT + 18, HEIGHT - BOTTOM + 20, chart.across)
    label = float(HEIGHT)
    for number, curve in sorted(enumerate(chart.curves), key=lambda numbered: numbered[1].points[-1][1]):
        places = [_place(x, y, right, top) for x, y in curve.points]
        # Names of curves that end close together stand above one another.
        label = min(places[-1][1] + 4, label - LINE)
        yield f'<path class="c{number}" d="M{" L".join(f"{x} {y}" for x, y in places)}"/>'
        yield from (f'<circle class="c{number}" cx="{x}" cy="{y}" r="3"/>' for x, y in places)
        yield _text(f"c{number}", places[-1][0] + 8, label, curve.name)


def _place(x: float, y: float, right: float, top: float) -> tuple[float, float]:
    inner, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    return round(LEFT + inner * x / right, 1), round(HEIGHT - BOTTOM - height * y / top, 1)


def _round_up(value: float) -> float:
    """The next number of which a quarter reads well."""
    unit = 1.0
    while unit * 10 < value:
        unit *= 10
    return next(unit * step for step in (1, 2, 4, 6, 8, 10) if unit * step >= value)


def _text(kind: str, x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'
