"""
How long after a flip the first worker, and the last, answers with the new config.

Owns: the row `propagation`.
Must not know: how a change is noticed.
Runs in: the measuring process.

The floor parses the file at each request, so nothing can be fresher. Both sides are
asked by the same client, worker after worker, on ports of the workers' own; they take
turns flip by flip, and what the kubelet deletes after the rename is deleted after the
measurement, where it can neither help nor hurt.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import NamedTuple

from benchmarks import stage
from benchmarks.door import ask, doors
from benchmarks.report import Line, at_most, median, percentile, progress

_WORKERS = 4
# Longer than the settling time, so that each flip finds a watcher at rest.
_PAUSE_SECONDS = 0.04
_LIMIT_MEDIAN, _LIMIT_P99 = 1.2, 2.0


class Delay(NamedTuple):
    """From the rename to the first fresh answer, and to that of the last worker."""

    first: float
    last: float


class Side:
    """One server on a volume of its own."""

    def __init__(self, volume: stage.TimedVolume, ports: Sequence[int]) -> None:
        """Measure the server with these doors."""
        self._volume = volume
        self._ports = ports
        self.delays: list[Delay] = []

    def flip(self, number: int) -> None:
        """Flip, ask until all workers are fresh, and note how long that took."""
        message = f"message-{number:06}"
        self._volume.prepare(stage.small_document(message))
        time.sleep(_PAUSE_SECONDS)
        began = self._volume.swap()
        fresh = _fresh_at(self._ports, message.encode())
        self.delays.append(Delay(fresh[0] - began, fresh[-1] - began))
        self._volume.clean()


def _fresh_at(ports: Sequence[int], message: bytes) -> list[float]:
    moments: list[float] = []
    waiting = list(ports)
    while waiting:
        for port in tuple(waiting):
            if ask(port).body == message:
                moments.append(time.perf_counter())
                waiting.remove(port)
    return moments


def measure(is_quick: bool) -> list[Line]:
    """Return the lines of the row."""
    flips = 60 if is_quick else 300
    with ExitStack() as stack:
        ours = _side(stack, stage.LIVE, "benchmarks.live_app:app")
        floor = _side(stack, stage.DOOR, "benchmarks.floor_app:app")
        for number in range(flips):
            if number % 50 == 0:
                progress(f"propagation: flip {number} of {flips}")
            for side in (ours, floor) if number % 2 else (floor, ours):
                side.flip(number)
    return [
        line for what in ("first", "last") for line in _lines(what, ours, floor, flips)
    ]


def _side(stack: ExitStack, config_file: stage.Path, app: str) -> Side:
    volume = stack.enter_context(stage.volume(stage.small_document("start")))
    path = volume.path(stage.KEY)
    server = stack.enter_context(stage.server(path, config_file, app, workers=_WORKERS))
    return Side(volume, doors(server))


def _lines(what: str, ours: Side, floor: Side, flips: int) -> list[Line]:
    mine = [getattr(delay, what) * 1e3 for delay in ours.delays]
    other = [getattr(delay, what) * 1e3 for delay in floor.delays]
    name = {"first": "first fresh answer", "last": f"all {_WORKERS} workers fresh"}
    return [
        at_most(
            "propagation",
            f"{name[what]}, {label} of {flips} flips; floor re-reads",
            figure(mine),
            figure(other),
            limit,
            "ms",
        )
        for label, figure, limit in (
            ("median", median, _LIMIT_MEDIAN),
            ("p99", lambda values: percentile(values, 99), _LIMIT_P99),
        )
    ]
