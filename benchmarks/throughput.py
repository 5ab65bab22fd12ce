"""
Requests per second of the reference service and of an application without any config.

Owns: the row `throughput`, the client for it.
Must not know: what is served.
Runs in: the measuring process, and a client process forked from it.

One worker is kept busy by a client on the other core that always has several requests
waiting, so the rate is what the worker can do and not what the client can. The worker's
processor time per request is told beside it: other load on the machine touches it less.
"""

from __future__ import annotations

import select
import socket
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks import stage
from benchmarks.report import Line, median, progress
from tests.support.children import Child
from tests.support.server import CONFIG_FILE, Server

_WAITING_REQUESTS = 8
_REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
_LIMIT = 0.97


class Side:
    """One server with one worker."""

    def __init__(self, server: Server) -> None:
        """Measure `server`."""
        self._port = server.port
        (self._worker,) = server.worker_pids
        self.rates: list[float] = []
        self.costs: list[float] = []

    def run(self, seconds: float) -> None:
        """Keep the worker busy for a while and note what it did."""
        before = _cpu_seconds(self._worker)
        count, took = Child(lambda: _load(self._port, seconds)).result()
        self.rates.append(count / took)
        self.costs.append((_cpu_seconds(self._worker) - before) / count * 1e6)


def _cpu_seconds(pid: int) -> float:
    """Return the time a process was on a processor, to the nanosecond."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def _load(port: int, seconds: float) -> tuple[int, float]:
    """Ask until the time is over; return how many were answered, and in what time."""
    connections: dict[int, socket.socket] = {}
    poller = select.epoll()

    def send() -> None:
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(_REQUEST)
        connections[connection.fileno()] = connection
        poller.register(connection.fileno(), select.EPOLLIN)

    for _ in range(_WAITING_REQUESTS):
        send()
    count, began = 0, time.perf_counter()
    while (now := time.perf_counter()) < began + seconds:
        for descriptor, _ in poller.poll(5.0):
            if not connections[descriptor].recv(65536):
                poller.unregister(descriptor)
                connections.pop(descriptor).close()
                count += 1
                send()
    for connection in connections.values():
        connection.close()
    return count, now - began


def measure(is_quick: bool) -> list[Line]:
    """Return the lines of the row."""
    rounds, seconds = (5, 0.5) if is_quick else (25, 1.0)
    with ExitStack() as stack:
        ours = _side(stack, CONFIG_FILE, "")
        constant = _side(stack, stage.BARE, "benchmarks.constant_app:app")
        for side in (ours, constant):
            side.run(seconds)
            side.rates.clear()
            side.costs.clear()
        for number in range(rounds):
            if number % 5 == 0:
                progress(f"throughput: round {number} of {rounds}")
            for side in (ours, constant) if number % 2 else (constant, ours):
                side.run(seconds)
    return _lines(ours, constant)


def _side(stack: ExitStack, config_file: Path, app: str) -> Side:
    volume = stack.enter_context(stage.volume("message: Hello World\n"))
    path = volume.path(stage.KEY)
    return Side(stack.enter_context(stage.server(path, config_file, app, workers=1)))


def _lines(ours: Side, constant: Side) -> list[Line]:
    paired = zip(ours.rates, constant.rates, strict=True)
    ratio = median(mine / other for mine, other in paired)
    mine_us, other_us = median(ours.costs), median(constant.costs)
    return [
        Line(
            "throughput",
            "GET /, requests per second; a constant",
            f"{median(ours.rates):.0f}/s",
            f"{median(constant.rates):.0f}/s",
            f"{ratio:.3f}",
            f">= {_LIMIT}",
            ratio >= _LIMIT,
        ),
        Line(
            "throughput",
            "the worker's processor time for it",
            f"{mine_us:.1f} us",
            f"{other_us:.1f} us",
            f"+{mine_us - other_us:.1f} us",
            "",
            None,
        ),
    ]
