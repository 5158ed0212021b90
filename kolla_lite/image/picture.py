"""The graph of images as a picture: SVG drawn here, PNG by Graphviz's `dot` where that is installed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from kolla_lite.errors import EXIT_FAILED, Location, UserError
from kolla_lite.image.render import Recipe

_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 130, 34, 24, 70, 20  # pixels


def draw(recipes: Mapping[str, Recipe], names: Sequence[str], path: Path) -> None:
    """Write a picture of these images to a .svg or .png file. UserError for another ending or a missing `dot`."""
    if path.suffix == ".svg":
        path.write_text(svg(recipes, names), encoding="utf-8")
    elif path.suffix == ".png":
        _png(dot(recipes, names), path)
    else:
        raise UserError("a picture is .svg or .png", Location(str(path)), "choose one of these endings")


def levels(recipes: Mapping[str, Recipe], names: Sequence[str]) -> list[list[str]]:
    """The images in rows: each below everything that it builds on."""
    depth: dict[str, int] = {}
    for name in names:  # parents come first
        depth[name] = max((depth[parent] + 1 for parent in recipes[name].parents if parent in depth), default=0)
    return [[name for name in names if depth[name] == row] for row in range(max(depth.values(), default=-1) + 1)]


def svg(recipes: Mapping[str, Recipe], names: Sequence[str]) -> str:
    """Boxes in rows; a full line to the image that one extends, a dashed one to where its virtualenv is built."""
    rows = levels(recipes, names)
    widest = max(map(len, rows), default=1) * (_WIDTH + _GAP_X) - _GAP_X
    corner: dict[str, tuple[int, int]] = {}
    for number, row in enumerate(rows):
        left = _MARGIN + (widest - (len(row) * (_WIDTH + _GAP_X) - _GAP_X)) // 2
        for column, name in enumerate(row):
            corner[name] = (left + column * (_WIDTH + _GAP_X), _MARGIN + number * (_HEIGHT + _GAP_Y))
    shapes = []
    for name in names:
        for parent in recipes[name].parents:
            if parent in corner:
                (x1, y1), (x2, y2) = corner[parent], corner[name]
                dashed = "" if parent == recipes[name].parents[-1] else ' stroke-dasharray="5 4"'
                shapes.append(
                    f'<path d="M{x1 + _WIDTH // 2} {y1 + _HEIGHT} C{x1 + _WIDTH // 2} {y2 - 20} {x2 + _WIDTH // 2}'
                    f' {y1 + _HEIGHT + 20} {x2 + _WIDTH // 2} {y2}" fill="none" stroke="#789"{dashed}/>'
                )
    for name, (x, y) in corner.items():
        shapes.append(
            f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="5" fill="#eef3f8" stroke="#456"/>'
        )
        shapes.append(f'<text x="{x + _WIDTH // 2}" y="{y + 22}" text-anchor="middle">{escape(name)}</text>')
    width, height = widest + 2 * _MARGIN, len(rows) * (_HEIGHT + _GAP_Y) - _GAP_Y + 2 * _MARGIN
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="13">'
    return "\n".join([head, f'<rect width="{width}" height="{height}" fill="#fff"/>', *shapes, "</svg>"]) + "\n"


def dot(recipes: Mapping[str, Recipe], names: Sequence[str]) -> str:
    """The same graph in Graphviz's language."""
    lines = [
        f'  "{parent}" -> "{name}"{"" if parent == recipes[name].parents[-1] else " [style=dashed]"};'
        for name in names
        for parent in recipes[name].parents
        if parent in names
    ]
    return (
        "\n".join(["digraph images {", "  node [shape=box];", *(f'  "{name}";' for name in names), *lines, "}"]) + "\n"
    )


def _png(graph: str, path: Path) -> None:
    if not shutil.which("dot"):
        raise UserError(
            "a PNG picture needs Graphviz",
            Location(str(path)),
            "apt-get install graphviz, or ask for .svg",
            EXIT_FAILED,
        )
    done = subprocess.run(["dot", "-Tpng", "-o", str(path)], input=graph, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"dot failed: {done.stderr.strip()}", Location(str(path)), "ask for .svg", EXIT_FAILED)
