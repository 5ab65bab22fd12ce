"""
Good changes under requests of which some fail at random: how many are taken back.

Owns: the row `good_changes`.
Must not know: by which rule a config is judged.
Runs in: the measuring process.

Each change has a trial of its own, from its begin to its end, as short as a trial may
be. Some services are changed at the same time, each with requests and a share of the
changes of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any, NamedTuple

from benchmarks import stage
from benchmarks.documents import KIB
from benchmarks.figures import Metric
from benchmarks.pace import Pace
from benchmarks.peers import OURS, failing
from benchmarks.plan import Plan
from benchmarks.progress import Bar
from tests.support.eventually import eventually

_SERVICES = 4
_WORKERS = 2
_RATE = 100
_SHARE = 0.01
_TRIAL_SECONDS = 1
_ENVIRON = {
    "BENCHMARK_APPLICATION": failing.APPLICATION,
    failing.SHARE: str(_SHARE),
    "LIVECONFIG_TRIAL_SECONDS": str(_TRIAL_SECONDS),
}


class Outcome(NamedTuple):
    """What became of the changes of one service, and of its requests meanwhile."""

    taken_back: int
    requests: int
    failed: int


def measure(plan: Plan, bar: Bar) -> list[Metric]:
    """Return the metrics of the row."""
    done = list[int]()

    def note() -> None:
        done.append(1)
        bar.at(len(done), plan.good_changes, f"{len(done)} changes")

    began = time.monotonic()
    with ExitStack() as stack:
        sides = [stack.enter_context(_side()) for _ in range(_SERVICES)]
        shares = [len(range(n, plan.good_changes, _SERVICES)) for n in range(_SERVICES)]
        with ThreadPoolExecutor(_SERVICES) as pool:
            outcomes = list(pool.map(_changed, sides, shares, [note] * _SERVICES))
        seconds = time.monotonic() - began
    requests = sum(each.requests for each in outcomes)
    failed = sum(each.failed for each in outcomes)
    return [
        _metric("taken back", "", sum(each.taken_back for each in outcomes)),
        _metric("changes", "", len(done)),
        _metric("share of requests that failed", "", failed / max(1, requests)),
        _metric("requests in a trial", "", requests / max(1, len(done))),
        _metric("time of it all", "s", seconds),
    ]


def _side() -> Any:
    return stage.side(OURS, workers=_WORKERS, size=KIB, environ=_ENVIRON)


def _changed(side: stage.Side, changes: int, note: Callable[[], None]) -> Outcome:
    """Change the config of one service again and again, each time after the trial."""
    eventually(lambda: _outcome(side))
    taken_back = 0
    with Pace(side.server.port, _RATE) as pace:
        for _ in range(changes):
            before = side.server.status()["version"]
            side.change()
            time.sleep(_TRIAL_SECONDS)
            taken_back += eventually(partial(_outcome, side, before)) == "withdrawn"
            note()
    return Outcome(taken_back, len(pace.ended), len(pace.failed()))


def _outcome(side: stage.Side, after: int = 0) -> str:
    """Return what became of the newest change, "" while it is on trial."""
    status = side.server.status()
    if status["version"] <= after or status["trial"] is not None:
        return ""
    return "withdrawn" if status["withdrawn"] else "proven"


def _metric(case: str, unit: str, value: float) -> Metric:
    return Metric("good_changes", case, unit, {OURS: [value]})
