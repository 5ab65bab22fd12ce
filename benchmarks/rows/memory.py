"""
What a server takes of the memory: all of it, a worker, and liveconfig's publisher.

Owns: the row `memory`.
Must not know: what the memory is used for.
Runs in: the measuring process.

PSS counts what processes share by their number, so the sum over a tree is what the
machine gives for it. Only one server is up at a time: a second one would share the
interpreter with the first and make both look smaller.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from functools import partial

import psutil

from benchmarks import doors, processes, stage
from benchmarks.documents import KIB
from benchmarks.figures import Metric
from benchmarks.peers import CONSTANT, OURS
from benchmarks.plan import Plan
from benchmarks.progress import Bar
from tests.support.eventually import eventually

_WORKERS = 4
_REQUESTS = 50
_TREE, _WORKER, _PUBLISHER = "whole tree, 4 workers", "worker", "publisher"
_BEYOND = "worker, beyond"
_FRESH_SECONDS = 30.0

_Cells = defaultdict[str, dict[str, list[float]]]


def measure(plan: Plan, bar: Bar) -> list[Metric]:
    """Return the metrics of the row."""
    cells: _Cells = defaultdict(dict)
    for number in range(plan.memory_rounds):
        for place, name in enumerate(plan.peers):
            done = number * len(plan.peers) + place
            bar.at(done, plan.memory_rounds * len(plan.peers), name)
            with stage.side(name, workers=_WORKERS, size=KIB) as side:
                _work(side, plan.memory_flips)
                _look(side, cells)
    _compare(cells)
    return [Metric("memory", case, "MiB", cells[case]) for case in cells]


def _work(side: stage.Side, flips: int) -> None:
    """Have every worker answer, and take some changes where a change comes at once."""
    for port in side.all_ports() * _REQUESTS:
        doors.ask(port)
    if side.name == CONSTANT or side.peer.restarts or side.peer.period_seconds:
        return
    for _ in range(flips):
        message = side.prepare()
        side.volume.swap()
        for port in side.all_ports():
            eventually(partial(_is_fresh, port, message), _FRESH_SECONDS)
        side.volume.clean()


def _is_fresh(port: int, message: bytes) -> bool:
    with suppress(ConnectionError):
        return doors.ask(port) == message
    return False


def _look(side: stage.Side, cells: _Cells) -> None:
    def note(case: str, mib: float) -> None:
        cells[case].setdefault(side.name, []).append(mib)

    workers = sorted(map(processes.pss_mib, side.server.worker_pids))
    note(_TREE, sum(map(processes.pss_mib, side.tree())))
    note(_WORKER, workers[len(workers) // 2])
    publisher: psutil.Process | None = side.publisher()
    if publisher is not None:
        note(_PUBLISHER, processes.pss_mib(publisher.pid))


def _compare(cells: _Cells) -> None:
    """Add what a worker takes more than the constant's: what liveconfig costs there."""
    workers = cells[_WORKER]
    if OURS in workers and CONSTANT in workers:
        cells[_BEYOND] = {
            OURS: [
                ours - constant
                for ours, constant in zip(workers[OURS], workers[CONSTANT], strict=True)
            ]
        }
