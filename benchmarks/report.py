"""
The results as a page: the targets, and a table for each row.

Owns: units, the Markdown.
Must not know: how anything is measured.
Runs in: the measuring process.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks import peers
from benchmarks.figures import Metric, ratio
from benchmarks.peers import OURS
from benchmarks.targets import Verdict

_SCALES = {
    "s": ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")),
    "/s": ((1e3, "k/s"), (1.0, "/s")),
    "MiB": ((1.0, "MiB"),),
    "": ((1.0, ""),),
}


@dataclass(frozen=True)
class Results:
    """
    All that a run has found.

    Attributes:
        machine: what the figures depend on, by name.
        rows: the rows that were measured.
        metrics: the figures.
        verdicts: the targets.
        absent: why a peer did not take part.
        failed: why a row could not be measured.
    """

    machine: Mapping[str, Any]
    rows: Sequence[str]
    metrics: Sequence[Metric]
    verdicts: Sequence[Verdict]
    absent: Mapping[str, str]
    failed: Mapping[str, str]

    def markdown(self, pictures: Collection[str] = ()) -> str:
        """Return the page, with those pictures of rows that are there."""
        parts = [
            "# Measured",
            _machine_text(self.machine),
            "## Targets",
            _targets_table(self.verdicts),
            "## Who takes part",
            _peers_table(self.absent),
            *(_row_text(row, self.metrics, pictures) for row in self.rows),
        ]
        parts += [
            f"`{row}` was not measured: {why}" for row, why in self.failed.items()
        ]
        return "\n\n".join(parts) + "\n"


def shown(value: float, unit: str) -> str:
    """Return a figure with three digits and a unit that fits it."""
    scale, name = next(
        (pair for pair in _SCALES[unit] if abs(value) >= pair[0]), _SCALES[unit][-1]
    )
    return f"{digits(value / scale)} {name}".rstrip()


def digits(value: float) -> str:
    """Return a number with three digits that count, and none that do not."""
    if value == 0 or not math.isfinite(value):
        return f"{value:.0f}"
    places = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def cell(metric: Metric, name: str) -> str:
    """Return a peer's figure: how many times ours, the median, the quartiles."""
    note = metric.notes.get(name, "")
    if not metric.samples.get(name):
        return note or "-"
    low, middle, high, number = metric.spread(name)
    text = shown(middle, metric.unit)
    if number > 1:
        text += f" ({shown(low, metric.unit)} to {shown(high, metric.unit)})"
    if len(metric.samples) > 1:
        times = ratio(metric.samples[name], metric.samples.get(OURS, ()))
        text = text if times is None else f"{digits(times)}x · {text}"
        text = f"**{text}**" if name in metric.best() else text
    return f"{text}, {note}" if note else text


def table(metrics: Sequence[Metric]) -> str:
    """Return a table of some metrics of one row: a line for each peer."""
    taking_part = {name for metric in metrics for name in metric.samples}
    names = [name for name in peers.NAMES if name in taking_part]
    lines = [[title(name), *(cell(found, name) for found in metrics)] for name in names]
    return _markdown_table(["", *(metric.case for metric in metrics)], lines)


def title(name: str) -> str:
    """Return the name of a peer as people know it; the module's where it is absent."""
    if peers.why_not(name):
        return name
    return peers.make(name, peers.NOWHERE).title


def machine_line(machine: Mapping[str, Any]) -> str:
    """Return in one line what the figures depend on."""
    return ", ".join(f"{name} {value}" for name, value in machine.items())


def _machine_text(machine: Mapping[str, Any]) -> str:
    return (
        f"{machine_line(machine)}.\n\n"
        "A cell says how many times liveconfig's figure it is, then the median and the "
        "quartiles. The best figure is bold."
    )


def _row_text(row: str, metrics: Sequence[Metric], pictures: Collection[str]) -> str:
    """Return a row's tables: one for each group, and one for what is ours alone."""
    mine = [metric for metric in metrics if metric.row == row]
    wide = [metric for metric in mine if len(metric.samples) > 1]
    narrow = [metric for metric in mine if len(metric.samples) == 1]
    parts = [f"## {row}"]
    parts += [
        f"![{name}]({name})" for name in pictures if name.partition(".")[0] == row
    ]
    for group in dict.fromkeys(metric.group for metric in wide):
        parts += [f"### {group}"] if group else []
        parts.append(table([metric for metric in wide if metric.group == group]))
    if narrow:
        parts.append(_narrow_table(narrow))
    return "\n\n".join(parts)


def _narrow_table(metrics: Sequence[Metric]) -> str:
    return _markdown_table(
        ["", "figure"],
        [
            [f"{metric.case} ({title(name)})", cell(metric, name)]
            for metric in metrics
            for name in metric.samples
        ],
    )


def _targets_table(verdicts: Sequence[Verdict]) -> str:
    return _markdown_table(
        ["row", "case", "target", "figure", "met"],
        [
            [
                verdict.target.row,
                verdict.target.case,
                _target_text(verdict),
                "-" if verdict.figure is None else digits(verdict.figure),
                {True: "yes", False: "**no**", None: "not measured"}[verdict.is_met],
            ]
            for verdict in verdicts
        ],
    )


def _target_text(verdict: Verdict) -> str:
    target = verdict.target
    times = "x" if target.rivals else ""
    return f"{target.relation} {digits(target.limit)}{times} {target.claim}"


def _peers_table(absent: Mapping[str, str]) -> str:
    return _markdown_table(
        ["peer", "how it is used", "a request evaluates"],
        [
            _peer_cells(name, absent.get(name) or peers.why_not(name))
            for name in peers.NAMES
        ],
    )


def _peer_cells(name: str, why_not: str) -> list[str]:
    if why_not:
        return [name, f"not measured: {why_not}", ""]
    peer = peers.make(name, peers.NOWHERE)
    return [peer.title, peer.says, f"`{peer.expression}`"]


def _markdown_table(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    columns = zip(headings, *lines, strict=True)
    widths = [max(3, *map(len, column)) for column in columns]
    rows = [headings, ["-" * width for width in widths], *lines]
    return "\n".join(f"| {' | '.join(map(str.ljust, row, widths))} |" for row in rows)
