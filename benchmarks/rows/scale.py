"""
How far it goes: publications per second, readers, and flips per second.

Owns: the row `scale`.
Must not know: how the record works.
Runs in: the measuring process; readers are forked from it.

The writer's processor time is what shows whether readers cost it anything: on the clock
they would, as they need the same processors.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import stage
from benchmarks.documents import KIB, Document
from benchmarks.figures import Metric
from benchmarks.peers import OURS
from benchmarks.plan import Plan
from benchmarks.progress import Bar
from liveconfig.memory.record import Record, Writer
from tests.support.children import Child
from tests.support.eventually import eventually
from tests.support.server import CONFIG_FILE, Server

_READERS = (0, 8, 64)
_READ_EVERY_SECONDS = 0.001
_PAYLOAD = bytes(KIB)
_BATCH = 200
_ROUNDS = 3
_WORKERS = 2
_KEY = "config.yaml"
_ARRIVAL_SECONDS = 10.0
# The share of the flips that have to become versions of their own.
_KEPT_UP = 0.99


def measure(plan: Plan, bar: Bar) -> list[Metric]:
    """Return the metrics of the row."""
    costs: dict[int, list[float]] = {readers: [] for readers in _READERS}
    rates: dict[int, list[float]] = {readers: [] for readers in _READERS}
    for number in range(_ROUNDS):
        bar.at(number, 2 * _ROUNDS, "the record")
        for readers in _READERS:
            cost, rate = _publications(readers, plan.record_seconds / _ROUNDS)
            costs[readers] += cost
            rates[readers] += rate
    return [
        *(_ours(f"CPU of a publication, {n} readers", "s", costs[n]) for n in _READERS),
        *(_ours(f"publications, {n} readers", "/s", rates[n]) for n in _READERS),
        *_flips(plan, bar),
    ]


def _ours(case: str, unit: str, samples: list[float]) -> Metric:
    return Metric("scale", case, unit, {OURS: samples}, unit != "s")


def _publications(readers: int, seconds: float) -> tuple[list[float], list[float]]:
    """Publish for a while; return what `_timed` returns."""
    record = Record.create("bench-scale", 2 * KIB)
    writer = Writer(record.descriptor)
    try:
        writer.publish(_PAYLOAD)
        with _reading(record, readers):
            return _timed(writer, seconds)
    finally:
        writer.close()
        record.close()


def _timed(writer: Writer, seconds: float) -> tuple[list[float], list[float]]:
    """Return a publication's processor time, and how many a second, batch by batch."""
    costs: list[float] = []
    rates: list[float] = []
    until = time.monotonic() + seconds
    while (began := time.monotonic()) < until:
        cpu_began = time.thread_time()
        for number in range(_BATCH):
            writer.publish(_PAYLOAD[:-4] + number.to_bytes(4, "little"))
        costs.append((time.thread_time() - cpu_began) / _BATCH)
        rates.append(_BATCH / (time.monotonic() - began))
    return costs, rates


@contextmanager
def _reading(record: Record, readers: int) -> Iterator[None]:
    """Have so many processes look for a new version a thousand times a second."""

    def read() -> None:
        held = 0
        while True:
            publication = record.read(held)
            held = held if publication is None else publication.version
            time.sleep(_READ_EVERY_SECONDS)

    children = [Child(read) for _ in range(readers)]
    try:
        yield
    finally:
        for child in children:
            child.kill()


def _flips(plan: Plan, bar: Bar) -> list[Metric]:
    """Return how many versions come of so many flips per second, by the service."""
    metrics: list[Metric] = []
    arrived: list[float] = []
    kept_up = [0.0]
    with stage.directory() as place, _service(place) as (volume, server):
        for number, rate in enumerate(plan.flip_rates):
            bar.at(len(plan.flip_rates) + number, 2 * len(plan.flip_rates), f"{rate}/s")
            before = _version(server)
            seconds, last = _flip_for(volume, rate, number)
            arrived.append(float(_has_arrived(server, last)))
            published = _version(server) - before
            if published >= _KEPT_UP * rate:
                kept_up.append(rate / seconds)
            for what, count in (("flips made", rate), ("published", published)):
                case = f"{what}, {rate} asked for"
                metrics.append(_ours(case, "/s", [count / seconds]))
    return [
        *metrics,
        _ours("flips before it coalesces", "/s", [max(kept_up)]),
        _ours("last flip arrives", "", arrived),
    ]


@contextmanager
def _service(place: Path) -> Iterator[tuple[stage.TimedVolume, Server]]:
    """Give the reference service, which names the version in every answer."""
    volume = stage.TimedVolume(place / "volume", {_KEY: Document("start").yaml()})
    server = Server(volume.path(_KEY), place, workers=_WORKERS, config_file=CONFIG_FILE)
    try:
        server.wait_until_ready()
        yield volume, server
    finally:
        server.stop()


def _version(server: Server) -> int:
    return int(server.get().headers["config-version"])


def _flip_for(volume: stage.TimedVolume, rate: int, number: int) -> tuple[float, str]:
    """Flip at a rate for a second; return how long it took, and the last message."""
    began = time.monotonic()
    for flip in range(rate):
        message = f"message-{number}-{flip}"
        volume.prepare(_KEY, Document(message).yaml())
        time.sleep(max(0.0, began + flip / rate - time.monotonic()))
        volume.swap()
        volume.clean()
    return max(1.0, time.monotonic() - began), message


def _has_arrived(server: Server, message: str) -> bool:
    try:
        return eventually(lambda: server.get().text == message, _ARRIVAL_SECONDS)
    except AssertionError:
        return False
