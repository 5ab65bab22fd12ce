"""
How long after a flip the first worker, and the last, answers with the new config.

Owns: the row `propagation`.
Must not know: how a change is noticed.
Runs in: the measuring process.

The floor parses the file at each request, so nothing can be fresher. Every worker is
asked by the same client, one after the other and without a pause, on a port of its own.
What the kubelet deletes after the rename is deleted after the measurement.

That client's first request is under way before anyone can have parsed anything: a stale
answer and a fresh one, against one that is fresh at once. The second client is what
people have: a `curl`, started after the rename.
"""

from __future__ import annotations

import random
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from benchmarks import doors, stage
from benchmarks.documents import KIB, MIB, SIZES
from benchmarks.figures import Metric
from benchmarks.peers import CONSTANT, FLOOR, OURS
from benchmarks.plan import Plan
from benchmarks.progress import Bar

_WORKERS = 4
_CURL = "by curl, 1 KiB"
_CURL_EVERY = 3
# In the grid are those who have a chance; the most workers that each is asked with,
# for more would take a minute for one flip.
_GRID = (OURS, FLOOR, "mutex", "watchdog_thread", "sentry_options_refresh")
_WORKERS_MAX = {
    ("mutex", MIB): 0,
    ("mutex", 64 * KIB): 0,
    ("mutex", KIB): 1,
    (FLOOR, MIB): 1,
    (FLOOR, 64 * KIB): 16,
    ("watchdog_thread", MIB): 16,
    # Two peers with a watcher for each of 64 workers would take all of the 128 inotify
    # instances that a user may have; the other one is there with 64.
    ("sentry_options_refresh", KIB): 16,
    ("sentry_options_refresh", 64 * KIB): 16,
    ("sentry_options_refresh", MIB): 16,
}
_ASK_EVERY_SECONDS = 0.05
# A client that has waited for so long asks no more often than each millisecond.
_HASTE_SECONDS = 0.05
_GIVE_UP_SECONDS = 60.0

_Samples = dict[str, list[float]]
_Cells = defaultdict[str, _Samples]


class Delay(NamedTuple):
    """From the rename to the first fresh answer, and to that of the last worker."""

    first: float
    last: float


def measure(plan: Plan, bar: Bar) -> list[Metric]:
    """Return the metrics of the row."""
    cells: _Cells = defaultdict(dict)
    names = [name for name in plan.peers if name != CONSTANT]
    _all_peers(plan, names, cells, bar)
    for number, workers in enumerate(plan.grid_workers):
        bar.at(len(plan.grid_workers) + number, 2 * len(plan.grid_workers), "the grid")
        _grid(plan, [name for name in _GRID if name in names], workers, cells)
    return [
        Metric("propagation", case, "s", cells[case], group=_group(case))
        for case in cells
    ]


def _group(case: str) -> str:
    """Return the table that a case goes into: one for each number of workers."""
    if case == _CURL:
        return "One worker, asked by curl"
    return case.partition(" of ")[2].partition(",")[0] + " workers"


def _all_peers(plan: Plan, names: Sequence[str], cells: _Cells, bar: Bar) -> None:
    cells[_case("first", _WORKERS, KIB)] = {}
    cells[_case("all", _WORKERS, KIB)] = {}
    with stage.sides(names, workers=_WORKERS, size=KIB) as sides:
        for number in range(plan.flips):
            is_for_all = number % plan.others_every == 0
            for side in sides:
                if is_for_all or side.name in (OURS, FLOOR):
                    bar.at(number, 2 * plan.flips, f"{side.name}, flip {number + 1}")
                    _note(cells, side, KIB, delay(side, KIB))
                if number % _CURL_EVERY == 0 and side.name in (OURS, FLOOR):
                    by_curl = delay(side, KIB, _ask_by_curl, is_one_enough=True)
                    cells[_CURL].setdefault(side.name, []).append(by_curl.first)


def _grid(plan: Plan, names: Sequence[str], workers: int, cells: _Cells) -> None:
    sizes = [s for s in plan.grid_sizes if (workers, s) != (_WORKERS, KIB)]
    able = [name for name in names if any(_is_able(name, workers, s) for s in sizes)]
    with stage.sides(able, workers=workers, size=KIB) as sides:
        for size in sizes:
            turns = [side for side in sides if _is_able(side.name, workers, size)]
            _turns(plan, turns, size, cells)


def _is_able(name: str, workers: int, size: int) -> bool:
    return workers <= _WORKERS_MAX.get((name, size), workers)


def _turns(plan: Plan, sides: Sequence[stage.Side], size: int, cells: _Cells) -> None:
    """Flip in turns; ours and the floor more often, where a flip takes no time."""
    spent = {side.name: 0.0 for side in sides}
    for number in range(plan.flips // 3 if size == KIB else plan.grid_flips):
        for side in sides:
            is_due = number < plan.grid_flips or side.name in (OURS, FLOOR)
            if is_due and spent[side.name] <= plan.cell_seconds:
                taken = delay(side, size)
                spent[side.name] += taken.last
                _note(cells, side, size, taken)


def _note(cells: _Cells, side: stage.Side, size: int, delay: Delay) -> None:
    for what, seconds in zip(("first", "all"), delay, strict=True):
        case = _case(what, side.workers, size)
        cells[case].setdefault(side.name, []).append(seconds)


def _case(what: str, workers: int, size: int) -> str:
    return f"{what} fresh of {workers}, {SIZES[size]}"


def _ask_by_curl(port: int) -> bytes:
    command = ["curl", "-s", f"http://127.0.0.1:{port}/"]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout


def delay(
    side: stage.Side,
    size: int,
    ask: Callable[[int], bytes] = doors.ask,
    *,
    is_one_enough: bool = False,
) -> Delay:
    """Flip the volume of a server, and ask its workers until they are fresh."""
    _rest(side)
    message = side.prepare(size)
    began = side.volume.swap()
    fresh = _fresh_at(side, message, ask, 1 if is_one_enough else side.workers)
    side.volume.clean()
    return Delay(fresh[0] - began, fresh[-1] - began)


def _rest(side: stage.Side) -> None:
    """
    Wait until all is quiet; a peer that looks now and then is met at any moment of it.

    Its workers are asked meanwhile, as in any service: one that looks when it is asked
    would else have looked long ago, and find the change at the first request after it.
    """
    side.quiet()
    until = time.monotonic() + random.uniform(0, side.peer.period_seconds)
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, _ASK_EVERY_SECONDS))
        for port in side.ports():
            doors.ask(port)


def _fresh_at(
    side: stage.Side, message: bytes, ask: Callable[[int], bytes], wanted: int
) -> list[float]:
    """Ask all workers in turn, and return when each was first fresh."""
    began = time.perf_counter()
    moments: dict[int, float] = {}
    while True:
        # Only where workers come and go is it worth the look, each time.
        if not moments or side.peer.restarts:
            ports = side.ports()[: wanted if not side.peer.restarts else None]
        for port in ports:
            if port in moments:
                continue
            with suppress(ConnectionError):
                if ask(port) == message:
                    moments[port] = time.perf_counter()
        if len(moments) >= wanted and moments.keys() >= set(ports):
            return sorted(moments.values())
        waited = time.perf_counter() - began
        if waited > _GIVE_UP_SECONDS:
            raise RuntimeError(f"{side.name} is not fresh after {waited:.0f} s")
        if waited > _HASTE_SECONDS:
            time.sleep(0.001)
