"""
What a server does while nothing changes and nobody asks, and what it holds meanwhile.

Owns: the row `rest`.
Must not know: how anyone waits.
Runs in: the measuring process.

All servers rest at the same time, twice: once looked at from outside, and once through
strace, which itself wakes them. gunicorn's own heartbeat is in the constant's figures.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from benchmarks import doors, processes, stage
from benchmarks.documents import KIB
from benchmarks.figures import Metric
from benchmarks.peers import CONSTANT, OURS
from benchmarks.plan import Plan
from benchmarks.progress import Bar

_WORKERS = (4, 16)
# fs.inotify.max_user_instances, and each node's pods of one user share them.
_NODE_INSTANCES = 128
_SETTLE_SECONDS = 2.0


def measure(plan: Plan, bar: Bar) -> list[Metric]:
    """Return the metrics of the row."""
    few, many = _WORKERS
    with stage.sides(plan.peers, workers=few, size=KIB) as sides:
        for side in sides:
            for port in side.all_ports():
                doors.ask(port)
        time.sleep(_SETTLE_SECONDS)
        metrics = _metrics_of(sides, plan.rest_seconds, bar)
    names = [name for name in (OURS, "watchdog_thread") if name in plan.peers]
    with stage.sides(names, workers=many, size=KIB) as sides:
        for side in sides:
            side.all_ports()
        return [*metrics, *_held(sides, many)]


def _metrics_of(sides: Sequence[stage.Side], seconds: float, bar: Bar) -> list[Metric]:
    trees = {side.name: side.tree() for side in sides}
    publishers = {s.name: p.pid for s in sides if (p := s.publisher()) is not None}
    bar.at(1, 3, f"{seconds:.0f} s from outside")
    woken = _woken(trees, seconds)
    own = {name: woken[1][pid] for name, pid in publishers.items()}
    metrics = [
        Metric("rest", "wake-ups per minute", "", _beyond(woken[0], seconds)),
        Metric("rest", "publisher's wake-ups", "", _listed(own, seconds)),
        *_held(sides, sides[0].workers),
    ]
    bar.at(2, 3, f"{seconds:.0f} s by strace")
    pids = [pid for tree in trees.values() for pid in tree]
    if not processes.can_trace():
        # The targets that are about calls are then shown as not measured.
        return metrics
    calls = processes.system_calls(pids, seconds)
    threads = {pid: processes.threads(pid) for pid in pids}
    of_pid = {pid: sum(calls.get(thread, 0) for thread in threads[pid]) for pid in pids}
    of_tree = {name: sum(of_pid[pid] for pid in tree) for name, tree in trees.items()}
    own = {name: of_pid[pid] for name, pid in publishers.items()}
    return [
        *metrics,
        Metric("rest", "system calls per minute", "", _beyond(of_tree, seconds)),
        Metric("rest", "publisher's calls", "", _listed(own, seconds)),
    ]


def _woken(
    trees: dict[str, list[int]], seconds: float
) -> tuple[dict[str, int], dict[int, int]]:
    """Return how often each tree, and each process, ran in so many seconds."""
    pids = [pid for tree in trees.values() for pid in tree]
    before = {pid: processes.switches([pid]) for pid in pids}
    time.sleep(seconds)
    woken = {pid: processes.switches([pid]) - before[pid] for pid in pids}
    return {n: sum(woken[pid] for pid in tree) for n, tree in trees.items()}, woken


def _beyond(counts: dict[str, int], seconds: float) -> dict[str, list[float]]:
    """Return what each tree did per minute beyond what the constant's did."""
    anyway = counts.get(CONSTANT, 0)
    return _listed({name: count - anyway for name, count in counts.items()}, seconds)


def _listed(counts: dict[str, int], seconds: float) -> dict[str, list[float]]:
    return {name: [count * 60 / seconds] for name, count in counts.items()}


def _held(sides: Sequence[stage.Side], workers: int) -> tuple[Metric, Metric]:
    """Return the inotify instances of each tree, and how many pods fit on a node."""
    held = {side.name: processes.inotify_instances(side.tree()) for side in sides}
    return (
        Metric(
            "rest",
            f"inotify instances, {workers} workers",
            "",
            {name: [float(count)] for name, count in held.items()},
            group=f"With {workers} workers",
        ),
        Metric(
            "rest",
            f"pods of one user on a node, {workers} workers",
            "",
            {n: [float(_NODE_INSTANCES // held[n])] for n in held if held[n]},
            is_more_better=True,
            notes={name: "no limit" for name, count in held.items() if not count},
            group=f"With {workers} workers",
        ),
    )
