"""
What a row of the table is, and the figures in it.

Owns: medians, percentiles, the units, the table, the progress lines.
Must not know: how anything is measured.
Runs in: the measuring process.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

__all__ = ["Line", "median", "micros", "millis", "percentile", "progress", "table"]

_HEADINGS = ("row", "claim", "ours", "other", "figure", "target", "met")


@dataclass(frozen=True)
class Line:
    """
    One claim with what was measured for it.

    Attributes:
        row: the name under which it can be asked for.
        claim: what is compared, in a few words.
        ours: the figure of liveconfig's side, with its unit.
        other: the figure of the other side, or "".
        figure: what the target is about: mostly the ratio of the two.
        target: the target, as text.
        is_met: None for what is told without a target.
    """

    row: str
    claim: str
    ours: str
    other: str
    figure: str
    target: str
    is_met: bool | None

    def cells(self) -> tuple[str, ...]:
        """Return the line's columns."""
        met = {True: "yes", False: "NO", None: ""}[self.is_met]
        return (
            *(self.row, self.claim, self.ours, self.other, self.figure, self.target),
            met,
        )


def at_most(
    row: str, claim: str, ours: float, other: float, limit: float, unit: str
) -> Line:
    """Return a line whose target is a ratio of at most `limit`."""
    ratio = ours / other
    return Line(
        row,
        claim,
        f"{ours:.4g} {unit}",
        f"{other:.4g} {unit}",
        f"{ratio:.2f}x",
        f"<= {limit}x",
        ratio <= limit,
    )


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that `percent` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def millis(seconds: float) -> str:
    """Return a time in milliseconds."""
    return f"{seconds * 1e3:.2f} ms"


def micros(seconds: float) -> str:
    """Return a time in microseconds."""
    return f"{seconds * 1e6:.1f} us"


def progress(text: str) -> None:
    """Tell on stderr what is going on."""
    print(f"... {text}", file=sys.stderr, flush=True)


def table(lines: Iterable[Line]) -> str:
    """Return the table."""
    rows = [_HEADINGS, *(line.cells() for line in lines)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        "  ".join(
            cell.ljust(width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    )
