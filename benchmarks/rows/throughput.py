"""
Requests per second and how long each takes, against an application without a config.

Owns: the row `throughput`.
Must not know: what is served.
Runs in: the measuring process, and a client process forked from it.

One worker of each peer, all up at once, take turns. The volume of a server without a
config is flipped as well: what the flipping itself takes of the machine falls on all.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks import processes, stage
from benchmarks.documents import KIB, MIB
from benchmarks.figures import Metric, percentile
from benchmarks.load import Client, Load
from benchmarks.peers import CONSTANT, OURS
from benchmarks.plan import Plan
from benchmarks.progress import Bar
from tests.support.children import Child

# Seconds between two flips, and the size of the config; None does not flip.
_CASES: dict[str, tuple[float, int] | None] = {
    "no flips": None,
    "a flip each 100 ms": (0.1, KIB),
    "a flip of 1 MiB each s": (1.0, MIB),
}
_LARGE = (OURS, CONSTANT, "watchdog_thread", "sentry_options_refresh")
_PERCENTILES = (50.0, 99.0, 99.9)

_Cells = defaultdict[str, dict[str, list[float]]]


def measure(plan: Plan, bar: Bar) -> list[Metric]:
    """Return the metrics of the row."""
    cells: _Cells = defaultdict(dict)
    failed: dict[str, int] = defaultdict(int)
    with stage.sides(plan.peers, workers=1, size=KIB) as sides:
        for side in sides:
            _run(side, None, plan.load_seconds)
        for number in range(plan.load_rounds):
            is_for_all = number % plan.load_others_every == 0
            bar.at(number, plan.load_rounds, f"round {number + 1}")
            for case, flips in _CASES.items():
                for side in sides[:: 1 if number % 2 else -1]:
                    if not (is_for_all or side.name in (OURS, CONSTANT)):
                        continue
                    is_large = flips is not None and flips[1] == MIB
                    if is_large and (side.name not in _LARGE or number % 2):
                        continue
                    before = processes.cpu_seconds(side.pid)
                    load = _run(side, flips, plan.load_seconds * (2 if is_large else 1))
                    spent = processes.cpu_seconds(side.pid) - before
                    failed[side.name] += load.failed
                    _note(cells, case, side.name, load, spent)
    notes = {name: f"{count} failed" for name, count in failed.items() if count}
    return [
        Metric(
            "throughput",
            case,
            "/s" if case.startswith("requests") else "s",
            cells[case],
            is_more_better=case.startswith("requests"),
            notes=notes if case.startswith("requests") else {},
            group=case.partition(", ")[2],
        )
        for case in cells
    ]


def _run(side: stage.Side, flips: tuple[float, int] | None, seconds: float) -> Load:
    """Keep the worker of one server busy for a while."""
    with _flipped(side, flips):
        load: Load = Child(lambda: Client(side.server.port).run(seconds)).result()
        return load


@contextmanager
def _flipped(side: stage.Side, flips: tuple[float, int] | None) -> Iterator[None]:
    """Flip the volume of a server again and again meanwhile, in a thread."""
    is_over = threading.Event()

    def flip(every_seconds: float, size: int) -> None:
        is_first = True
        while is_first or not is_over.wait(every_seconds):
            is_first = False
            side.prepare(size)
            side.volume.swap()
            side.volume.clean()

    thread = threading.Thread(target=flip, args=flips or (0.0, 0))
    if flips is not None:
        thread.start()
    try:
        yield
    finally:
        is_over.set()
        if flips is not None:
            thread.join()
            # Its neighbour must not be measured while it still parses.
            side.settle()


def _note(cells: _Cells, case: str, name: str, load: Load, spent: float) -> None:
    cells[f"requests, {case}"].setdefault(name, []).append(load.rate)
    if load.latencies:
        for percent in _PERCENTILES:
            seconds = percentile(load.latencies, percent)
            cells[f"p{percent:g}, {case}"].setdefault(name, []).append(seconds)
        by_request = spent / len(load.latencies)
        cells[f"CPU by request, {case}"].setdefault(name, []).append(by_request)
