"""
What one update costs: processor time of the whole tree, and reads of the file.

Owns: the row `update_cost`.
Must not know: who parses, and who waits for it.
Runs in: the measuring process.

A worker that looks only when it is asked has to be asked, so every worker is asked now
and then until it is fresh. What the same server takes for so many requests, and for
waiting so long, while nothing changes, is taken off.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from benchmarks import doors, processes, stage
from benchmarks.documents import KIB, MIB, SIZES
from benchmarks.figures import Metric
from benchmarks.peers import CONSTANT, FLOOR, OURS
from benchmarks.plan import Plan
from benchmarks.progress import Bar

_WORKERS = 4
# Who takes part in the grid, and the most workers with which a flip of 1 MiB ends soon.
_GRID = (OURS, "watchdog_thread", "sentry_options_refresh")
_WORKERS_MAX = {("watchdog_thread", MIB): 16, ("sentry_options_refresh", MIB): 16}
# The target on a parse per worker is about these, so they are in every run with them.
_DECISIVE, _DECISIVE_WORKERS = (OURS, "watchdog_thread"), 16
_ASK_EVERY_SECONDS = 0.02
_ASKS_BY_PERIOD = 10
_REST_SECONDS = 0.1
_GIVE_UP_SECONDS = 90.0
_CALIBRATION_ROUNDS = 5

_Cells = defaultdict[str, dict[str, list[float]]]


class Baseline(NamedTuple):
    """The processor time that a server takes anyway, in seconds."""

    per_request: float
    per_second: float


def measure(plan: Plan, bar: Bar) -> list[Metric]:
    """Return the metrics of the row."""
    cells: _Cells = defaultdict(dict)
    # What looks at every request has no price for a change, but one for each request.
    names = [name for name in plan.peers if name not in (CONSTANT, FLOOR)]
    servers = [(name, _WORKERS) for name in names if name not in _GRID]
    servers += [(name, n) for n in plan.grid_workers for name in _GRID if name in names]
    for number, (name, workers) in enumerate(servers):
        bar.at(number, len(servers), f"{name}, {workers} workers")
        _server(plan, name, workers, cells)
    return [
        Metric(
            "update_cost",
            case,
            "s" if case.startswith("CPU") else "",
            cells[case],
            group=_group(case),
        )
        for case in cells
    ]


def _group(case: str) -> str:
    """Return the table that a case goes into: one for each size of a config."""
    return case.split(", ")[2] if case.startswith("CPU") else "Reads of the file"


def _server(plan: Plan, name: str, workers: int, cells: _Cells) -> None:
    """Flip the volume of one server, with every size that it is asked about."""
    with stage.side(name, workers=workers, size=KIB) as side:
        baseline = _baseline(side)
        for size in _sizes(plan, name, workers):
            cpu = cells[f"CPU, {workers} workers, {SIZES[size]}"].setdefault(name, [])
            began = time.monotonic()
            while not cpu or (
                len(cpu) < plan.grid_flips
                and time.monotonic() < began + plan.cell_seconds
            ):
                cpu.append(_cpu_seconds_of_update(side, size, baseline))
        # Tracing takes its time, so the cost of that flip says nothing.
        if processes.can_trace():
            reads = cells[f"reads, {workers} workers"].setdefault(name, [])
            reads.append(_reads_of_update(side, KIB))


def _sizes(plan: Plan, name: str, workers: int) -> list[int]:
    if name not in _GRID:
        return [KIB]
    limits = ((size, _WORKERS_MAX.get((name, size), workers)) for size in SIZES)
    is_decisive = name in _DECISIVE and workers == _DECISIVE_WORKERS
    return [
        size
        for size, most in limits
        if workers <= most and (size in plan.grid_sizes or is_decisive)
    ]


def _baseline(side: stage.Side) -> Baseline:
    ports = side.all_ports()
    for port in ports:
        doors.ask(port)
    side.quiet()

    def rest() -> None:
        time.sleep(_REST_SECONDS)

    def ask() -> None:
        for port in ports * _CALIBRATION_ROUNDS:
            doors.ask(port)

    requests = len(ports) * _CALIBRATION_ROUNDS
    per_second = _cpu_seconds_of(side, rest) / _REST_SECONDS
    return Baseline(_cpu_seconds_of(side, ask) / requests, per_second)


def _cpu_seconds_of(side: stage.Side, action: Callable[[], None]) -> float:
    before = processes.cpu_seconds(side.pid)
    action()
    return processes.cpu_seconds(side.pid) - before


def _cpu_seconds_of_update(side: stage.Side, size: int, baseline: Baseline) -> float:
    """Flip, and return the processor time that it took of the whole tree."""
    message = side.prepare(size)
    before, began = processes.cpu_seconds(side.pid), time.monotonic()
    side.volume.swap()
    asked = _ask_until_fresh(side, message)
    side.quiet()
    took = time.monotonic() - began
    spent = processes.cpu_seconds(side.pid) - before
    side.volume.clean()
    anyway = asked * baseline.per_request + took * baseline.per_second
    return max(0.0, spent - anyway)


def _reads_of_update(side: stage.Side, size: int) -> int:
    """Flip, and return how often the file was read."""
    message = side.prepare(size)
    with processes.counted_reads(side.tree(), side.peer.key) as count:
        side.volume.swap()
        _ask_until_fresh(side, message)
        side.quiet()
    side.volume.clean()
    return count["reads"]


def _ask_until_fresh(side: stage.Side, message: bytes) -> int:
    """Ask every worker until it is fresh; return how many requests that took."""
    asked, fresh = 0, set[int]()
    # The time that a watcher needs is left to it, so that few requests are stale.
    pause = max(_ASK_EVERY_SECONDS, side.peer.period_seconds / _ASKS_BY_PERIOD)
    until = time.monotonic() + _GIVE_UP_SECONDS
    while time.monotonic() < until:
        time.sleep(pause)
        ports: Sequence[int] = side.ports()
        for port in ports:
            if port not in fresh:
                asked += 1
                with suppress(ConnectionError):
                    if doors.ask(port) == message:
                        fresh.add(port)
        if len(ports) >= side.workers and fresh >= set(ports):
            return asked
    raise RuntimeError(f"{side.name} is not fresh after {_GIVE_UP_SECONDS:.0f} s")
