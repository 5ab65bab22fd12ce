"""
Every target, as data: what is compared, and how far it may go.

Owns: the targets; whether one is met.
Must not know: how anything is measured or shown.
Runs in: the measuring process.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from benchmarks.figures import Metric, percentile, ratio
from benchmarks.peers import CONSTANT, FLOOR, OURS


@dataclass(frozen=True)
class Target:
    """
    One claim about one metric.

    Attributes:
        claim: what is promised, in a few words.
        row: the metric's row.
        case: the metric's case.
        limit: the figure that decides.
        rivals: the peers that ours is compared with: each has to be beaten. None at
            all: the figure is ours alone.
        is_rival_over_ours: the figure is how many times more the rival takes, and has
            to be at least the limit. Else it is how many times more ours takes.
        is_at_least: whether the figure has to be at least the limit, or at most.
        percent: the percentile that decides; None takes the median.
        name: the peer that counts as ours.
    """

    claim: str
    row: str
    case: str
    limit: float
    rivals: tuple[str, ...] = ()
    is_rival_over_ours: bool = False
    is_at_least: bool = False
    percent: float | None = None
    name: str = OURS

    @property
    def relation(self) -> str:
        """How figure and limit have to stand to each other."""
        return ">=" if self.is_at_least or self.is_rival_over_ours else "<="


class Verdict(NamedTuple):
    """A target, its figure, and whether it is met; None where it was not measured."""

    target: Target
    figure: float | None
    is_met: bool | None


def within(
    claim: str, row: str, case: str, limit: float, rival: str, **more: object
) -> Target:
    """Return the target that ours takes at most `limit` times what a rival takes."""
    return Target(claim, row, case, limit, (rival,), **more)  # type: ignore[arg-type]


def faster(claim: str, row: str, case: str, limit: float, *rivals: str) -> Target:
    """Return the target that each rival takes at least `limit` times what ours does."""
    return Target(claim, row, case, limit, rivals, is_rival_over_ours=True)


# So many requests may have no answer until a config that aborts 4 workers is gone.
LOST_MAX = {"watch": 4, "canary": 1}
_SENTRY = ("sentry_options", "sentry_options_refresh")
_CROSSING = ("mp_manager", "stash")
_FLIPPING = "a flip each 100 ms"
_WORKERS = (1, 4, 16, 64)

TARGETS = (
    *(
        within("a plain attribute through a method", "read", case, 2.0, CONSTANT)
        for case in ("1 thread", "8 threads")
    ),
    faster("faster than sentry-options", "read", "1 thread", 2.5, *_SENTRY),
    faster("faster than a lock", "read", "1 thread", 3.0, "mutex"),
    faster("faster than what asks a process", "read", "1 thread", 100.0, *_CROSSING),
    *(
        within(
            f"the re-reading floor, {what} fresh",
            "propagation",
            f"{what} fresh of {workers}, 1 KiB",
            1.2,
            FLOOR,
        )
        for workers in _WORKERS
        for what in ("first", "all")
    ),
    within(
        "the re-reading floor, by curl", "propagation", "by curl, 1 KiB", 1.2, FLOOR
    ),
    within(
        "the re-reading floor, p99",
        "propagation",
        "first fresh of 4, 1 KiB",
        2.0,
        FLOOR,
        percent=99.0,
    ),
    faster(
        "faster than a tick of 1 s",
        "propagation",
        "first fresh of 1, 1 KiB",
        200.0,
        "mutex",
    ),
    *(
        within(
            "the constant's requests per second",
            "throughput",
            f"requests, {case}",
            0.98,
            CONSTANT,
            is_at_least=True,
        )
        for case in ("no flips", _FLIPPING)
    ),
    within("the constant's p99", "throughput", f"p99, {_FLIPPING}", 1.1, CONSTANT),
    within(
        "the constant's p99, 1 MiB",
        "throughput",
        "p99, a flip of 1 MiB each s",
        2.0,
        CONSTANT,
    ),
    Target(
        "requests of those without counting",
        "counting",
        "requests, of those without",
        0.99,
        is_at_least=True,
    ),
    *(
        Target("reads of the file", "update_cost", f"reads, {workers} workers", 1.0)
        for workers in _WORKERS
    ),
    faster(
        "cheaper than a parse per worker",
        "update_cost",
        "CPU, 16 workers, 1 MiB",
        10.0,
        "watchdog_thread",
    ),
    Target("MiB of the publisher", "memory", "publisher", 25.0),
    Target("MiB of a worker beyond the constant's", "memory", "worker, beyond", 1.0),
    Target("inotify instances", "rest", "inotify instances, 4 workers", 1.0),
    Target("inotify instances", "rest", "inotify instances, 16 workers", 1.0),
    Target("system calls of the publisher", "rest", "publisher's calls", 0.0),
    Target("wake-ups of the publisher", "rest", "publisher's wake-ups", 0.0),
    *(
        Target(
            "s from the publisher's death",
            "recovery",
            f"all fresh of 4 after its death, {size}",
            2.0,
        )
        for size in ("1 KiB", "1 MiB")
    ),
    within(
        "a new interpreter's parse",
        "recovery",
        "all fresh of 4 after its death, 1 MiB",
        2.0,
        FLOOR,
    ),
    *(
        Target(claim, "withdrawal", f"until all are back, {place}", limit, percent=part)
        for place in ("4 workers, 200 requests/s", "16 workers, 200 requests/s")
        for claim, limit, part in (("s", 0.3, None), ("s, at worst", 2.0, 100.0))
    ),
    *(
        Target(
            "requests that fail, at worst",
            "withdrawal",
            f"requests that fail, 4 workers, {rate} requests/s",
            40.0,
            percent=100.0,
        )
        for rate in (200, 1000)
    ),
    *(
        Target(
            f"{where}, at worst",
            "withdrawal",
            f"{where} with a config that aborts, {mode}",
            limit,
            percent=100.0,
        )
        for mode, most in LOST_MAX.items()
        for where, limit in (("requests lost", most), ("lost after a restart", 0))
    ),
    *(
        Target("of the time without a trial", "trial", f"{what} fresh, of off's", 1.05)
        for what in ("first", "all")
    ),
    Target("good changes taken back", "good_changes", "taken back", 0.0),
    Target(
        "the last flip arrives", "scale", "last flip arrives", 1.0, is_at_least=True
    ),
)


def judge(metrics: Iterable[Metric], rows: Iterable[str]) -> list[Verdict]:
    """Return the verdict on each target of the rows that were measured."""
    found = {(metric.row, metric.case): metric for metric in metrics}
    measured = set(rows)
    return [
        verdict(target, found.get((target.row, target.case)))
        for target in TARGETS
        if target.row in measured
    ]


def verdict(target: Target, metric: Metric | None) -> Verdict:
    """Return the verdict on one target."""
    figure = None if metric is None else _figure(target, metric)
    if figure is None:
        return Verdict(target, None, None)
    is_met = (
        figure >= target.limit if target.relation == ">=" else figure <= target.limit
    )
    return Verdict(target, figure, is_met)


def _figure(target: Target, metric: Metric) -> float | None:
    ours = metric.samples.get(target.name, ())
    if not ours:
        return None
    if not target.rivals:
        return percentile(ours, 50.0 if target.percent is None else target.percent)
    figures = [
        _compared(target, ours, metric.samples[rival])
        for rival in target.rivals
        if rival in metric.samples
    ]
    known = [figure for figure in figures if figure is not None]
    if not known:
        return None
    return min(known) if target.relation == ">=" else max(known)


def _compared(target: Target, ours: object, rival: object) -> float | None:
    mine, other = list(ours), list(rival)  # type: ignore[call-overload]
    if target.percent is not None:
        mine = [percentile(mine, target.percent)]
        other = [percentile(other, target.percent)]
    over, under = (other, mine) if target.is_rival_over_ours else (mine, other)
    return ratio(over, under)
