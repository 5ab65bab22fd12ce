"""
What `ConfigManager.get()` costs while nothing changes.

Owns: the row `get`.
Must not know: gunicorn, files.
Runs in: the measuring process.
"""

from __future__ import annotations

import threading
import timeit
from typing import Any

from benchmarks.report import Line, at_most, median, progress
from liveconfig.manager import ConfigManager
from liveconfig.record import Writer
from liveconfig.schema import Schema
from liveconfig.shared import SharedMemory, bind
from liveconfig.status import PublisherStatus

_CALLS = 200_000
_LIMIT_PLAIN, _LIMIT_LOCK = 2.0, 3.0


class Plain:
    """The least a method can do: return an attribute."""

    __slots__ = ("_config",)

    def __init__(self, config: Any) -> None:
        """Hold `config`."""
        self._config = config

    def get(self) -> Any:
        """Return it."""
        return self._config


class Locked:
    """The same, guarded by a lock."""

    __slots__ = ("_config", "_lock")

    def __init__(self, config: Any) -> None:
        """Hold `config`."""
        self._config = config
        self._lock = threading.Lock()

    def get(self) -> Any:
        """Return it under the lock."""
        with self._lock:
            return self._config


def measure(is_quick: bool) -> list[Line]:
    """Return the lines of the row."""
    rounds = 11 if is_quick else 51
    progress(f"get: {rounds} rounds of {_CALLS} calls")
    shared = SharedMemory.create(65_536)
    config_writer = Writer(shared.config.descriptor)
    status_writer = Writer(shared.status.descriptor)
    try:
        schema: Schema[Any] = Schema.load("")
        config_writer.publish(schema.pack({"message": "one"}).payload)
        status = PublisherStatus(1, 1.0, "conf", schema.name)
        status_writer.publish(status.to_bytes())
        bind(shared)
        ours, plain, locked = _timed(ConfigManager(), rounds)
    finally:
        bind(None)
        config_writer.close()
        status_writer.close()
        shared.config.close()
        shared.status.close()
    return _lines(ours, plain, locked)


def _timed(manager: ConfigManager[Any], rounds: int) -> list[float]:
    """Return the median of nanoseconds per call: ours, plain, under a lock."""
    holders = (manager, Plain(manager.get()), Locked(manager.get()))
    timers = [timeit.Timer("x.get()", globals={"x": holder}) for holder in holders]
    times: list[list[float]] = [[], [], []]
    for _ in range(rounds):
        for timer, noted in zip(timers, times, strict=True):
            noted.append(timer.timeit(_CALLS) / _CALLS * 1e9)
    return [median(noted) for noted in times]


def _lines(ours: float, plain: float, locked: float) -> list[Line]:
    return [
        at_most(
            "get", "get(), unchanged; plain method", ours, plain, _LIMIT_PLAIN, "ns"
        ),
        Line(
            "get",
            "get(), unchanged; method under a lock",
            f"{ours:.4g} ns",
            f"{locked:.4g} ns",
            f"{locked / ours:.2f}x faster",
            f">= {_LIMIT_LOCK}x faster",
            locked / ours >= _LIMIT_LOCK,
        ),
    ]
