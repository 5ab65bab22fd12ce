"""
Two kinds of pictures as SVG: bars of peers, and lines against an ideal.

Owns: the drawing.
Must not know: what the figures mean.
Runs in: the measuring process.

Both have logarithmic scales, for the peers lie up to five powers of ten apart. Colours
are those that can be seen on a white page as well as on a black one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

from benchmarks.figures import Spread
from benchmarks.report import shown

_OURS, _OTHERS, _IDEAL, _TEXT, _GRID = (
    "#d9480f",
    "#4c8dae",
    "#8a8a8a",
    "#7d7d7d",
    "#80808040",
)
_COLOURS = (_OURS, "#4c8dae", "#7a9a3a", "#9a5fb0", "#b08f2d")
_FONT = 'font-family="sans-serif" font-size="12"'
_WIDTH, _LABELS, _BAR, _GAP, _TOP = 760, 190, 14, 8, 44
_RIGHT = 110
_HEIGHT = 320


class BarOf(NamedTuple):
    """One bar: whose it is, how long, and whether it is ours."""

    label: str
    spread: Spread
    is_ours: bool


class Scale:
    """A logarithmic scale from one power of ten to another."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        """Spread the powers of ten around `values` from `start` to `end`."""
        self.low = math.floor(math.log10(min(values)))
        self.high = max(self.low + 1, math.ceil(math.log10(max(values))))
        self._start, self._end = start, end

    def at(self, value: float) -> float:
        """Return the place of a value."""
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self._start + share * (self._end - self._start)

    def ticks(self) -> list[float]:
        """Return the powers of ten."""
        return [10.0**power for power in range(self.low, self.high + 1)]


def bars(title: str, unit: str, found: Sequence[BarOf]) -> str:
    """Return a picture with one horizontal bar for each peer, the shortest on top."""
    # A figure of 0 has no place on such a scale.
    kept = sorted(
        (bar for bar in found if bar.spread.low > 0), key=lambda bar: bar.spread.median
    )
    height = _TOP + len(kept) * (_BAR + _GAP) + 24
    edges = [edge for bar in kept for edge in (bar.spread.low, bar.spread.high)]
    if not edges:
        return _picture(title, 60, [])
    scale = Scale(edges, _LABELS, _WIDTH - _RIGHT)
    parts = [_vertical(scale, tick, unit, height) for tick in scale.ticks()]
    for number, bar in enumerate(kept):
        parts += _bar(scale, bar, unit, _TOP + number * (_BAR + _GAP))
    return _picture(title, height, parts)


def _bar(scale: Scale, bar: BarOf, unit: str, top: float) -> list[str]:
    end, middle = scale.at(bar.spread.median), top + _BAR / 2
    colour = _OURS if bar.is_ours else _OTHERS
    low, high = scale.at(bar.spread.low), scale.at(bar.spread.high)
    return [
        _text(_LABELS - 8, middle + 4, bar.label, anchor="end"),
        f'<rect x="{_LABELS}" y="{top:.1f}" width="{max(1.0, end - _LABELS):.1f}" '
        f'height="{_BAR}" fill="{colour}"/>',
        _line(low, middle, high, middle, _TEXT, 2),
        _text(max(end, high) + 6, middle + 4, shown(bar.spread.median, unit)),
    ]


def lines(
    title: str,
    units: tuple[str, str],
    axes: tuple[str, str],
    found: Mapping[str, Sequence[tuple[float, float]]],
    ideal: Sequence[tuple[float, float]],
) -> str:
    """Return a picture with a line for each name, and a dashed one for the ideal."""
    points = [point for line in (*found.values(), ideal) for point in line]
    across = Scale([x for x, _ in points], 70, _WIDTH - 190)
    up = Scale([y for _, y in points], _HEIGHT - 46, _TOP)
    parts = [
        *(_vertical(across, tick, units[0], _HEIGHT - 22) for tick in across.ticks()),
        *(_horizontal(up, tick, units[1]) for tick in up.ticks()),
        _text((_WIDTH - 120) / 2, _HEIGHT - 4, axes[0], anchor="middle"),
        _text(8, _TOP - 10, axes[1]),
        *_path(across, up, ideal, "ideal", _IDEAL, ' stroke-dasharray="5 4"'),
    ]
    for number, (name, line) in enumerate(found.items()):
        parts += _path(across, up, line, name, _COLOURS[number % len(_COLOURS)], "")
    return _picture(title, _HEIGHT, parts)


def _path(
    across: Scale,
    up: Scale,
    line: Sequence[tuple[float, float]],
    name: str,
    colour: str,
    more: str,
) -> list[str]:
    if not line:
        return []
    places = [(across.at(x), up.at(y)) for x, y in line]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places
    ]
    # The ideal is named in the middle: at its end it may lie on another line.
    x, y = places[len(places) // 2] if more else places[-1]
    return [
        f'<polyline points="{points}" fill="none" stroke="{colour}" '
        f'stroke-width="2"{more}/>',
        *([] if more else dots),
        _text(x + 8, y + (18 if more else 4), name, colour=colour),
    ]


def _vertical(scale: Scale, tick: float, unit: str, height: float) -> str:
    x = scale.at(tick)
    return _line(x, _TOP - 4, x, height - 20, _GRID, 1) + _text(
        x, height - 6, shown(tick, unit), anchor="middle"
    )


def _horizontal(scale: Scale, tick: float, unit: str) -> str:
    y = scale.at(tick)
    return _line(70, y, _WIDTH - 190, y, _GRID, 1) + _text(
        64, y + 4, shown(tick, unit), anchor="end"
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'stroke="{colour}" stroke-width="{width:g}"/>'
    )


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", colour: str = _TEXT
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">'
        f"{escape(text)}</text>"
    )


def _picture(title: str, height: float, parts: Sequence[str]) -> str:
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" '
            f'height="{height:.0f}" viewBox="0 0 {_WIDTH} {height:.0f}" {_FONT}>',
            f"<title>{escape(title)}</title>",
            f'<text x="8" y="18" font-size="14" font-weight="bold" fill="{_TEXT}">'
            f"{escape(title)}</text>",
            *parts,
            "</svg>\n",
        ]
    )
