"""
From the start of the command to the first answer.

Owns: the row `start`.
Must not know: what is done at a start.
Runs in: the measuring process.

The request waits in the socket's queue from the first moment on, so it is answered as
soon as a worker can, and no polling adds to the time.
"""

from __future__ import annotations

import time

from benchmarks import doors, stage
from benchmarks.documents import KIB
from benchmarks.figures import Metric
from benchmarks.plan import Plan
from benchmarks.progress import Bar

_WORKERS = 4


def measure(plan: Plan, bar: Bar) -> list[Metric]:
    """Return the metrics of the row."""
    samples: dict[str, list[float]] = {}
    for number in range(plan.start_rounds):
        for place, name in enumerate(plan.peers):
            done = number * len(plan.peers) + place
            bar.at(done, plan.start_rounds * len(plan.peers), name)
            samples.setdefault(name, []).append(_seconds(name))
    return [Metric("start", "first answer, 4 workers", "s", samples)]


def _seconds(name: str) -> float:
    with stage.directory() as place:
        side = stage.Side(name, place, _WORKERS, KIB)
        began = time.perf_counter()
        side.start(())
        try:
            doors.ask(side.server.port)
            return time.perf_counter() - began
        finally:
            side.wait()
            side.stop()
