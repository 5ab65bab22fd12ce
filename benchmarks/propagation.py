"""
How long after a flip the first worker, and the last, answers with the new config.

Owns: the row `propagation`.
Must not know: how a change is noticed.
Runs in: the measuring process.

The floor parses the file at each request, so nothing can be fresher. Both sides are
asked by the same client, worker after worker, on ports of the workers' own; they take
turns flip by flip, and what the kubelet deletes after the rename is deleted after the
measurement, where it can neither help nor hurt.

That client asks without a pause, so its first request is under way before the publisher
can have parsed anything: a stale answer and a fresh one, against one that is fresh at
once. The second client is what people have: a `curl`, started after the rename.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import NamedTuple

from benchmarks import door, stage
from benchmarks.report import Line, at_most, median, percentile, progress

_WORKERS = 4
# Longer than the settling time, so that each flip finds a watcher at rest.
_PAUSE_SECONDS = 0.06
_CURL_EVERY = 3
_LIMIT_MEDIAN, _LIMIT_P99 = 1.2, 2.0

# Ask the worker behind a port, and return the body of its answer.
_Ask = Callable[[int], bytes]


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
        self.curl_delays: list[Delay] = []

    def flip(self, number: int) -> None:
        """Ask until all workers are fresh, and note how long that took."""
        self.delays.append(self._delay(number, self._ports, _ask))

    def flip_for_curl(self, number: int) -> None:
        """Ask one worker by curl until it is fresh, and note how long that took."""
        self.curl_delays.append(self._delay(number, self._ports[:1], _ask_by_curl))

    def _delay(self, number: int, ports: Sequence[int], ask: _Ask) -> Delay:
        message = f"message-{number:06}"
        time.sleep(_PAUSE_SECONDS)
        self._volume.prepare(stage.small_document(message))
        began = self._volume.swap()
        fresh = _fresh_at(ports, message.encode(), ask)
        self._volume.clean()
        return Delay(fresh[0] - began, fresh[-1] - began)


def _ask(port: int) -> bytes:
    return door.ask(port).body


def _ask_by_curl(port: int) -> bytes:
    command = ["curl", "-s", f"http://127.0.0.1:{port}/"]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout


def _fresh_at(ports: Sequence[int], message: bytes, ask: _Ask) -> list[float]:
    moments: list[float] = []
    waiting = list(ports)
    while waiting:
        for port in tuple(waiting):
            if ask(port) == message:
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
                if number % _CURL_EVERY == 0:
                    side.flip_for_curl(flips + number)
    first, last, by_curl = (
        [[getattr(delay, what) * 1e3 for delay in delays] for delays in pair]
        for what, pair in (
            ("first", (ours.delays, floor.delays)),
            ("last", (ours.delays, floor.delays)),
            ("first", (ours.curl_delays, floor.curl_delays)),
        )
    )
    return [
        *_lines("first fresh answer", *first),
        *_lines("first fresh answer by curl", *by_curl),
        *_lines(f"all {_WORKERS} workers fresh", *last),
    ]


def _side(stack: ExitStack, config_file: stage.Path, app: str) -> Side:
    volume = stack.enter_context(stage.volume(stage.small_document("start")))
    path = volume.path(stage.KEY)
    server = stack.enter_context(stage.server(path, config_file, app, workers=_WORKERS))
    return Side(volume, door.doors(server))


def _lines(what: str, mine: list[float], other: list[float]) -> list[Line]:
    return [
        at_most(
            "propagation",
            f"{what}, {label} of {len(mine)} flips; floor re-reads",
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
