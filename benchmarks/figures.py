"""
What was measured, and the arithmetic on it.

Owns: samples by peer, their median and spread, and ratios of two peers.
Must not know: how anything is measured or shown.
Runs in: the measuring process.

Peers take turns, round by round, so the machine's noise falls on all of them. A ratio
is therefore taken round by round where both have as many samples: what slowed down both
sides of one round cancels out. Else it is the ratio of the medians.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple


class Spread(NamedTuple):
    """The middle of some samples, and the quartiles around it."""

    low: float
    median: float
    high: float
    number: int


@dataclass(frozen=True)
class Metric:
    """
    One figure for many peers.

    Attributes:
        row: the row of the report that it belongs to.
        case: what distinguishes it from the row's other figures.
        unit: "s", "B", "/s", or "" for a plain number.
        samples: the samples of each peer, in the order of the rounds.
        is_more_better: whether a larger figure is a better one.
        notes: what has to be said of a peer beside its figure, or instead of it.
        group: metrics of one row and group share a table.
    """

    row: str
    case: str
    unit: str
    samples: Mapping[str, Sequence[float]]
    is_more_better: bool = False
    notes: Mapping[str, str] = field(default_factory=dict)
    group: str = ""

    def spread(self, name: str) -> Spread:
        """Return the spread of a peer's samples."""
        return spread(self.samples[name])

    def best(self) -> set[str]:
        """Return the peers that nobody beats, by the median."""
        medians = {name: self.spread(name).median for name in self.samples}
        if not medians:
            return set()
        choose = max if self.is_more_better else min
        edge = choose(medians.values())
        return {name for name, value in medians.items() if value == edge}


def spread(samples: Sequence[float]) -> Spread:
    """Return the median and the quartiles of some samples."""
    return Spread(
        percentile(samples, 25), median(samples), percentile(samples, 75), len(samples)
    )


def percentile(samples: Sequence[float], percent: float) -> float:
    """Return the value below which `percent` of the samples lie, between neighbours."""
    ordered = sorted(samples)
    place = (len(ordered) - 1) * percent / 100
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def ratio(over: Sequence[float], under: Sequence[float]) -> float | None:
    """Return how many times `under` is in `over`; None where that means nothing."""
    if not over or not under or median(over) <= 0 or min(under) <= 0:
        return None
    if len(over) == len(under):
        return median(a / b for a, b in zip(over, under, strict=True))
    return median(over) / median(under)
