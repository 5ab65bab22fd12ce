"""
What liveconfig takes of the memory: one publisher, and a little in every worker.

Owns: the row `memory`.
Must not know: what the memory is used for.
Runs in: the measuring process.

USS is what would be free again if the process were not there. A worker of the same
Falcon application without liveconfig is the other side; both answered as many requests.
"""

from __future__ import annotations

from contextlib import ExitStack

import psutil

from benchmarks import stage
from benchmarks.door import ask, doors
from benchmarks.report import Line, median, progress
from tests.support.eventually import eventually
from tests.support.server import Server

_WORKERS = 4
_FLIPS = 50
_REQUESTS = 200
_PUBLISHER_LIMIT_MIB = 25.0
_WORKER_LIMIT_MIB = 1.0


def measure(is_quick: bool) -> list[Line]:
    """Return the lines of the row."""
    with ExitStack() as stack:
        volume = stack.enter_context(stage.volume(stage.small_document("start")))
        path = volume.path(stage.KEY)
        constant = stack.enter_context(
            stage.server(
                path, stage.DOOR, "benchmarks.constant_app:app", workers=_WORKERS
            )
        )
        ours = stack.enter_context(
            stage.server(path, stage.LIVE, "benchmarks.live_app:app", workers=_WORKERS)
        )
        lines = _after("start", ours, constant)
        progress(f"memory: {_FLIPS} flips")
        for number in range(_FLIPS):
            _flip(volume, doors(ours), f"message-{number}")
        return lines + _after(f"{_FLIPS} flips", ours, constant)


def _flip(volume: stage.TimedVolume, ports: list[int], message: str) -> None:
    volume.prepare(stage.small_document(message))
    volume.swap()
    volume.clean()
    for port in ports:
        eventually(lambda p=port: ask(p).body == message.encode())


def _after(when: str, ours: Server, constant: Server) -> list[Line]:
    progress(f"memory: after {when}")
    for server in (ours, constant):
        for port in doors(server):
            for _ in range(_REQUESTS):
                ask(port)
    assert ours.publisher is not None
    publisher = _uss_mib(ours.publisher.pid)
    mine, other = _worker_uss_mib(ours), _worker_uss_mib(constant)
    return [
        Line(
            "memory",
            f"the publisher's USS after {when}",
            f"{publisher:.1f} MiB",
            "",
            f"{publisher:.1f} MiB",
            f"<= {_PUBLISHER_LIMIT_MIB:.0f} MiB",
            publisher <= _PUBLISHER_LIMIT_MIB,
        ),
        Line(
            "memory",
            f"a worker's USS after {when}; without liveconfig",
            f"{mine:.2f} MiB",
            f"{other:.2f} MiB",
            f"{mine - other:+.2f} MiB",
            f"< +{_WORKER_LIMIT_MIB:.0f} MiB",
            mine - other < _WORKER_LIMIT_MIB,
        ),
    ]


def _uss_mib(pid: int) -> float:
    return float(psutil.Process(pid).memory_full_info().uss) / 2**20


def _worker_uss_mib(server: Server) -> float:
    return median(map(_uss_mib, server.worker_pids))
