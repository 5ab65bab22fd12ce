"""
Which pictures the results make.

Owns: the list, and which figures go into each.
Must not know: how a picture is drawn.
Runs in: the measuring process.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from benchmarks import plot
from benchmarks.figures import Metric
from benchmarks.peers import OURS
from benchmarks.report import title

# The row, the case, the heading; a file is named after the row.
_BARS = (
    ("read", "1 thread", "One read of one value, unchanged config, one thread"),
    (
        "propagation",
        "first fresh of 4, 1 KiB",
        "From the flip to the first fresh answer, 4 workers, 1 KiB",
    ),
    ("throughput", "p99, a flip each 100 ms", "p99 of a request, flips each 100 ms"),
    ("memory", "whole tree, 4 workers", "Memory (PSS) of the tree, 4 workers"),
    ("start", "first answer, 4 workers", "From the start to the first answer"),
)
_READERS = re.compile(r"CPU of a publication, (\d+ readers)")
_COST = re.compile(r"CPU, (\d+) workers, 64 KiB")
_FLIPS = re.compile(r"(flips made|published), (\d+) asked for")


def drawn(metrics: Iterable[Metric]) -> dict[str, str]:
    """Return the pictures by the names of their files."""
    found = {(metric.row, metric.case): metric for metric in metrics}
    pictures = {
        f"{row}.svg": _bars(heading, found[row, case])
        for row, case, heading in _BARS
        if (row, case) in found
    }
    cost = _cost(found)
    if len(cost.get(OURS, ())) > 1:
        ideal = [(workers, cost[OURS][0][1]) for workers, _ in cost[OURS]]
        pictures["update_cost.svg"] = plot.lines(
            "Processor time of one update of 64 KiB, the whole tree",
            ("", "s"),
            ("workers", "CPU per update"),
            {_plain(name): line for name, line in cost.items()},
            ideal,
        )
    readers = [
        plot.BarOf(match[1], metric.spread(OURS), True)
        for (row, case), metric in found.items()
        if (match := _READERS.fullmatch(case)) and row == "scale"
    ]
    if readers:
        pictures["scale.readers.svg"] = plot.bars(
            "The writer's processor time for one publication of 1 KiB", "s", readers
        )
    flips = _flips(found)
    if len(flips) > 1:
        pictures["scale.svg"] = plot.lines(
            "Versions published of so many flips per second",
            ("/s", "/s"),
            ("flips per second", "versions per second"),
            {_plain(OURS): flips},
            [(made, made) for made, _ in flips],
        )
    return pictures


def _bars(heading: str, metric: Metric) -> str:
    return plot.bars(
        heading,
        metric.unit,
        [
            plot.BarOf(_plain(name), metric.spread(name), name == OURS)
            for name in metric.samples
        ],
    )


def _plain(name: str) -> str:
    return title(name).replace("*", "")


def _cost(
    found: Mapping[tuple[str, str], Metric],
) -> dict[str, list[tuple[float, float]]]:
    """Return for each peer its cost by the number of workers."""
    cost: dict[str, list[tuple[float, float]]] = {}
    for (row, case), metric in found.items():
        match = _COST.fullmatch(case)
        if row == "update_cost" and match is not None:
            for name in metric.samples:
                # A cost that is as good as none has no place on the scale.
                value = max(1e-4, metric.spread(name).median)
                cost.setdefault(name, []).append((float(match[1]), value))
    return {name: sorted(line) for name, line in cost.items() if len(line) > 1}


def _flips(
    found: Mapping[tuple[str, str], Metric],
) -> Sequence[tuple[float, float]]:
    """Return the versions per second by the flips per second that were made."""
    rates: dict[str, dict[str, float]] = {}
    for (row, case), metric in found.items():
        match = _FLIPS.fullmatch(case)
        if row == "scale" and match is not None:
            rates.setdefault(match[2], {})[match[1]] = metric.spread(OURS).median
    return sorted(
        (pair["flips made"], max(1.0, pair["published"])) for pair in rates.values()
    )
