"""
What it costs to read one value while nothing changes.

Owns: the row `read`.
Must not know: how any peer reads.
Runs in: the measuring process; the reads run in the workers, which time themselves.

All peers' servers are up at once, each with one `gthread` worker of eight threads, and
take turns. With eight threads it is the time of all reads together, by their number:
they share one interpreter lock, so it is what one thread costs where nothing is in the
way, and more where a lock is handed from thread to thread.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from benchmarks import doors, stage
from benchmarks.documents import KIB
from benchmarks.figures import Metric
from benchmarks.plan import Plan
from benchmarks.progress import Bar

_THREADS = 8
_CASES = {"1 thread": 1, f"{_THREADS} threads": _THREADS}
_ARGUMENTS = ("--worker-class=gthread", f"--threads={_THREADS}")
_CALIBRATION_CALLS = 20


def measure(plan: Plan, bar: Bar) -> list[Metric]:
    """Return the metrics of the row."""
    with (
        stage.sides(plan.peers, workers=1, size=KIB, arguments=_ARGUMENTS) as sides,
        ThreadPoolExecutor(_THREADS) as pool,
    ):
        calls = {side.name: _calls(side, pool, plan.read_seconds) for side in sides}
        samples: dict[str, dict[str, list[float]]] = {case: {} for case in _CASES}
        for number in range(plan.read_rounds):
            bar.at(number, plan.read_rounds, f"round {number + 1}")
            for side in sides:
                for case, threads in _CASES.items():
                    seconds = _seconds(side, pool, calls[side.name] // threads, threads)
                    samples[case].setdefault(side.name, []).append(seconds)
    return [Metric("read", case, "s", samples[case]) for case in _CASES]


def _calls(side: stage.Side, pool: ThreadPoolExecutor, seconds: float) -> int:
    """Return about how many reads take so long, at least one for each thread."""
    _seconds(side, pool, _CALIBRATION_CALLS, 1)
    once = _seconds(side, pool, _CALIBRATION_CALLS, 1)
    return max(_THREADS, int(seconds / once))


def _seconds(
    side: stage.Side, pool: ThreadPoolExecutor, calls: int, threads: int
) -> float:
    """Return what one read costs when so many threads read at the same time."""
    path = f"/reads?calls={calls}&parties={threads}"

    def ask(_: int) -> Sequence[int]:
        times: list[int] = json.loads(doors.ask(side.server.port, path))
        return times

    times = list(pool.map(ask, range(threads)))
    began, ended = min(first for first, _ in times), max(last for _, last in times)
    return (ended - began) / (calls * threads) / 1e9
