"""
A config of 1 MiB: what a worker pays for it, who parses, and who waits meanwhile.

Owns: the row `one-mib`.
Must not know: how configs are decoded.
Runs in: the measuring process.

Every worker has a client of its own that asks a hundred times a second, so the machine
is not busy by itself, and a request that is held up shows as one that took long.
"""

from __future__ import annotations

import re
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import psutil
import yaml

from benchmarks import stage
from benchmarks.door import ask, doors
from benchmarks.report import Line, at_most, median, percentile, progress
from liveconfig.document import UNLIMITED, parse
from tests.support.eventually import eventually
from tests.support.server import Server

_WORKERS = 4
_PAUSE_SECONDS = 0.01
_PICK_UP_LIMIT_MS = 20.0
_PARSES_LIMIT = 2.0
_P99_LIMIT = 2.0
_PICK_UP = re.compile(rb"pick-up-ns: (\d+)", re.IGNORECASE)
_PICK_UP_CPU = re.compile(rb"pick-up-cpu-ns: (\d+)", re.IGNORECASE)


class Request(NamedTuple):
    """When it was sent, how long it took, and what of that was a pick-up, or 0."""

    began: float
    seconds: float
    pick_up_seconds: float
    pick_up_cpu_seconds: float
    body: bytes


class Clients:
    """One paced client for each worker."""

    def __init__(self, ports: list[int]) -> None:
        """Prepare to ask these doors."""
        self.requests: dict[int, list[Request]] = {port: [] for port in ports}
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(p,)) for p in ports]

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def have_seen(self, message: bytes) -> bool:
        """Tell whether the last answer of every worker was `message`."""
        return all(
            requests and requests[-1].body == message
            for requests in self.requests.values()
        )

    def _run(self, port: int) -> None:
        while not self._is_over.wait(_PAUSE_SECONDS):
            began = time.perf_counter()
            answer = ask(port)
            seconds = time.perf_counter() - began
            pick_up = (
                _seconds(_PICK_UP, answer.head),
                _seconds(_PICK_UP_CPU, answer.head),
            )
            self.requests[port].append(Request(began, seconds, *pick_up, answer.body))


def _seconds(header: re.Pattern[bytes], head: bytes) -> float:
    found = header.search(head)
    return int(found[1]) / 1e9 if found else 0.0


class Times(NamedTuple):
    """What the clients saw, in seconds."""

    idle: list[float]
    during: list[float]
    pick_ups: list[float]
    pick_up_cpus: list[float]
    publisher_cpu: float


def measure(is_quick: bool) -> list[Line]:
    """Return the lines of the row."""
    flips = 4 if is_quick else 20
    with ExitStack() as stack:
        volume = stack.enter_context(stage.volume(stage.large_document("start")))
        path = volume.path(stage.KEY)
        server = stack.enter_context(
            stage.server(path, stage.LIVE, "benchmarks.live_app:app", workers=_WORKERS)
        )
        for port in doors(server):
            ask(port)
        times = _flip(volume, server, flips)
        with_yaml = [process for process in server.family() if _has_yaml(process)]
        is_parser_alone = with_yaml == [server.publisher]
    return _lines(times, is_parser_alone, *_parse_seconds(3 if is_quick else 7))


def _flip(volume: stage.TimedVolume, server: Server, flips: int) -> Times:
    """Flip again and again, with as long a rest before each flip as it takes."""
    spans: list[tuple[float, float, float]] = []
    publisher = server.publisher
    assert publisher is not None
    cpu_before = _cpu_seconds(publisher)
    with Clients(doors(server)) as clients:
        for number in range(flips):
            progress(f"one-mib: flip {number} of {flips}")
            message = f"message-{number}"
            volume.prepare(stage.large_document(message))
            rested = time.perf_counter()
            time.sleep(1.0)
            began = volume.swap()
            eventually(lambda m=message: clients.have_seen(m.encode()), 30.0)
            spans.append((rested, began, time.perf_counter()))
            volume.clean()
    cpu = (_cpu_seconds(publisher) - cpu_before) / flips
    return _sorted(clients, spans, cpu)


def _sorted(
    clients: Clients, spans: list[tuple[float, float, float]], cpu: float
) -> Times:
    requests = [r for noted in clients.requests.values() for r in noted]
    idle, during = [], []
    for rested, began, ended in spans:
        idle += [r.seconds for r in requests if rested <= r.began < began]
        during += [
            r.seconds
            for r in requests
            if began <= r.began < ended and not r.pick_up_seconds
        ]
    picking_up = [r for r in requests if r.pick_up_seconds]
    pick_ups = [r.pick_up_seconds for r in picking_up]
    return Times(
        idle, during, pick_ups, [r.pick_up_cpu_seconds for r in picking_up], cpu
    )


def _cpu_seconds(process: psutil.Process) -> float:
    schedstat = Path(f"/proc/{process.pid}/schedstat")
    return int(schedstat.read_text().split()[0]) / 1e9


def _has_yaml(process: psutil.Process) -> bool:
    return "/yaml/_yaml" in Path(f"/proc/{process.pid}/maps").read_text()


def _parse_seconds(rounds: int) -> tuple[float, float]:
    """Return what one parse costs here: liveconfig's own, and PyYAML's C loader."""
    progress("one-mib: the price of one parse")
    content = stage.large_document("parse").encode()
    ours, theirs = [], []
    for _ in range(rounds):
        began = time.process_time()
        parse(content, stage.KEY, UNLIMITED)
        between = time.process_time()
        yaml.load(content, Loader=yaml.CSafeLoader)
        ours.append(between - began)
        theirs.append(time.process_time() - between)
    return median(ours), median(theirs)


def _lines(
    times: Times, is_parser_alone: bool, parse_seconds: float, yaml_seconds: float
) -> list[Line]:
    return [
        _pick_up_line(
            "how long a worker's pick-up takes", times.pick_ups, yaml_seconds
        ),
        _pick_up_line("the processor time in it", times.pick_up_cpus, yaml_seconds),
        Line(
            "one-mib",
            "only the publisher has the parser loaded",
            "",
            "",
            "yes" if is_parser_alone else "no",
            "yes",
            is_parser_alone,
        ),
        at_most(
            "one-mib",
            f"publisher's processor time per flip, {_WORKERS} workers; one parse",
            times.publisher_cpu * 1e3,
            parse_seconds * 1e3,
            _PARSES_LIMIT,
            "ms",
        ),
        at_most(
            "one-mib",
            "p99 of requests without a pick-up, during flips; idle",
            percentile(times.during, 99) * 1e3,
            percentile(times.idle, 99) * 1e3,
            _P99_LIMIT,
            "ms",
        ),
    ]


def _pick_up_line(what: str, pick_ups: list[float], yaml_seconds: float) -> Line:
    worst_ms = max(pick_ups) * 1e3
    return Line(
        "one-mib",
        f"{what}, slowest of {len(pick_ups)}; CSafeLoader",
        f"{worst_ms:.1f} ms (median {median(pick_ups) * 1e3:.1f})",
        f"{yaml_seconds * 1e3:.0f} ms",
        f"{worst_ms:.1f} ms",
        f"< {_PICK_UP_LIMIT_MS:.0f} ms",
        worst_ms < _PICK_UP_LIMIT_MS,
    )
