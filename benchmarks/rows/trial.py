"""
What a trial takes: of a publication, and of the publisher while it is under way.

Owns: the row `trial`.
Must not know: how often is looked, and at what.
Runs in: the measuring process.

Two servers take turns, one that tries each config and one that takes it for proven at
once. A flip of one is compared with the next flip of the other, and so is what their
publishers have taken of a processor a second later: in that second it is looked most
often. What a look takes later is seen over a longer time in which nothing else happens;
that there is none after a trial, in the row `rest`.
"""

from __future__ import annotations

import time

from benchmarks import processes, stage
from benchmarks.documents import KIB
from benchmarks.figures import Metric
from benchmarks.peers import OURS
from benchmarks.plan import Plan
from benchmarks.progress import Bar
from benchmarks.rows.propagation import Delay, delay

_WORKERS = 4
_ON = {"LIVECONFIG_TRIAL": "watch", "LIVECONFIG_TRIAL_SECONDS": "3600"}
_OFF = {"LIVECONFIG_TRIAL": "off"}
_FIRST_SECONDS = 1.0
_FIRST_EVERY = 5


def measure(plan: Plan, bar: Bar) -> list[Metric]:
    """Return the metrics of the row."""
    with (
        stage.side(OURS, workers=_WORKERS, size=KIB, environ=_ON) as tried,
        stage.side(OURS, workers=_WORKERS, size=KIB, environ=_OFF) as other,
    ):
        flips = _flips([tried, other], plan.trial_flips, bar)
        rounds = 1 + plan.trial_flips // _FIRST_EVERY
        first = [_first_second(tried) - _first_second(other) for _ in range(rounds)]
        bar.at(2, 3, f"{plan.rest_seconds:.0f} s of a trial")
        return [
            *flips,
            _metric("CPU of its first second, beyond a flip's", "s", first),
            *_later(tried, plan.rest_seconds),
        ]


def _flips(sides: list[stage.Side], rounds: int, bar: Bar) -> list[Metric]:
    """Return how soon workers are fresh with a trial and without, and the ratios."""
    delays: list[list[Delay]] = []
    for number in range(rounds):
        bar.at(number, 2 * rounds, f"flip {number + 1}")
        turns = sides[:: 1 if number % 2 else -1]
        found = {id(side): delay(side, KIB) for side in turns}
        delays.append([found[id(side)] for side in sides])
    metrics = []
    for place, what in enumerate(("first", "all")):
        tried, other = ([pair[each][place] for pair in delays] for each in (0, 1))
        ratios = [mine / theirs for mine, theirs in zip(tried, other, strict=True)]
        metrics += [
            _metric(f"{what} fresh, of off's", "", ratios),
            _metric(f"{what} fresh", "s", tried),
            _metric(f"{what} fresh, off", "s", other),
        ]
    return metrics


def _first_second(side: stage.Side) -> float:
    """Return what the publisher takes of a processor from a flip to a second later."""
    side.settle()
    pid = _publisher(side)
    before = processes.cpu_seconds(pid)
    side.change()
    time.sleep(_FIRST_SECONDS)
    return processes.cpu_seconds(pid) - before


def _later(side: stage.Side, seconds: float) -> list[Metric]:
    """Return what the publisher does while a trial goes on and nothing happens."""
    side.settle()
    pid = _publisher(side)
    spent, woken = processes.cpu_seconds(pid), processes.switches([pid])
    time.sleep(seconds)
    spent = processes.cpu_seconds(pid) - spent
    woken = processes.switches([pid]) - woken
    metrics = [
        _metric("CPU of a later second", "s", [spent / seconds]),
        _metric("publisher's wake-ups in a later second", "", [woken / seconds]),
    ]
    if processes.can_trace():
        calls = sum(processes.system_calls([pid], seconds).values()) / seconds
        metrics.append(_metric("publisher's calls in a later second", "", [calls]))
    return metrics


def _publisher(side: stage.Side) -> int:
    publisher = side.publisher()
    assert publisher is not None
    return publisher.pid


def _metric(case: str, unit: str, samples: list[float]) -> Metric:
    return Metric("trial", case, unit, {OURS: samples})
